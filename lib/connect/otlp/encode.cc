#include "connect/otlp/encode.h"

#include "common/utf8.h"
#include "wire/protobuf.h"

#include <nlohmann/json.hpp>

namespace restate::connect::otlp {
namespace {

using nlohmann::json;
using wire::ProtoWriter;

constexpr const char* kScope = "services";
constexpr int kInternal = 1;  // SpanKind

void append_big_endian(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::string raw(const trace::TraceId& id) {
  std::string bytes;
  append_big_endian(bytes, id.high);
  append_big_endian(bytes, id.low);
  return bytes;
}

std::string raw(const trace::SpanId& id) {
  std::string bytes;
  if (id) append_big_endian(bytes, id.value);
  return bytes;
}

/// Both encodings hold texts only: names of users may be anything.
std::string text_of(const std::string& value) { return is_utf8(value) ? value : utf8_lossy(value); }

// --- Protobuf ------------------------------------------------------------------------------------

void put(ProtoWriter& out, std::uint32_t field, const std::vector<trace::Attribute>& attributes) {
  for (const trace::Attribute& attribute : attributes) {
    ProtoWriter value;
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      value.put_bytes(1, text_of(*text));
    } else if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
      value.put_varint(3, static_cast<std::uint64_t>(*number));
    } else {
      value.put_varint(2, std::get<bool>(attribute.value) ? 1 : 0);
    }
    ProtoWriter pair;
    pair.put_bytes(1, text_of(attribute.key));
    pair.put_bytes(2, value.view());
    out.put_bytes(field, pair.view());
  }
}

std::string proto_of(const trace::Span& span) {
  ProtoWriter out;
  out.put_bytes(1, raw(span.context.trace));
  out.put_bytes(2, raw(span.context.span));
  out.bytes(3, text_of(span.context.state));
  out.bytes(4, raw(span.parent));
  out.bytes(5, text_of(span.name));
  out.put_varint(6, kInternal);
  out.put_fixed64(7, span.start_ns);
  out.put_fixed64(8, span.end_ns);
  put(out, 9, span.attributes);
  for (const trace::Event& event : span.events) {
    ProtoWriter inner;
    inner.put_fixed64(1, event.at_ns);
    inner.bytes(2, event.name);
    put(inner, 3, event.attributes);
    out.put_bytes(11, inner.view());
  }
  for (const trace::Link& link : span.links) {
    ProtoWriter inner;
    inner.put_bytes(1, raw(link.trace));
    inner.put_bytes(2, raw(link.span));
    inner.bytes(3, text_of(link.state));
    put(inner, 4, link.attributes);
    out.put_bytes(13, inner.view());
  }
  if (span.status != trace::Span::Status::kUnset) {
    ProtoWriter inner;
    inner.bytes(2, text_of(span.message));
    inner.varint(3, static_cast<std::uint64_t>(span.status));
    out.put_bytes(15, inner.view());
  }
  return std::move(out).take();
}

// --- JSON ----------------------------------------------------------------------------------------

json json_of(const std::vector<trace::Attribute>& attributes) {
  json list = json::array();
  for (const trace::Attribute& attribute : attributes) {
    json value;
    if (const auto* text = std::get_if<std::string>(&attribute.value)) {
      value["stringValue"] = text_of(*text);
    } else if (const auto* number = std::get_if<std::int64_t>(&attribute.value)) {
      value["intValue"] = std::to_string(*number);
    } else {
      value["boolValue"] = std::get<bool>(attribute.value);
    }
    list.push_back({{"key", text_of(attribute.key)}, {"value", std::move(value)}});
  }
  return list;
}

json json_of(const trace::Span& span) {
  json out{{"traceId", span.context.trace.hex()},
           {"spanId", span.context.span.hex()},
           {"name", text_of(span.name)},
           {"kind", kInternal},
           {"startTimeUnixNano", std::to_string(span.start_ns)},
           {"endTimeUnixNano", std::to_string(span.end_ns)},
           {"attributes", json_of(span.attributes)},
           {"events", json::array()},
           {"links", json::array()},
           {"status", json::object()}};
  if (!span.context.state.empty()) out["traceState"] = text_of(span.context.state);
  if (span.parent) out["parentSpanId"] = span.parent.hex();
  for (const trace::Event& event : span.events) {
    out["events"].push_back({{"timeUnixNano", std::to_string(event.at_ns)},
                             {"name", event.name},
                             {"attributes", json_of(event.attributes)}});
  }
  for (const trace::Link& link : span.links) {
    json entry{{"traceId", link.trace.hex()},
               {"spanId", link.span.hex()},
               {"attributes", json_of(link.attributes)}};
    if (!link.state.empty()) entry["traceState"] = text_of(link.state);
    out["links"].push_back(std::move(entry));
  }
  if (span.status != trace::Span::Status::kUnset) {
    out["status"]["code"] = static_cast<int>(span.status);
    if (!span.message.empty()) out["status"]["message"] = text_of(span.message);
  }
  return out;
}

}  // namespace

std::string encode_protobuf(const std::vector<trace::Attribute>& resource,
                            std::span<const trace::Span> spans) {
  ProtoWriter scope;
  scope.put_bytes(1, kScope);
  ProtoWriter scoped;
  scoped.put_bytes(1, scope.view());
  for (const trace::Span& span : spans) scoped.put_bytes(2, proto_of(span));
  ProtoWriter owner;
  put(owner, 1, resource);
  ProtoWriter group;
  group.put_bytes(1, owner.view());
  group.put_bytes(2, scoped.view());
  ProtoWriter request;
  request.put_bytes(1, group.view());
  return std::move(request).take();
}

std::string encode_json(const std::vector<trace::Attribute>& resource,
                        std::span<const trace::Span> spans) {
  json list = json::array();
  for (const trace::Span& span : spans) list.push_back(json_of(span));
  json scoped{{"scope", {{"name", kScope}}}, {"spans", std::move(list)}};
  json group{{"resource", {{"attributes", json_of(resource)}}},
             {"scopeSpans", json::array({std::move(scoped)})}};
  return json{{"resourceSpans", json::array({std::move(group)})}}.dump();
}

}  // namespace restate::connect::otlp
