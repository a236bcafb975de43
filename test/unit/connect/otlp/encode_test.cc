#include "connect/otlp/encode.h"
#include "support/catch.h"
#include "wire/protobuf.h"

#include <nlohmann/json.hpp>

namespace restate::connect::otlp {
namespace {

using nlohmann::json;

trace::Span some_span() {
  trace::Span span;
  span.name = "invocation-attempt Counter/{key}/add";
  span.context.trace = {0x0af7651916cd43dd, 0x8448eb211c80319c};
  span.context.span = {0x00ad6b7169203331};
  span.context.state = "a=b";
  span.parent = {0x11};
  span.start_ns = 1'700'000'000'000'000'001;
  span.end_ns = 1'700'000'000'000'000'002;
  span.add("rpc.service", "Counter");
  span.add("restate.deployment.service_protocol_version", std::int64_t{6});
  span.events.push_back({"restate.invocation.lifecycle.new_command", 7, {{"type", "Command/Run"}}});
  span.links.push_back({{1, 2}, {3}, "", {{"restate.runtime", true}}});
  span.status = trace::Span::Status::kError;
  span.message = "transient failure";
  return span;
}

/// The only field `number` of a message.
std::string_view inner(std::string_view message, std::uint32_t number) {
  wire::ProtoReader reader(message);
  std::string_view found;
  while (reader.next()) {
    if (reader.field() == number) found = reader.bytes();
  }
  CHECK_FALSE(reader.failed());
  return found;
}

TEST_CASE("spans are OTLP in JSON", "[connect][otlp]") {
  const trace::Span span = some_span();
  const json body = json::parse(encode_json({{"service.name", "Restate"}}, {&span, 1}));
  const json& group = body["resourceSpans"][0];
  CHECK(group["resource"]["attributes"] ==
        json::parse(R"([{"key":"service.name","value":{"stringValue":"Restate"}}])"));
  CHECK(group["scopeSpans"][0]["scope"]["name"] == "services");
  CHECK(group["scopeSpans"][0]["spans"][0] == json::parse(R"({
    "traceId": "0af7651916cd43dd8448eb211c80319c",
    "spanId": "00ad6b7169203331",
    "parentSpanId": "0000000000000011",
    "traceState": "a=b",
    "name": "invocation-attempt Counter/{key}/add",
    "kind": 1,
    "startTimeUnixNano": "1700000000000000001",
    "endTimeUnixNano": "1700000000000000002",
    "attributes": [
      {"key": "rpc.service", "value": {"stringValue": "Counter"}},
      {"key": "restate.deployment.service_protocol_version", "value": {"intValue": "6"}}],
    "events": [{"timeUnixNano": "7", "name": "restate.invocation.lifecycle.new_command",
                "attributes": [{"key": "type", "value": {"stringValue": "Command/Run"}}]}],
    "links": [{"traceId": "00000000000000010000000000000002", "spanId": "0000000000000003",
               "attributes": [{"key": "restate.runtime", "value": {"boolValue": true}}]}],
    "status": {"code": 2, "message": "transient failure"}})"));
}

TEST_CASE("a root has no parent, and an open end no status", "[connect][otlp]") {
  trace::Span span = some_span();
  span.parent = {};
  span.status = trace::Span::Status::kUnset;
  const json body = json::parse(encode_json({}, {&span, 1}));
  const json& shown = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
  CHECK_FALSE(shown.contains("parentSpanId"));
  CHECK(shown["status"] == json::object());
}

TEST_CASE("spans are OTLP in protobuf", "[connect][otlp]") {
  const std::vector<trace::Span> spans{some_span(), some_span()};
  const std::string body = encode_protobuf({{"service.name", "Restate"}}, spans);
  const std::string_view group = inner(body, 1);
  CHECK(inner(inner(inner(inner(group, 1), 1), 2), 1) == "Restate");
  const std::string_view scoped = inner(group, 2);
  CHECK(inner(inner(scoped, 1), 1) == "services");
  const std::string_view span = inner(scoped, 2);
  CHECK(inner(span, 1) == std::string_view("\x0a\xf7\x65\x19\x16\xcd\x43\xdd"
                                           "\x84\x48\xeb\x21\x1c\x80\x31\x9c"));
  CHECK(inner(span, 2) == std::string_view("\x00\xad\x6b\x71\x69\x20\x33\x31", 8));
  CHECK(inner(span, 3) == "a=b");
  CHECK(inner(span, 4) == std::string_view("\0\0\0\0\0\0\0\x11", 8));
  CHECK(inner(span, 5) == "invocation-attempt Counter/{key}/add");
  CHECK(inner(inner(span, 11), 2) == "restate.invocation.lifecycle.new_command");
  CHECK(inner(inner(span, 13), 2) == std::string_view("\0\0\0\0\0\0\0\3", 8));
  CHECK(inner(inner(span, 15), 2) == "transient failure");
  // 1.7e18 + 1, in 8 bytes, the lowest first.
  CHECK(span.find(std::string("\x39\x01\x00\x2a\x36\xfe\x9c\x97\x17", 9)) !=
        std::string_view::npos);
}

TEST_CASE("bytes that are no text do not break a batch", "[connect][otlp]") {
  trace::Span span = some_span();
  span.name = "ingress \xff";
  span.add("key", "\xc3");
  CHECK_FALSE(encode_json({}, {&span, 1}).empty());
}

}  // namespace
}  // namespace restate::connect::otlp
