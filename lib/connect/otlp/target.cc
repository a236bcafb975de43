#include "connect/otlp/target.h"

#include <algorithm>
#include <set>

namespace restate::connect::otlp {
namespace {

constexpr std::string_view kGrpcPath =
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

using Parts = std::set<std::string, std::less<>>;

/// Nothing: no such scheme.
bool read_scheme(const Parts& parts, Target& target, bool& tls) {
  const auto is = [&parts](std::initializer_list<const char*> names) {
    return parts == Parts(names.begin(), names.end());
  };
  tls = parts.contains("https");
  if (is({"http"}) || is({"https"}) || is({"grpc"}) || is({"otlp", "grpc"})) {
    target.transport = Transport::kGrpc;
    return true;
  }
  const char* http = tls ? "https" : "http";
  if (is({"otlp", http}) || is({"otlp", http, "proto"})) {
    target.transport = Transport::kProtobuf;
    return true;
  }
  target.transport = Transport::kJson;
  return is({"otlp", http, "json"});
}

}  // namespace

Result<Target> parse_target(std::string_view text) {
  const std::size_t colon = text.find("://");
  Parts parts;
  std::string_view scheme = text.substr(0, std::min(colon, text.size()));
  while (colon != std::string_view::npos && !scheme.empty()) {
    const std::size_t plus = std::min(scheme.find('+'), scheme.size());
    parts.insert(std::string(scheme.substr(0, plus)));
    scheme.remove_prefix(std::min(plus + 1, scheme.size()));
  }
  Target target;
  bool tls = false;
  if (!read_scheme(parts, target, tls)) {
    return Error{Code::kInvalidArgument,
                 "'" + std::string(text) +
                     "' is no address for traces: expected http://, https://, grpc://, "
                     "otlp+grpc://, otlp+http://, otlp+https://, otlp+http+json:// or "
                     "otlp+https+json://, then host and port"};
  }
  RESTATE_TRY(target.url,
              http::parse_url((tls ? "https" : "http") + std::string(text.substr(colon))));
  if (target.transport == Transport::kGrpc) target.url.path = kGrpcPath;
  return target;
}

}  // namespace restate::connect::otlp
