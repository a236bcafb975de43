#include "connect/otlp/target.h"
#include "support/catch.h"

namespace restate::connect::otlp {
namespace {

TEST_CASE("the scheme says how traces travel", "[connect][otlp]") {
  struct Case {
    const char* text;
    Transport transport;
    bool tls;
  };
  const auto [text, transport, tls] = GENERATE(
      Case{"http://collector:4317", Transport::kGrpc, false},
      Case{"https://collector:4317", Transport::kGrpc, true},
      Case{"grpc://collector:4317", Transport::kGrpc, false},
      Case{"otlp+grpc://collector:4317", Transport::kGrpc, false},
      Case{"grpc+otlp://collector:4317", Transport::kGrpc, false},
      Case{"otlp+http://collector:4317", Transport::kProtobuf, false},
      Case{"otlp+https://collector:4317", Transport::kProtobuf, true},
      Case{"otlp+http+proto://collector:4317", Transport::kProtobuf, false},
      Case{"otlp+http+json://collector:4317", Transport::kJson, false},
      Case{"json+https+otlp://collector:4317", Transport::kJson, true});
  CAPTURE(text);
  const auto target = parse_target(text);
  REQUIRE(target);
  CHECK(target->transport == transport);
  CHECK(target->url.tls == tls);
  CHECK(target->url.host == "collector");
  CHECK(target->url.port == 4317);
}

TEST_CASE("over HTTP the path is the operator's", "[connect][otlp]") {
  CHECK(parse_target("otlp+http://c:4318/v1/traces?a=b")->url.path == "/v1/traces");
  CHECK(parse_target("otlp+http://c:4318/v1/traces?a=b")->url.query == "a=b");
  CHECK(parse_target("grpc://c:4317/whatever")->url.path ==
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export");
}

TEST_CASE("another scheme is an error that lists what there is", "[connect][otlp]") {
  const char* text = GENERATE("", "collector:4317", "ftp://c", "otlp://c", "http+json://c",
                              "otlp+http+xml://c", "otlp+http+https://c", "file:///tmp/spans",
                              "otlp+grpc+json://c");
  CAPTURE(text);
  const auto target = parse_target(text);
  REQUIRE(target == Code::kInvalidArgument);
  CHECK(target.error().message.find("otlp+http+json://") != std::string::npos);
  CHECK(parse_target("otlp+http://") == Code::kInvalidArgument);
}

}  // namespace
}  // namespace restate::connect::otlp
