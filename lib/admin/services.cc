#include "admin/services.h"

#include "admin/failure.h"
#include "admin/state_body.h"
#include "admin/views.h"
#include "common/duration_text.h"
#include "common/hash.h"
#include "schema/openapi.h"
#include "schema/scope_name.h"

namespace restate::admin {
namespace {

void answer_missing(Call& call) {
  call.error(404, {}, "The requested service '" + call.params[0] + "' does not exist");
}

/// Reads a duration that is written as text. False: it is something else.
bool take_duration(const Json& json, const char* name, std::optional<std::uint64_t>& out) {
  std::optional<std::string> text;
  if (!schema::take(json, name, text)) return false;
  if (!text) return true;
  const auto ms = parse_duration_ms(*text);
  if (!ms) return false;
  out = *ms;
  return true;
}

bool read_patch(const Json& json, schema::ServicePatch& out) {
  return json.is_object() && schema::take(json, "public", out.is_public) &&
         take_duration(json, "idempotency_retention", out.idempotency_retention_ms) &&
         take_duration(json, "workflow_completion_retention",
                       out.workflow_completion_retention_ms) &&
         take_duration(json, "journal_retention", out.journal_retention_ms) &&
         take_duration(json, "inactivity_timeout", out.inactivity_timeout_ms) &&
         take_duration(json, "abort_timeout", out.abort_timeout_ms);
}

}  // namespace

void ServiceRoutes::add_to(Router& router) {
  router.add("GET", "/services", [this](Call call) { list(std::move(call)); });
  router.add("GET", "/services/{service}", [this](Call call) { get(std::move(call)); });
  router.add("PATCH", "/services/{service}", [this](Call call) { modify(std::move(call)); });
  router.add("GET", "/services/{service}/handlers",
             [this](Call call) { list_handlers(std::move(call)); });
  router.add("GET", "/services/{service}/handlers/{handler}",
             [this](Call call) { get_handler(std::move(call)); });
  router.add("GET", "/services/{service}/openapi", [this](Call call) { openapi(std::move(call)); });
  for (const char* operation : {"decode", "encode"}) {
    router.add("POST", "/internal/services/{service}/serdes/" + std::string(operation) + "/{*serde}",
               [this](Call call) { convert(std::move(call)); });
  }
  router.add("POST", "/services/{service}/state",
             [this](Call call) { modify_state(std::move(call)); });
}

const schema::ServiceRevision* ServiceRoutes::find(Call& call, const schema::Schema& schema) const {
  const schema::ServiceRevision* service = schema.find_service(call.params[0]);
  if (service == nullptr) answer_missing(call);
  return service;
}

Json ServiceRoutes::view(const schema::Schema& schema,
                         const schema::ServiceRevision& service) const {
  return view_of(service, *schema.find_deployment(service.deployment), options_.defaults);
}

void ServiceRoutes::list(Call call) {
  const schema::SchemaPtr schema = registry_.current();
  Json json{{"services", Json::array()}};
  for (const schema::ServiceRevision* service : schema->services()) {
    json["services"].push_back(view(*schema, *service));
  }
  call.json(200, json);
}

void ServiceRoutes::get(Call call) {
  const schema::SchemaPtr schema = registry_.current();
  if (const auto* service = find(call, *schema)) call.json(200, view(*schema, *service));
}

void ServiceRoutes::list_handlers(Call call) {
  const schema::SchemaPtr schema = registry_.current();
  const auto* service = find(call, *schema);
  if (service == nullptr) return;
  call.json(200, {{"handlers", view(*schema, *service)["handlers"]}});
}

void ServiceRoutes::get_handler(Call call) {
  const schema::SchemaPtr schema = registry_.current();
  const auto* service = schema->find_service(call.params[0]);
  const auto* handler = schema->find_handler(call.params[0], call.params[1]);
  if (service == nullptr || handler == nullptr) {
    return call.error(404, {}, "The requested handler '" + call.params[1] + "' of service '" +
                                   call.params[0] + "' does not exist");
  }
  call.json(200, view_of(*handler, *service, *schema->find_deployment(service->deployment)));
}

void ServiceRoutes::openapi(Call call) {
  const schema::SchemaPtr schema = registry_.current();
  const auto* service = find(call, *schema);
  if (service == nullptr) return;
  call.json(200, schema::openapi_of(*service, options_.ingress_endpoint));
}

void ServiceRoutes::convert(Call call) {
  const schema::SchemaPtr schema = registry_.current();
  const auto* service = find(call, *schema);
  if (service == nullptr) return;
  if (const auto text = call.parameter("deployment")) {
    const auto id = DeploymentId::parse(*text);
    if (!id) return call.text(400, "Invalid deployment id '" + *text + "'");
    if (schema->find_service_in(*id, service->name) == nullptr) {
      return call.error(404, {}, "The deployment '" + *text + "' does not serve '" + service->name +
                                     "', or does not exist");
    }
  }
  call.error(501, {}, "This server does not ask deployments to convert values");
}

void ServiceRoutes::modify(Call call) {
  const auto json = call.read_json();
  if (!json) return;
  schema::ServicePatch patch;
  if (!read_patch(*json, patch)) {
    return call.text(422, "The body is no change of a service: a member has a wrong type, or is no "
                          "duration in days or smaller units");
  }
  const std::string name = call.params[0];
  registry_.change(
      [name, patch](const schema::Schema& before) {
        return schema::modify_service(before, name, patch);
      },
      Completion<RegistryClient::Changed>(
          shard_, scope_.bind([this, call = std::move(call)](
                                  Result<RegistryClient::Changed> changed) mutable {
            if (!changed) return call.error(500, "META0010", public_message(changed.error()));
            if (!*changed) return call.error(changed->error());
            const schema::Schema& schema = ***changed;
            if (const auto* service = find(call, schema)) call.json(200, view(schema, *service));
          })));
}

void ServiceRoutes::modify_state(Call call) {
  const auto json = call.read_json();
  if (!json) return;
  auto body = read_state_body(*json);
  if (!body) return call.text(422, "The body is no change of state");
  const auto* service = registry_.current()->find_service(call.params[0]);
  if (service == nullptr && !body->new_state.empty()) return answer_missing(call);
  if (service != nullptr && service->type == wire::ServiceType::kService) {
    return call.error(400, {}, "The service '" + call.params[0] + "' has no state");
  }
  if (body->scope) {
    if (auto why = schema::refuse_scope(*body->scope)) return call.error(500, {}, "scope: " + *why);
  }
  wire::PatchState patch;
  // A service that is gone may have left state behind; its kind does not matter for clearing that.
  patch.target.type = service != nullptr ? service->type : wire::ServiceType::kVirtualObject;
  patch.target.service = call.params[0];
  patch.target.key = body->object_key;
  patch.target.scope = body->scope;
  patch.key = key_of(body->scope.value_or(body->object_key));
  patch.expected_version = body->version;
  patch.state = std::move(body->new_state);
  client_.patch_state(std::move(patch),
                      Completion<void>(shard_, scope_.bind([call = std::move(call)](
                                                               Result<void> done) mutable {
                        if (done) return call.empty(202);
                        if (done == Code::kInvalidArgument) {
                          return call.error(413, {}, done.error().message);
                        }
                        call.error(503, {}, "The state was perhaps not changed: " +
                                                public_message(done.error()));
                      })));
}

}  // namespace restate::admin
