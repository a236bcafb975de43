#include "schema/schema.h"

#include <algorithm>

namespace restate::schema {
namespace {

/// True if `candidate` rather than `current` serves new invocations. Deployments are visited in the
/// order of their creation, so the later one wins a tie.
bool supersedes(const ServiceRevision& candidate, const ServiceRevision* current) {
  return current == nullptr || candidate.revision >= current->revision;
}

template <class Value>
Value first_of(const std::optional<Value>& handler, const std::optional<Value>& service,
               Value otherwise) {
  return handler ? *handler : service ? *service : otherwise;
}

std::uint64_t clamped(std::uint64_t value, const std::optional<std::uint64_t>& limit) {
  return limit ? std::min(value, *limit) : value;
}

constexpr Options kNoOptions{};

}  // namespace

const ServiceRevision* Schema::find_service(std::string_view name) const {
  if (index_.built) {
    const auto found = index_.services.find(name);
    return found == index_.services.end() ? nullptr : found->second;
  }
  const ServiceRevision* latest = nullptr;
  for (const auto& [id, deployment] : deployments) {
    const ServiceRevision* service = find_service_in(id, name);
    if (service != nullptr && supersedes(*service, latest)) latest = service;
  }
  return latest;
}

const Handler* Schema::find_handler(std::string_view service, std::string_view handler) const {
  const ServiceRevision* revision = find_service(service);
  if (revision == nullptr) return nullptr;
  const auto found = revision->handlers.find(handler);
  return found == revision->handlers.end() ? nullptr : &found->second;
}

const Deployment* Schema::find_deployment(const DeploymentId& id) const {
  const auto found = deployments.find(id);
  return found == deployments.end() ? nullptr : &found->second;
}

const ServiceRevision* Schema::find_service_in(const DeploymentId& id,
                                               std::string_view service) const {
  const Deployment* deployment = find_deployment(id);
  if (deployment == nullptr) return nullptr;
  for (const ServiceRevision& revision : deployment->services) {
    if (revision.name == service) return &revision;
  }
  return nullptr;
}

std::vector<const ServiceRevision*> Schema::services() const {
  std::map<std::string_view, const ServiceRevision*> latest;
  for (const auto& [id, deployment] : deployments) {
    for (const ServiceRevision& service : deployment.services) {
      const ServiceRevision*& current = latest[service.name];
      if (supersedes(service, current)) current = &service;
    }
  }
  std::vector<const ServiceRevision*> list;
  list.reserve(latest.size());
  for (const auto& [name, service] : latest) list.push_back(service);
  return list;
}

SchemaPtr snapshot(Schema schema) {
  auto shared = std::make_shared<Schema>(std::move(schema));
  shared->index_ = {};
  for (const ServiceRevision* service : shared->services()) {
    shared->index_.services.emplace(service->name, service);
  }
  shared->index_.built = true;
  return shared;
}

bool is_public(const ServiceRevision& service, const Handler& handler) {
  return !first_of(handler.options.ingress_private, service.options.ingress_private, false);
}

Result<wire::InvocationTarget> resolve_target(const Schema& schema, std::string_view service,
                                              std::string_view key, std::string_view handler,
                                              std::optional<std::string> scope) {
  const ServiceRevision* revision = schema.find_service(service);
  if (revision == nullptr) {
    return Error{Code::kNotFound, "service '" + std::string(service) + "' is not registered"};
  }
  const auto found = revision->handlers.find(handler);
  if (found == revision->handlers.end()) {
    return Error{Code::kNotFound, "service '" + std::string(service) + "' has no handler '" +
                                      std::string(handler) + "' in its latest revision"};
  }
  wire::InvocationTarget target;
  target.type = revision->type;
  target.handler_type = found->second.type;
  target.service = service;
  if (target.keyed()) target.key = key;
  target.handler = handler;
  target.scope = std::move(scope);
  return target;
}

wire::Retention retention_of(const Schema& schema, const Defaults& defaults,
                             const wire::InvocationTarget& target, bool has_idempotency_key) {
  const ServiceRevision* service = schema.find_service(target.service);
  const Handler* handler = schema.find_handler(target.service, target.handler);
  const Options& of_service = service != nullptr ? service->options : kNoOptions;
  const Options& of_handler = handler != nullptr ? handler->options : kNoOptions;

  const std::uint64_t journal =
      clamped(first_of(of_handler.journal_retention_ms, of_service.journal_retention_ms,
                       defaults.journal_retention_ms),
              defaults.max_journal_retention_ms);
  std::uint64_t completion = 0;
  if (target.workflow_run()) {
    completion = clamped(first_of(of_handler.workflow_completion_retention_ms,
                                  of_service.workflow_completion_retention_ms,
                                  defaults.workflow_completion_retention_ms),
                         defaults.max_workflow_completion_retention_ms);
  } else if (has_idempotency_key) {
    completion = clamped(first_of(of_handler.idempotency_retention_ms,
                                  of_service.idempotency_retention_ms,
                                  defaults.idempotency_retention_ms),
                         defaults.max_idempotency_retention_ms);
  } else {
    // Nothing but the journal asks for the completed row, which must live as long as it.
    return {journal, journal};
  }
  return {completion, std::min(journal, completion)};
}

HandlerSettings settings_of(const Schema& schema, const Defaults& defaults,
                            const DeploymentId& id, const wire::InvocationTarget& target) {
  const Deployment* deployment = schema.find_deployment(id);
  const ServiceRevision* service = schema.find_service_in(id, target.service);
  const Options* of_handler = &kNoOptions;
  if (service != nullptr) {
    const auto handler = service->handlers.find(target.handler);
    if (handler != service->handlers.end()) of_handler = &handler->second.options;
  }
  const Options& of_service = service != nullptr ? service->options : kNoOptions;

  HandlerSettings settings;
  // A request-response endpoint cannot be told anything after the replay: waiting is of no use.
  const bool one_way = deployment != nullptr && deployment->protocol_type == ProtocolType::kRequestResponse;
  settings.inactivity_timeout_ms =
      one_way ? 0
              : first_of(of_handler->inactivity_timeout_ms, of_service.inactivity_timeout_ms,
                         defaults.inactivity_timeout_ms);
  settings.abort_timeout_ms = first_of(of_handler->abort_timeout_ms, of_service.abort_timeout_ms,
                                       defaults.abort_timeout_ms);
  settings.lazy_state =
      first_of(of_handler->enable_lazy_state, of_service.enable_lazy_state, false);

  RetryPolicy& retry = settings.retry;
  retry.initial_ms = first_of(of_handler->retry_initial_ms, of_service.retry_initial_ms,
                              defaults.retry_initial_ms);
  retry.factor =
      first_of(of_handler->retry_factor, of_service.retry_factor, defaults.retry_factor);
  retry.max_interval_ms = first_of(of_handler->retry_max_interval_ms,
                                   of_service.retry_max_interval_ms,
                                   defaults.retry_max_interval_ms);
  retry.kill = first_of(of_handler->retry_kill, of_service.retry_kill, defaults.retry_kill);
  retry.max_attempts = of_handler->retry_max_attempts  ? of_handler->retry_max_attempts
                       : of_service.retry_max_attempts ? of_service.retry_max_attempts
                                                       : defaults.retry_max_attempts;
  if (defaults.max_retry_attempts) {
    retry.max_attempts = std::min(retry.max_attempts.value_or(UINT64_MAX), *defaults.max_retry_attempts);
  }
  if (retry.max_attempts == 0) retry.max_attempts = 1;  // the first attempt counts
  return settings;
}

std::string_view word(wire::ServiceType type) {
  switch (type) {
    case wire::ServiceType::kService:
      return "Service";
    case wire::ServiceType::kVirtualObject:
      return "VirtualObject";
    case wire::ServiceType::kWorkflow:
      return "Workflow";
  }
  return {};
}

}  // namespace restate::schema
