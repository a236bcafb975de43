#include "schema/registry.h"

#include "common/ascii.h"

#include <restate/assert.h>

#include <algorithm>
#include <functional>
#include <iterator>

namespace restate::schema {
namespace {

using Services = std::vector<ServiceRevision>;

/// What names an endpoint: its address without scheme and query.
std::string_view identity_of(std::string_view uri) {
  const std::size_t scheme = uri.find("://");
  if (scheme != std::string_view::npos) uri.remove_prefix(scheme + 3);
  return uri.substr(0, uri.find('?'));
}

std::optional<std::string_view> value_of(const std::vector<wire::Header>& headers,
                                         std::string_view name) {
  for (const wire::Header& header : headers) {
    if (ascii_equal(header.name, name)) return header.value;
  }
  return std::nullopt;
}

bool same_values(const std::vector<std::string>& names, const std::vector<wire::Header>& a,
                 const std::vector<wire::Header>& b) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return value_of(a, name) == value_of(b, name);
  });
}

RegistryError no_deployment(const DeploymentId& id) {
  return {404, {}, "deployment '" + id.str() + "' not found"};
}

/// All services of a manifest; of two with one name the later one counts.
RegistryResult<Services> validate_all(const std::vector<DiscoveredService>& discovered,
                                      const DeploymentId& id) {
  std::map<std::string, ServiceRevision> by_name;
  for (const DiscoveredService& service : discovered) {
    auto revision = validate(service);
    if (!revision) return revision.error();
    revision->deployment = id;
    by_name.insert_or_assign(service.name, std::move(*revision));
  }
  Services services;
  services.reserve(by_name.size());
  for (auto& [name, revision] : by_name) services.push_back(std::move(revision));
  return services;
}

/// State and locks of a service are bound to its type: a change must be meant.
std::optional<RegistryError> refuse_type_changes(const Schema& schema, const Services& services) {
  for (const ServiceRevision& service : services) {
    const ServiceRevision* latest = schema.find_service(service.name);
    if (latest == nullptr || latest->type == service.type) continue;
    return RegistryError{409, "META0006",
                         "[META0006] service '" + service.name + "' is a " +
                             std::string(word(latest->type)) + " and would become a " +
                             std::string(word(service.type)) +
                             "; register with 'breaking' if that is meant"};
  }
  return std::nullopt;
}

void number_after_latest(const Schema& schema, Services& services) {
  for (ServiceRevision& service : services) {
    const ServiceRevision* latest = schema.find_service(service.name);
    service.revision = latest == nullptr ? 1 : latest->revision + 1;
  }
}

void apply_address(Deployment& deployment, const Address& address, const Discovered& discovered) {
  deployment.uri = address.uri;
  deployment.lambda_arn = address.lambda_arn;
  deployment.assume_role_arn = address.assume_role_arn;
  deployment.additional_headers = address.additional_headers;
  deployment.lambda_zstd = discovered.lambda_zstd;
  deployment.protocol_type = discovered.protocol_type;
  deployment.http_version = discovered.http_version;
  deployment.sdk_version = discovered.sdk_version;
}

/// Equal but for the number: nothing a user could see has changed.
bool same_but_revision(ServiceRevision a, const ServiceRevision& b) {
  a.revision = b.revision;
  return a == b;
}

}  // namespace

const Deployment* find_by_address(const Schema& schema, const Address& address,
                                  const std::vector<std::string>& routing_headers) {
  const Deployment* found = nullptr;
  for (const auto& [id, deployment] : schema.deployments) {
    if (deployment.in_process) continue;
    const bool same = address.lambda_arn.empty()
                          ? !deployment.uri.empty() &&
                                identity_of(deployment.uri) == identity_of(address.uri)
                          : deployment.lambda_arn == address.lambda_arn;
    if (!same ||
        !same_values(routing_headers, deployment.additional_headers, address.additional_headers)) {
      continue;
    }
    if (found == nullptr || found->created_at <= deployment.created_at) {
      found = &deployment;
    }
  }
  return found;
}

RegistryResult<Registration> register_deployment(Schema schema, const Address& address,
                                                 const Discovered& discovered,
                                                 const RegisterOptions& options) {
  const Deployment* existing = find_by_address(schema, address, options.routing_headers);
  if (existing != nullptr && !options.force) {
    const DeploymentId id = existing->id;
    return Registration{std::move(schema), id, false};
  }
  const DeploymentId id = existing != nullptr ? existing->id : options.new_id;
  auto services = validate_all(discovered.services, id);
  if (!services) return services.error();
  if (!options.force && !options.breaking) {
    if (auto error = refuse_type_changes(schema, *services)) return *error;
  }
  number_after_latest(schema, *services);

  const bool created = existing == nullptr;
  Deployment& deployment = schema.deployments[id];
  deployment.id = id;
  apply_address(deployment, address, discovered);
  deployment.min_protocol = discovered.min_protocol;
  deployment.max_protocol = discovered.max_protocol;
  deployment.metadata = options.metadata;
  deployment.created_at = options.now;
  deployment.services = std::move(*services);
  ++schema.version;
  return Registration{std::move(schema), id, created};
}

RegistryResult<Schema> update_deployment(Schema schema, const DeploymentId& id,
                                         const Address& address, const Discovered& discovered,
                                         bool overwrite) {
  const auto found = schema.deployments.find(id);
  if (found == schema.deployments.end()) return no_deployment(id);
  Deployment& deployment = found->second;
  if (deployment.in_process) {
    return RegistryError{409, {}, "deployment '" + id.str() + "' runs inside this process"};
  }
  // Invocations that are under way are bound to a version of this range.
  if (deployment.min_protocol != discovered.min_protocol ||
      deployment.max_protocol != discovered.max_protocol) {
    return RegistryError{
        400, "META0016",
        "[META0016] the endpoint speaks protocol versions [" +
            std::to_string(discovered.min_protocol) + ", " +
            std::to_string(discovered.max_protocol) + "], the deployment was registered with [" +
            std::to_string(deployment.min_protocol) + ", " +
            std::to_string(deployment.max_protocol) + "]; register a new deployment"};
  }
  if (overwrite) {
    auto services = validate_all(discovered.services, id);
    if (!services) return services.error();
    for (ServiceRevision& service : *services) {
      const ServiceRevision* before = schema.find_service_in(id, service.name);
      service.revision = before == nullptr ? 1 : before->revision;
    }
    deployment.services = std::move(*services);
  }
  apply_address(deployment, address, discovered);
  ++schema.version;
  return schema;
}

RegistryResult<Schema> delete_deployment(Schema schema, const DeploymentId& id) {
  const auto found = schema.deployments.find(id);
  if (found == schema.deployments.end()) return no_deployment(id);
  if (found->second.in_process) {
    return RegistryError{409, {}, "deployment '" + id.str() + "' runs inside this process"};
  }
  schema.deployments.erase(found);
  ++schema.version;
  return schema;
}

RegistryResult<Schema> register_in_process(Schema schema, const DeploymentId& id,
                                           const std::vector<DiscoveredService>& services,
                                           WallTime now) {
  auto revisions = validate_all(services, id);
  if (!revisions) return revisions.error();
  if (const Deployment* before = schema.find_deployment(id)) {
    RESTATE_ASSERT(before->in_process, "a native deployment has an id of its own");
  }
  Services numbered = *revisions;
  number_after_latest(schema, numbered);
  for (ServiceRevision& service : numbered) {
    const ServiceRevision* before = schema.find_service_in(id, service.name);
    if (before != nullptr && same_but_revision(service, *before)) service = *before;
  }
  if (const Deployment* before = schema.find_deployment(id)) {
    const auto is_offered = [&](const ServiceRevision& known) {
      return std::any_of(revisions->begin(), revisions->end(),
                         [&](const ServiceRevision& service) { return service.name == known.name; });
    };
    std::copy_if(before->services.begin(), before->services.end(), std::back_inserter(numbered),
                 std::not_fn(is_offered));
  }
  const bool is_new = schema.find_deployment(id) == nullptr;
  Deployment& deployment = schema.deployments[id];
  if (!is_new && deployment.services == numbered) return schema;
  if (is_new) {
    deployment.id = id;
    deployment.uri = kInProcessUri;
    deployment.in_process = true;
    deployment.min_protocol = deployment.max_protocol = 6;
    deployment.created_at = now;
  }
  deployment.services = std::move(numbered);
  ++schema.version;
  return schema;
}

RegistryResult<Schema> modify_service(Schema schema, std::string_view name,
                                      const ServicePatch& patch) {
  const ServiceRevision* latest = schema.find_service(name);
  if (latest == nullptr) {
    return RegistryError{404, {}, "service '" + std::string(name) + "' not found"};
  }
  if (patch.workflow_completion_retention_ms && latest->type != wire::ServiceType::kWorkflow) {
    return RegistryError{400, {},
                         "workflow_completion_retention: service '" + std::string(name) +
                             "' is no workflow"};
  }
  for (ServiceRevision& service : schema.deployments[latest->deployment].services) {
    if (service.name != name) continue;
    const Options before = service.options;
    Options& options = service.options;
    const auto set = [](auto& option, const auto& value) {
      if (value) option = value;
    };
    if (patch.is_public) options.ingress_private = !*patch.is_public;
    set(options.idempotency_retention_ms, patch.idempotency_retention_ms);
    set(options.workflow_completion_retention_ms, patch.workflow_completion_retention_ms);
    set(options.journal_retention_ms, patch.journal_retention_ms);
    set(options.inactivity_timeout_ms, patch.inactivity_timeout_ms);
    set(options.abort_timeout_ms, patch.abort_timeout_ms);
    if (options != before) ++schema.version;
  }
  return schema;
}

}  // namespace restate::schema
