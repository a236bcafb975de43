#include "native/registry.h"

#include "protocol/discovery.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace restate::native {
namespace {

using Json = nlohmann::ordered_json;

std::string_view type_name(wire::ServiceType type) {
  switch (type) {
    case wire::ServiceType::kService: return "SERVICE";
    case wire::ServiceType::kVirtualObject: return "VIRTUAL_OBJECT";
    case wire::ServiceType::kWorkflow: return "WORKFLOW";
  }
  RESTATE_UNREACHABLE();
}

template <class Value>
void put(Json& json, const char* name, const std::optional<Value>& value) {
  if (value) json[name] = *value;
}

void put_options(Json& json, const ServiceOptions& options) {
  put(json, "documentation", options.documentation);
  if (!options.metadata.empty()) json["metadata"] = options.metadata;
  put(json, "inactivityTimeout", options.inactivity_timeout_ms);
  put(json, "abortTimeout", options.abort_timeout_ms);
  put(json, "journalRetention", options.journal_retention_ms);
  put(json, "idempotencyRetention", options.idempotency_retention_ms);
  put(json, "enableLazyState", options.enable_lazy_state);
  put(json, "ingressPrivate", options.ingress_private);
  put(json, "retryPolicyInitialInterval", options.retry_initial_ms);
  put(json, "retryPolicyMaxInterval", options.retry_max_interval_ms);
  put(json, "retryPolicyMaxAttempts", options.retry_max_attempts);
  put(json, "retryPolicyExponentiationFactor", options.retry_factor);
  if (options.retry_kill) json["retryPolicyOnMaxAttempts"] = *options.retry_kill ? "KILL" : "PAUSE";
}

Json handler_json(const HandlerDefinition& handler) {
  Json json;
  json["name"] = handler.name;
  switch (handler.type) {
    case wire::HandlerType::kPlain: break;
    case wire::HandlerType::kExclusive: json["ty"] = "EXCLUSIVE"; break;
    case wire::HandlerType::kShared: json["ty"] = "SHARED"; break;
    case wire::HandlerType::kWorkflow: json["ty"] = "WORKFLOW"; break;
  }
  // Without an `input` everything is accepted, the empty request included.
  const std::string accept = handler.options.accept.value_or(handler.input.content_type);
  if (!accept.empty()) {
    json["input"]["contentType"] = accept;
    if (handler.input.required) json["input"]["required"] = true;
  }
  // An empty `output` is one without a content type.
  json["output"] = Json::object();
  if (handler.options.content_type || !handler.output.nothing) {
    json["output"]["contentType"] = handler.options.content_type.value_or(handler.output.content_type);
  }
  put_options(json, handler.options);
  put(json, "workflowCompletionRetention", handler.options.workflow_retention_ms);
  return json;
}

Error refused(const std::string& name, const std::string& why) {
  return {Code::kInvalidArgument, "registering '" + name + "': " + why};
}

bool fits(wire::ServiceType service, wire::HandlerType handler) {
  switch (service) {
    case wire::ServiceType::kService: return handler == wire::HandlerType::kPlain;
    case wire::ServiceType::kVirtualObject:
      return handler == wire::HandlerType::kExclusive || handler == wire::HandlerType::kShared;
    case wire::ServiceType::kWorkflow:
      return handler == wire::HandlerType::kWorkflow || handler == wire::HandlerType::kShared;
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

Result<void> ServiceRegistry::add(ServiceDefinition service) {
  if (!protocol::is_service_name(service.name)) return refused(service.name, "no name for a service");
  std::set<std::string_view> names;
  for (const HandlerDefinition& handler : service.handlers) {
    if (!protocol::is_handler_name(handler.name)) return refused(handler.name, "no name for a handler");
    if (!fits(service.type, handler.type)) return refused(handler.name, "a handler of another kind");
    if (!handler.function) return refused(handler.name, "it has no function");
    if (!handler.service.empty() && handler.service != service.name) {
      return refused(handler.name, "it is declared as one of " + handler.service);
    }
    if (!names.insert(handler.name).second) {
      return Error{Code::kAlreadyExists,
                   "registering '" + service.name + "': two handlers are called " + handler.name};
    }
  }
  std::string name = service.name;
  if (services_.count(name) > 0) {
    return Error{Code::kAlreadyExists, "registering '" + name + "': the name is taken"};
  }
  for (HandlerDefinition& handler : service.handlers) handler.service = name;
  services_.emplace(std::move(name), std::move(service));
  return {};
}

const HandlerDefinition* ServiceRegistry::find(std::string_view service,
                                               std::string_view handler) const {
  const auto found = services_.find(service);
  if (found == services_.end()) return nullptr;
  const auto& handlers = found->second.handlers;
  const auto it = std::find_if(handlers.begin(), handlers.end(),
                               [&](const HandlerDefinition& h) { return h.name == handler; });
  return it == handlers.end() ? nullptr : &*it;
}

const HandlerDefinition* ServiceRegistry::find_path(std::string_view path) const {
  const std::size_t last = path.rfind('/');
  if (last == std::string_view::npos || last == 0) return nullptr;
  const std::size_t middle = path.rfind('/', last - 1);
  if (middle == std::string_view::npos) return nullptr;
  constexpr std::string_view kInvoke = "/invoke";
  const std::string_view before = path.substr(0, middle);
  if (before.size() < kInvoke.size() || before.substr(before.size() - kInvoke.size()) != kInvoke) {
    return nullptr;
  }
  return find(path.substr(middle + 1, last - middle - 1), path.substr(last + 1));
}

std::string manifest_json(const ServiceRegistry& registry, ProtocolRange protocols) {
  Json manifest;
  manifest["protocolMode"] = "BIDI_STREAM";
  manifest["minProtocolVersion"] = protocols.min;
  manifest["maxProtocolVersion"] = protocols.max;
  manifest["services"] = Json::array();
  for (const auto& [name, service] : registry.services()) {
    Json json;
    json["name"] = name;
    json["ty"] = type_name(service.type);
    json["handlers"] = Json::array();
    for (const HandlerDefinition& handler : service.handlers) {
      json["handlers"].push_back(handler_json(handler));
    }
    put_options(json, service.options);
    manifest["services"].push_back(std::move(json));
  }
  return manifest.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace restate::native
