#include "ingress/parse.h"

#include "common/ascii.h"
#include "common/utf8.h"
#include "http/url.h"

#include <array>
#include <span>

namespace restate::ingress {
namespace {

constexpr std::size_t kMaxSlashes = 7;

constexpr std::string_view kServiceHint =
    "bad path, expected either /:service-name/:handler or /:object-name/:object-key/:handler";
constexpr std::string_view kNewHint =
    "bad path, expected /restate/call/:service/:handler, /restate/send/:service/:handler, "
    "/restate/scope/:scope/call/:service/:handler, /restate/attach/:invocation_id, "
    "/restate/output/:invocation_id, or /restate/lookup";
constexpr std::string_view kAwakeableHint =
    "bad path, expected either /restate/awakeables/:id/resolve or /restate/awakeables/:id/reject";
constexpr std::string_view kInvocationHint =
    "bad path, expected /restate/invocation/:invocation_id/output or .../attach, or "
    "/restate/invocation/:invocation_target/:idempotency_key/output or .../attach";
constexpr std::string_view kWorkflowHint =
    "bad path, expected either /restate/workflow/:workflow_name/:workflow_key/output or "
    "/restate/workflow/:workflow_name/:workflow_key/attach";

using Segments = std::span<const std::string_view>;

Refusal bad_path(std::string_view why) { return {400, std::string(why)}; }
Refusal not_found() { return {404, "not found"}; }
Refusal undecodable() { return {400, "bad path, cannot decode key: it is not UTF-8"}; }
Refusal no_service(std::string_view name) {
  return {404, "service '" + std::string(name) +
                   "' not found, make sure to register the service before calling it."};
}

bool is_keyed(const schema::ServiceRevision& service) {
  return service.type != wire::ServiceType::kService;
}

std::optional<ResultMode> result_mode(std::string_view verb) {
  if (verb == "attach") return ResultMode::kAttach;
  if (verb == "output") return ResultMode::kOutput;
  return std::nullopt;
}

/// `{service}[/{key}]/{handler}` from the front of `segments`; what is left stays there. Nothing
/// if there are too few.
std::optional<Refusal> take_target(Segments& segments, const schema::Schema& schema,
                                   std::string_view hint, InvokeRoute& out) {
  if (segments.empty()) return bad_path(hint);
  out.service = schema.find_service(segments[0]);
  if (out.service == nullptr) return no_service(segments[0]);
  segments = segments.subspan(1);
  if (is_keyed(*out.service)) {
    if (segments.empty()) return bad_path(hint);
    auto key = decode_segment(segments[0]);
    if (!key) return undecodable();
    out.key = std::move(*key);
    segments = segments.subspan(1);
  }
  if (segments.empty()) return bad_path(hint);
  out.handler = segments[0];
  segments = segments.subspan(1);
  return std::nullopt;
}

Route parse_classic(Segments segments, const schema::Schema& schema) {
  InvokeRoute route;
  if (auto refusal = take_target(segments, schema, kServiceHint, route)) return *std::move(refusal);
  if (segments.empty()) return route;
  if (segments.size() > 1 || segments[0] != "send") return bad_path(kServiceHint);
  route.send = true;
  return route;
}

Route parse_invoke(Segments segments, bool send, const schema::Schema& schema) {
  InvokeRoute route;
  route.send = send;
  if (auto refusal = take_target(segments, schema, kNewHint, route)) return *std::move(refusal);
  if (!segments.empty()) return bad_path(kNewHint);
  return route;
}

/// Behind `/restate/scope`.
Route parse_scoped(Segments segments, const schema::Schema& schema) {
  if (segments.size() < 2) return bad_path(kNewHint);
  const bool send = segments[1] == "send";
  if (!send && segments[1] != "call") return bad_path(kNewHint);
  auto scope = decode_segment(segments[0]);
  if (!scope) return undecodable();
  Route route = parse_invoke(segments.subspan(2), send, schema);
  if (auto* invoke = std::get_if<InvokeRoute>(&route)) invoke->scope = std::move(scope);
  return route;
}

/// Behind `/restate/invocation`. Two segments name an invocation; more, an idempotency key.
Route parse_invocation(Segments segments, const schema::Schema& schema) {
  if (segments.size() < 2) return bad_path(kInvocationHint);
  if (segments.size() == 2) {
    const auto mode = result_mode(segments[1]);
    if (!mode) return not_found();
    return ResultByIdRoute{*mode, segments[0]};
  }
  InvokeRoute target;
  if (auto refusal = take_target(segments, schema, kInvocationHint, target)) {
    return *std::move(refusal);
  }
  if (segments.size() < 2) return bad_path(kInvocationHint);
  const auto mode = result_mode(segments[1]);
  if (!mode) return not_found();
  return ResultByKeyRoute{*mode, target.service, std::move(target.key), target.handler, segments[0]};
}

/// Behind `/restate/workflow`.
Route parse_workflow(Segments segments) {
  if (segments.size() < 3) return bad_path(kWorkflowHint);
  auto key = decode_segment(segments[1]);
  if (!key) return undecodable();
  const auto mode = result_mode(segments[2]);
  if (!mode) return not_found();
  return ResultOfWorkflowRoute{*mode, segments[0], std::move(*key)};
}

/// Behind `/restate/attach` and `/restate/output`.
Route parse_result(Segments segments, ResultMode mode) {
  if (segments.size() > 1) return bad_path(kNewHint);
  if (segments.empty()) return ResultOfTargetRoute{mode};
  return ResultByIdRoute{mode, segments[0]};
}

/// Behind `/restate/awakeables`.
Route parse_awakeable(Segments segments) {
  if (segments.size() < 2) return bad_path(kAwakeableHint);
  if (segments[1] == "resolve") return AwakeableRoute{segments[0], true};
  if (segments[1] == "reject") return AwakeableRoute{segments[0], false};
  return not_found();
}

Route parse_verb(std::string_view verb, Segments rest, const schema::Schema& schema) {
  if (verb == "health") return HealthRoute{};
  if (verb == "call") return parse_invoke(rest, false, schema);
  if (verb == "send") return parse_invoke(rest, true, schema);
  if (verb == "scope") return parse_scoped(rest, schema);
  if (verb == "invocation") return parse_invocation(rest, schema);
  if (verb == "workflow") return parse_workflow(rest);
  if (verb == "attach") return parse_result(rest, ResultMode::kAttach);
  if (verb == "output") return parse_result(rest, ResultMode::kOutput);
  if (verb == "lookup") return rest.empty() ? Route(LookupRoute{}) : Route(bad_path(kNewHint));
  if (verb == "awakeables" || verb == "a") return parse_awakeable(rest);
  return not_found();
}

}  // namespace

std::string_view normalise(std::string_view path, std::string& storage) {
  if (!path.ends_with('/') && !path.starts_with("//")) return path;
  while (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  storage = '/';
  storage += path;
  return storage;
}

Route parse_path(std::string_view path, const schema::Schema& schema) {
  // One segment per slash; the first slash opens the path.
  std::array<std::string_view, kMaxSlashes> segments;
  std::size_t count = 0;
  std::string_view rest = path.starts_with('/') ? path.substr(1) : path;
  std::size_t slashes = path.starts_with('/') ? 1 : 0;
  while (true) {
    const std::size_t slash = rest.find('/');
    if (count < segments.size()) segments[count++] = rest.substr(0, slash);
    if (slash == std::string_view::npos) break;
    if (++slashes > kMaxSlashes) break;
    rest.remove_prefix(slash + 1);
  }
  if (!path.starts_with('/') || slashes < 2 || slashes > kMaxSlashes) {
    return Refusal{400, "bad path: " + std::string(path)};
  }
  const Segments all(segments.data(), count);
  if (all[0] == "restate") return parse_verb(all[1], all.subspan(2), schema);
  if (all[0] == "openapi") return not_found();
  return parse_classic(all, schema);
}

std::optional<std::string> decode_segment(std::string_view segment) {
  std::string decoded =
      segment.find('%') == std::string_view::npos ? std::string(segment) : http::percent_decode(segment);
  if (!is_utf8(decoded)) return std::nullopt;
  return decoded;
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    const std::size_t equals = pair.find('=');
    if (ascii_equal(http::form_decode(pair.substr(0, equals)), name)) {
      return equals == std::string_view::npos ? std::string() : http::form_decode(pair.substr(equals + 1));
    }
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return std::nullopt;
}

}  // namespace restate::ingress
