#include "admin/deployments.h"

#include "admin/deployment_body.h"
#include "admin/failure.h"
#include "admin/views.h"
#include "common/hash.h"

namespace restate::admin {
namespace {

constexpr std::string_view kServerlessAuth = "x-serverless-authorization";

DeploymentId fresh_id(Shard& shard) {
  const std::uint64_t high = shard.random().next();
  return {make_ulid(shard.wall_now().ms, high, shard.random().next())};
}

std::vector<wire::Header> to_headers(const std::map<std::string, std::string>& map) {
  std::vector<wire::Header> headers;
  for (const auto& [name, value] : map) headers.push_back({name, value});
  return headers;
}

/// The id in the path. Nothing: malformed, and answered.
std::optional<DeploymentId> read_deployment_id(Call& call) {
  auto id = DeploymentId::parse(call.params[0]);
  if (id) return *id;
  call.text(400, "Invalid deployment id '" + call.params[0] + "': " + id.error().message);
  return std::nullopt;
}

void answer_missing(Call& call, const DeploymentId& id) {
  call.error(404, {}, "The requested deployment '" + id.str() + "' does not exist");
}

/// Google's tokens: what about them would be wrong anyway, before we say that we have none.
void answer_auth(Call& call, const DeploymentBody& body, const std::string& uri) {
  if (!uri.starts_with("https://")) {
    return call.error(400, {}, "auth: tokens are sent over https only");
  }
  if (body.additional_headers && body.additional_headers->contains(std::string(kServerlessAuth))) {
    return call.error(400, {},
                      "additional_headers: '" + std::string(kServerlessAuth) +
                          "' is set by the authentication that 'auth' asks for");
  }
  call.error(400, {}, "auth: authentication with Google ID tokens is not supported");
}

}  // namespace

void DeploymentRoutes::add_to(Router& router) {
  router.add("GET", "/deployments", [this](Call call) { list(std::move(call)); });
  router.add("POST", "/deployments", [this](Call call) { create(std::move(call)); });
  router.add("GET", "/deployments/{deployment}", [this](Call call) { get(std::move(call)); });
  router.add("PATCH", "/deployments/{deployment}", [this](Call call) { update(std::move(call)); });
  router.add("PUT", "/deployments/{deployment}", [this](Call call) {
    if (call.versioned && call.version == ApiVersion::kV2) return update(std::move(call));
    call.error(405, {}, "PUT is gone since version 3 of this API; use PATCH");
  });
  router.add("DELETE", "/deployments/{deployment}", [this](Call call) { remove(std::move(call)); });
}

void DeploymentRoutes::list(Call call) {
  Json json{{"deployments", Json::array()}};
  for (const auto& [id, deployment] : registry_.current()->deployments) {
    json["deployments"].push_back(view_of(deployment, options_.defaults, Detail::kBrief));
  }
  call.json(200, json);
}

void DeploymentRoutes::get(Call call) {
  const auto id = read_deployment_id(call);
  if (id) answer_deployment(call, *registry_.current(), *id);
}

void DeploymentRoutes::answer_deployment(Call& call, const schema::Schema& schema,
                                         const DeploymentId& id) {
  const schema::Deployment* deployment = schema.find_deployment(id);
  if (deployment == nullptr) return answer_missing(call, id);
  call.json(200, view_of(*deployment, options_.defaults, Detail::kFull));
}

void DeploymentRoutes::answer_registration(Call& call, const schema::Schema& schema,
                                           const DeploymentId& id, bool created) {
  const schema::Deployment* deployment = schema.find_deployment(id);
  if (deployment == nullptr) return answer_missing(call, id);  // deleted at this very moment
  // Version 2 did not know that a forced registration may find something.
  const bool as_new = created || (call.versioned && call.version == ApiVersion::kV2);
  call.json(as_new ? 201 : 200, registration_view(*deployment, options_.defaults),
            {{"location", "deployments/" + id.str()}});
}

std::optional<DeploymentRoutes::Wanted> DeploymentRoutes::read_registration(Call& call) {
  const auto body = read_deployment_body(call, BodyKind::kRegistration);
  if (!body) return std::nullopt;
  Wanted wanted;
  if (body->is_http) {
    auto uri = normal_uri(call, *body->uri);
    if (!uri) return std::nullopt;
    if (body->has_auth) {
      answer_auth(call, *body, *uri);
      return std::nullopt;
    }
    wanted.address.uri = std::move(*uri);
  } else {
    if (!check_arn(call, *body->arn)) return std::nullopt;
    wanted.address.lambda_arn = *body->arn;
    wanted.address.assume_role_arn = body->assume_role_arn;
  }
  if (body->additional_headers) {
    wanted.address.additional_headers = to_headers(*body->additional_headers);
  }
  wanted.metadata = body->metadata.value_or(std::map<std::string, std::string>());
  wanted.use_http11 = body->use_http11.value_or(false);
  wanted.breaking = body->breaking.value_or(false);
  wanted.force = body->force.value_or(call.versioned && call.version == ApiVersion::kV2);
  wanted.dry_run = body->dry_run.value_or(false);
  return wanted;
}

void DeploymentRoutes::create(Call call) {
  auto wanted = read_registration(call);
  if (!wanted) return;
  const schema::SchemaPtr schema = registry_.current();
  const schema::Deployment* existing =
      schema::find_by_address(*schema, wanted->address, options_.deployment_routing_headers);
  if (existing != nullptr && !wanted->force) {
    // Known: its endpoint need not even be there.
    if (call.versioned && call.version == ApiVersion::kV2) {
      return call.error(409, {}, "The deployment exists already, with id " + existing->id.str());
    }
    return answer_registration(call, *schema, existing->id, false);
  }
  DiscoveryRequest request{wanted->address, wanted->use_http11};
  discoverer_.discover(
      std::move(request),
      Completion<DiscoveryOutcome>(
          shard_, scope_.bind([this, call = std::move(call), wanted = std::move(*wanted)](
                                  Result<DiscoveryOutcome> outcome) mutable {
            if (!outcome) return call.error(500, {}, public_message(outcome.error()));
            if (auto* error = std::get_if<schema::RegistryError>(&*outcome)) return call.error(*error);
            register_found(std::move(call), std::move(wanted),
                           std::get<schema::Discovered>(*outcome));
          })));
}

void DeploymentRoutes::register_found(Call call, Wanted wanted, const schema::Discovered& found) {
  schema::RegisterOptions options;
  options.force = wanted.force;
  options.breaking = wanted.breaking;
  options.metadata = wanted.metadata;
  options.routing_headers = options_.deployment_routing_headers;
  options.new_id = fresh_id(shard_);
  options.now = shard_.wall_now();
  if (wanted.dry_run) {
    auto result =
        schema::register_deployment(*registry_.current(), wanted.address, found, options);
    if (!result) return call.error(result.error());
    return answer_registration(call, result->schema, result->id, result->created);
  }
  // The change may run several times; what counts is what its last run found.
  struct Made {
    DeploymentId id;
    bool created = false;
  };
  auto made = std::make_shared<Made>();
  registry_.change(
      [made, address = wanted.address, found, options](
          const schema::Schema& before) -> schema::RegistryResult<schema::Schema> {
        auto result = schema::register_deployment(before, address, found, options);
        if (!result) return result.error();
        *made = {result->id, result->created};
        return std::move(result->schema);
      },
      Completion<RegistryClient::Changed>(
          shard_, scope_.bind([this, made, call = std::move(call)](
                                  Result<RegistryClient::Changed> changed) mutable {
            if (!changed) return call.error(500, "META0010", public_message(changed.error()));
            if (!*changed) return call.error(changed->error());
            answer_registration(call, ***changed, made->id, made->created);
          })));
}

void DeploymentRoutes::update(Call call) {
  const auto id = read_deployment_id(call);
  if (!id) return;
  const auto body = read_deployment_body(call, BodyKind::kUpdate);
  if (!body) return;
  const schema::SchemaPtr schema = registry_.current();
  const schema::Deployment* deployment = schema->find_deployment(*id);
  if (deployment == nullptr) return answer_missing(call, *id);
  if (deployment->in_process) {
    return call.error(409, {}, "The deployment '" + id->str() + "' runs inside the server");
  }
  const bool changes_something = body->uri || body->arn || body->assume_role_arn ||
                                 body->additional_headers || body->use_http11;
  if (!changes_something) return answer_deployment(call, *schema, *id);

  Wanted wanted;
  wanted.address = {deployment->uri, deployment->lambda_arn, deployment->assume_role_arn,
                    deployment->additional_headers};
  wanted.use_http11 = body->use_http11.value_or(
      !body->uri && deployment->http_version == schema::HttpVersion::kHttp11);
  if (body->uri) {
    auto uri = normal_uri(call, *body->uri);
    if (!uri) return;
    wanted.address = {std::move(*uri), {}, std::nullopt, wanted.address.additional_headers};
  }
  if (body->arn) {
    if (!check_arn(call, *body->arn)) return;
    wanted.address = {{}, *body->arn, std::nullopt, wanted.address.additional_headers};
  }
  if (body->assume_role_arn) {
    if (wanted.address.lambda_arn.empty()) {
      return call.error(400, {}, "assume_role_arn: the deployment is not on Lambda");
    }
    wanted.address.assume_role_arn = body->assume_role_arn;
  }
  if (body->additional_headers) {
    wanted.address.additional_headers = to_headers(*body->additional_headers);
  }
  wanted.overwrite = body->overwrite.value_or(false);
  wanted.dry_run = body->dry_run.value_or(false);

  DiscoveryRequest request{wanted.address, wanted.use_http11};
  discoverer_.discover(
      std::move(request),
      Completion<DiscoveryOutcome>(
          shard_, scope_.bind([this, id = *id, call = std::move(call), wanted = std::move(wanted)](
                                  Result<DiscoveryOutcome> outcome) mutable {
            if (!outcome) return call.error(500, {}, public_message(outcome.error()));
            if (auto* error = std::get_if<schema::RegistryError>(&*outcome)) return call.error(*error);
            update_found(std::move(call), id, std::move(wanted),
                         std::get<schema::Discovered>(*outcome));
          })));
}

void DeploymentRoutes::update_found(Call call, DeploymentId id, Wanted wanted,
                                    const schema::Discovered& found) {
  if (wanted.dry_run) {
    auto result = schema::update_deployment(*registry_.current(), id, wanted.address, found,
                                            wanted.overwrite);
    if (!result) return call.error(result.error());
    return answer_deployment(call, *result, id);
  }
  registry_.change(
      [id, address = wanted.address, found, overwrite = wanted.overwrite](
          const schema::Schema& before) {
        return schema::update_deployment(before, id, address, found, overwrite);
      },
      Completion<RegistryClient::Changed>(
          shard_, scope_.bind([this, id, call = std::move(call)](
                                  Result<RegistryClient::Changed> changed) mutable {
            if (!changed) return call.error(500, "META0010", public_message(changed.error()));
            if (!*changed) return call.error(changed->error());
            answer_deployment(call, ***changed, id);
          })));
}

void DeploymentRoutes::remove(Call call) {
  const auto id = read_deployment_id(call);
  if (!id) return;
  const auto force = call.flag("force", false);
  if (!force) return;
  if (!*force) return call.empty(501);  // waiting until nothing needs it any more
  registry_.change(
      [id = *id](const schema::Schema& before) { return schema::delete_deployment(before, id); },
      Completion<RegistryClient::Changed>(
          shard_, scope_.bind([call = std::move(call)](
                                  Result<RegistryClient::Changed> changed) mutable {
            if (!changed) return call.error(500, "META0010", public_message(changed.error()));
            if (!*changed) return call.error(changed->error());
            call.empty(202);
          })));
}

}  // namespace restate::admin
