#include "ingress/invoke_request.h"

#include "common/ascii.h"
#include "common/duration_text.h"
#include "common/hash.h"
#include "common/time_text.h"
#include "ingress/identity.h"
#include "schema/payload_rules.h"
#include "schema/scope_name.h"

#include <array>

namespace restate::ingress {
namespace {

constexpr std::string_view kPathHeader = "x-restate-ingress-path";
constexpr std::string_view kLimitKeyHeader = "x-restate-limit-key";
constexpr std::string_view kIdempotencyKey = "idempotency-key";

/// Headers that are about the connection or about us, not for the handler.
constexpr std::array<std::string_view, 4> kKept{"connection", "host", kIdempotencyKey,
                                                "idempotency-expires"};

Refusal bad(std::string message) { return {400, std::move(message)}; }
Refusal bad_header(std::string_view name) {
  return bad("bad header " + std::string(name) + ": its value is not visible ASCII");
}

bool is_kept(std::string_view name) {
  for (const std::string_view kept : kKept) {
    if (ascii_equal(kept, name)) return true;
  }
  return false;
}

bool contains(const std::vector<wire::Header>& headers, std::size_t from, std::string_view name) {
  for (std::size_t i = from; i < headers.size(); ++i) {
    if (headers[i].name == name) return true;
  }
  return false;
}

/// The list for the handler. Repeated names keep their first place and value; clients rely on it.
void forward_headers(http::RequestHead& head, std::string_view path, InvokeRequest& out) {
  out.headers.reserve(head.headers.size() + 1);
  std::string target(path);
  const std::size_t mark = head.target.find('?');
  if (mark != std::string::npos) target.append(head.target, mark, head.target.find('#', mark) - mark);
  out.headers.push_back({std::string(kPathHeader), std::move(target)});
  for (http::Header& header : head.headers.release()) {
    if (!is_plain_ascii(header.value) && !out.bad_header) out.bad_header = header.name;
    if (is_kept(header.name) || contains(out.headers, 1, header.name)) continue;
    out.headers.push_back({std::move(header.name), std::move(header.value)});
  }
}

std::optional<std::string> first_value(const http::RequestHead& head, std::string_view name) {
  const auto value = head.headers.find(name);
  return value ? std::optional(std::string(*value)) : std::nullopt;
}

/// A handler that exists, may be called from outside, and whose endpoint speaks with us.
std::optional<Refusal> refuse_handler(const InvokeRoute& route, const schema::Schema& schema,
                                      const schema::Handler** out) {
  const auto found = route.service->handlers.find(route.handler);
  if (found == route.service->handlers.end()) {
    return Refusal{404, "the service '" + route.service->name + "' exists, but the handler '" +
                            std::string(route.handler) +
                            "' was not found, check that the handler exists in the latest "
                            "registered service version."};
  }
  *out = &found->second;
  if (!schema::is_public(*route.service, found->second)) {
    return bad("the invoked service is not public");
  }
  const schema::Deployment* deployment = schema.find_deployment(route.service->deployment);
  if (deployment == nullptr || deployment->min_protocol > schema::kMaxProtocol ||
      deployment->max_protocol < schema::kMinProtocol) {
    return bad("the service '" + route.service->name + "' is served by deployment " +
               route.service->deployment.str() +
               ", which speaks no protocol version that is supported for new invocations");
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_scope_of(const InvokeRoute& route, const IngressOptions& options) {
  if (!route.scope) return std::nullopt;
  if (auto why = schema::refuse_scope(*route.scope)) return bad("bad scope value: " + *why);
  if (!options.vqueues) return bad("scoped invocations require vqueues to be enabled");
  if (route.service->type == wire::ServiceType::kVirtualObject && !options.scoped_virtual_objects) {
    return bad("scope is not supported for Virtual Object targets");
  }
  return std::nullopt;
}

/// The limit key of the header, or else of the query. An empty header counts, and means none.
std::variant<Refusal, std::string> limit_key_of(const InvokeRequest& request) {
  const auto& text = request.limit_key_header ? request.limit_key_header : request.limit_key_parameter;
  if (!text) return std::string();
  if (request.limit_key_header && !is_plain_ascii(*text)) return bad_header(kLimitKeyHeader);
  schema::LimitKey key = schema::parse_limit_key(*text);
  if (key.refusal) return bad("invalid limit-key: " + *key.refusal);
  if (!key.text.empty() && !request.target.scope) return bad("limit-key requires a scope to be set");
  return std::move(key.text);
}

/// When a delayed send is to run. Times that RFC 3339 cannot name could never be reported.
std::variant<Refusal, WallTime> execution_time(std::string_view delay, WallTime now) {
  const auto ms = parse_duration_ms(delay);
  if (!ms) {
    return bad("bad delay query parameter, must be a ISO8601 duration: " + ms.error().message);
  }
  const WallTime at = now.plus(*ms);
  if (at > kLastNamedTime) {
    return bad("bad delay query parameter, must be a ISO8601 duration: it ends after the year 9999");
  }
  return at;
}

}  // namespace

bool is_plain_ascii(std::string_view value) {
  for (const char c : value) {
    if ((c < 0x20 || c > 0x7e) && c != '\t') return false;
  }
  return true;
}

std::variant<Refusal, InvokeRequest> examine(const InvokeRoute& route,
                                             const schema::SchemaPtr& schema,
                                             http::RequestHead& head, std::string_view path,
                                             const IngressOptions& options) {
  InvokeRequest request;
  if (auto refusal = refuse_handler(route, *schema, &request.handler)) return *std::move(refusal);
  request.idempotency_key = first_value(head, kIdempotencyKey);
  if (request.idempotency_key && !is_plain_ascii(*request.idempotency_key)) {
    return bad_header(kIdempotencyKey);
  }
  if (request.idempotency_key && request.handler->type == wire::HandlerType::kWorkflow) {
    return bad(
        "cannot use the idempotency key with workflow handlers. The handler invocation will "
        "already be idempotent by the workflow key itself.");
  }
  if (auto refusal = refuse_scope_of(route, options)) return *std::move(refusal);
  if (head.method != "GET" && head.method != "POST") return Refusal{405, "method not allowed"};

  request.send = route.send;
  request.schema = schema;
  request.target = {route.service->type, request.handler->type, route.service->name, route.key,
                    std::string(route.handler), route.scope};
  request.span = {first_value(head, "traceparent").value_or(std::string()),
                  first_value(head, "tracestate").value_or(std::string())};
  request.content_type = first_value(head, "content-type");
  request.limit_key_header = first_value(head, kLimitKeyHeader);
  const std::string_view query = head.query().substr(0, head.query().find('#'));
  if (!query.empty()) {
    request.delay = query_parameter(query, "delay");
    request.limit_key_parameter = query_parameter(query, "limit-key");
  }
  forward_headers(head, path, request);
  return request;
}

std::variant<Refusal, wire::ServiceInvocation> admit(InvokeRequest& request, Bytes body,
                                                     Shard& shard, const IngressOptions& options) {
  if (request.content_type && !is_plain_ascii(*request.content_type)) {
    return bad_header("content-type");
  }
  const std::optional<std::string_view> content_type =
      request.content_type ? std::optional<std::string_view>(*request.content_type) : std::nullopt;
  if (auto why = schema::refuse_input(request.handler->input, content_type, body.empty())) {
    return bad("input validation error: " + *why);
  }
  wire::ServiceInvocation invocation;
  if (request.delay) {
    auto at = execution_time(*request.delay, shard.wall_now());
    if (auto* refusal = std::get_if<Refusal>(&at)) return std::move(*refusal);
    invocation.execution_time = std::get<WallTime>(at);
  }
  auto limit_key = limit_key_of(request);
  if (auto* refusal = std::get_if<Refusal>(&limit_key)) return std::move(*refusal);
  if (request.bad_header) return bad_header(*request.bad_header);
  if (request.delay && !request.send) {
    return bad(
        "cannot use the delay query parameter with calls. The delay is supported only with sends");
  }

  // A key makes the invocation's id a function of the request, so that our own retries find it.
  if (!request.idempotency_key && options.controlled_idempotent_sharding &&
      request.target.type != wire::ServiceType::kWorkflow) {
    request.idempotency_key = ulid_text(fresh_ulid(shard));
  }
  invocation.id = identify(shard, request.target, request.idempotency_key,
                           options.controlled_idempotent_sharding);
  invocation.retention = schema::retention_of(*request.schema, options.defaults, request.target,
                                              request.idempotency_key.has_value());
  invocation.limit_key = std::get<std::string>(std::move(limit_key));
  invocation.target = request.target;
  invocation.argument = std::move(body);
  invocation.span = std::move(request.span);
  invocation.headers = std::move(request.headers);
  invocation.idempotency_key = request.idempotency_key;
  return invocation;
}

}  // namespace restate::ingress
