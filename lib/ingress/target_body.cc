#include "ingress/target_body.h"

#include "ingress/identity.h"
#include "schema/json.h"
#include "schema/scope_name.h"

namespace restate::ingress {
namespace {

using Parsed = std::variant<Refusal, InvocationId>;

Refusal bad_body(std::string_view why) {
  return {400, "cannot read body: invalid request body: " + std::string(why)};
}
Refusal bad_member(const char* name) {
  return bad_body("member `" + std::string(name) + "` is missing or not a string");
}

/// Reads an optional scope. False if it is malformed; `refusal` says why.
bool take_scope(const schema::Json& json, std::optional<std::string>& scope, Refusal& refusal) {
  if (!schema::take(json, "scope", scope)) {
    refusal = bad_member("scope");
    return false;
  }
  if (!scope) return true;
  const auto why = schema::refuse_scope(*scope);
  if (why) refusal = {400, "bad scope value: " + *why};
  return !why;
}

Parsed workflow_target(const schema::Json& json) {
  std::string workflow, key;
  std::optional<std::string> scope;
  Refusal refusal;
  if (!schema::require(json, "workflowName", workflow)) return bad_member("workflowName");
  if (!schema::require(json, "workflowKey", key)) return bad_member("workflowKey");
  if (!take_scope(json, scope, refusal)) return refusal;
  return identify_workflow(workflow, key, scope);
}

Parsed idempotent_target(const schema::Json& json, bool controlled_sharding) {
  IdempotentTarget target;
  Refusal refusal;
  if (!schema::require(json, "service", target.service)) return bad_member("service");
  if (!schema::take(json, "key", target.key)) return bad_member("key");
  if (!schema::require(json, "handler", target.handler)) return bad_member("handler");
  if (!schema::require(json, "idempotencyKey", target.idempotency_key)) {
    return bad_member("idempotencyKey");
  }
  if (!take_scope(json, target.scope, refusal)) return refusal;
  return identify(target, controlled_sharding);
}

}  // namespace

Parsed parse_invocation_id(std::string_view text) {
  auto id = InvocationId::parse(text);
  if (id) return *id;
  return Refusal{400, "bad invocation id '" + std::string(text) + "': " + id.error().message};
}

Parsed parse_target(std::string_view body, bool controlled_sharding) {
  const auto json = schema::parse_json(body);
  if (!json || !json->is_object()) return bad_body("it is not a JSON object");
  std::string kind;
  if (!schema::require(*json, "target", kind)) return bad_member("target");
  if (kind == "workflow") return workflow_target(*json);
  if (kind == "idempotentInvocation") return idempotent_target(*json, controlled_sharding);
  if (kind != "invocation") {
    return bad_body("unknown target `" + kind +
                    "`, expected `workflow`, `idempotentInvocation` or `invocation`");
  }
  std::string id;
  if (!schema::require(*json, "invocationId", id)) return bad_member("invocationId");
  return parse_invocation_id(id);
}

}  // namespace restate::ingress
