#include "common/ascii.h"
#include "schema/payload_rules.h"
#include "schema/registry.h"

namespace restate::schema {
namespace {

RegistryError bad_handler(const DiscoveredService& service, const DiscoveredHandler& handler,
                          std::string_view why) {
  return {400, {},
          "handler '" + handler.name + "' of service '" + service.name + "': " + std::string(why)};
}

/// The type of a handler in a service of that type, or nothing if the two do not go together.
std::optional<wire::HandlerType> type_in(wire::ServiceType service,
                                         const std::optional<wire::HandlerType>& declared) {
  using wire::HandlerType;
  switch (service) {
    case wire::ServiceType::kService:
      if (!declared || *declared == HandlerType::kShared || *declared == HandlerType::kPlain) {
        return HandlerType::kPlain;
      }
      return std::nullopt;
    case wire::ServiceType::kVirtualObject:
      if (!declared) return HandlerType::kExclusive;
      if (*declared == HandlerType::kExclusive || *declared == HandlerType::kShared) return declared;
      return std::nullopt;
    case wire::ServiceType::kWorkflow:
      if (!declared) return HandlerType::kShared;
      if (*declared == HandlerType::kWorkflow || *declared == HandlerType::kShared) return declared;
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_bad_type(const std::optional<std::string>& content_type) {
  return content_type && !is_declarable_content_type(*content_type);
}

std::optional<RegistryError> refuse_handler(const DiscoveredService& service,
                                            const DiscoveredHandler& handler,
                                            wire::HandlerType type) {
  const bool runs_workflow = type == wire::HandlerType::kWorkflow;
  if (handler.options.workflow_completion_retention_ms && !runs_workflow) {
    return bad_handler(service, handler,
                       "only the handler that runs a workflow has a workflow completion retention");
  }
  if (handler.options.idempotency_retention_ms && runs_workflow) {
    return bad_handler(service, handler,
                       "the handler that runs a workflow has no idempotency retention; set the "
                       "workflow completion retention");
  }
  if (service.options.ingress_private == true && handler.options.ingress_private == false) {
    return bad_handler(service, handler, "it is public, but its service is private");
  }
  if (is_bad_type(handler.input.content_type)) {
    return bad_handler(service, handler, "the content type of its input is no media type");
  }
  if (is_bad_type(handler.output.content_type)) {
    return bad_handler(service, handler, "the content type of its output is no media type");
  }
  return std::nullopt;
}

}  // namespace

RegistryResult<ServiceRevision> validate(const DiscoveredService& service) {
  // These names would hide routes of the ingress.
  const std::string name = ascii_lower(service.name);
  if (name == "openapi" || name.starts_with("restate")) {
    return RegistryError{400, "META0005",
                         "[META0005] the service name '" + service.name +
                             "' is reserved: it must not be 'openapi' nor begin with 'restate'"};
  }
  ServiceRevision revision;
  revision.name = service.name;
  revision.type = service.type;
  revision.options = service.options;
  revision.documentation = service.documentation;
  revision.metadata = service.metadata;
  for (const DiscoveredHandler& handler : service.handlers) {
    const auto type = type_in(service.type, handler.type);
    if (!type) return bad_handler(service, handler, "its type does not fit its service's type");
    if (auto error = refuse_handler(service, handler, *type)) return *error;
    revision.handlers.insert_or_assign(
        handler.name, Handler{handler.name, *type, handler.input, handler.output, handler.options,
                              handler.documentation, handler.metadata});
  }
  return revision;
}

}  // namespace restate::schema
