#include "invoker/machine/command_check.h"

#include "common/hash.h"
#include "schema/scope_name.h"
#include "wire/entry.h"
#include "wire/span.h"

#include <restate/testing/mutation.h>

#include <utility>
#include <variant>

namespace restate::invoker {

namespace {

using wire::EntryType;

AttemptError make_error(DocCode doc_code, std::string message, EntryType type, const Bytes& body,
                        const CommandContext& context) {
  AttemptError error;
  error.doc_code = doc_code;
  error.message = std::move(message);
  error.related_command_index = context.command_index;
  if (std::string name = wire::entry_name(type, body); !name.empty()) {
    error.related_command_name = std::move(name);
  }
  error.related_command_type = static_cast<std::uint32_t>(type);
  return error;
}

/// One command under scrutiny.
struct Check {
  EntryType type;
  const Bytes& body;
  const CommandContext& context;

  AttemptError precondition(std::string_view why) const {
    std::string message = "cannot process command ";
    message += wire::entry_type_name(type);
    message += " (command index " + std::to_string(context.command_index) +
               ") because of a failed precondition: ";
    message += why;
    return make_error(DocCode::kPrecondition, std::move(message), type, body, context);
  }
  AttemptError flow_control(std::string_view why) const {
    return make_error(DocCode::kScope, std::string(why), type, body, context);
  }
};

bool reads_state(EntryType type) {
  return type == EntryType::kGetLazyState || type == EntryType::kGetLazyStateKeys ||
         type == EntryType::kGetEagerState || type == EntryType::kGetEagerStateKeys;
}
bool writes_state(EntryType type) {
  return type == EntryType::kSetState || type == EntryType::kClearState ||
         type == EntryType::kClearAllState;
}
bool uses_promises(EntryType type) {
  return type == EntryType::kGetPromise || type == EntryType::kPeekPromise ||
         type == EntryType::kCompletePromise;
}

/// Empty if the access is fine.
std::string_view access_violation(EntryType type, const wire::InvocationTarget& caller) {
  if ((reads_state(type) || writes_state(type)) && !caller.keyed()) {
    return "services have no state; only virtual objects and workflows do";
  }
  if (writes_state(type) && !caller.exclusive() && !caller.workflow_run()) {
    return "a shared handler must not change state";
  }
  if (uses_promises(type) && caller.type != wire::ServiceType::kWorkflow) {
    return "only workflows have promises";
  }
  return {};
}

/// An empty scope or limit key counts as none.
std::string_view given(const std::optional<std::string>& text) {
  return text ? std::string_view(*text) : std::string_view();
}

std::optional<AttemptError> check_flow_control(const wire::CallRequest& request,
                                               const wire::InvocationTarget& target,
                                               const Check& check) {
  const std::string_view scope = given(request.scope);
  const std::string_view limit_key = given(request.limit_key);
  if (scope.empty() && limit_key.empty()) return std::nullopt;
  if (!scope.empty()) {
    if (auto why = schema::refuse_scope(scope)) return check.flow_control("bad scope: " + *why);
  }
  if (auto key = schema::parse_limit_key(limit_key); key.refusal) {
    return check.flow_control("bad limit key: " + *key.refusal);
  }
  if (scope.empty()) return check.flow_control("a limit key needs a scope");
  if (target.type == wire::ServiceType::kVirtualObject && !check.context.scoped_virtual_objects) {
    return check.precondition("scoped calls to virtual objects are not supported");
  }
  if (check.context.flow_control) return std::nullopt;
  return check.flow_control("scopes need flow control, which is not enabled on this cluster");
}

std::optional<AttemptError> resolve_call(const wire::CallRequest& request, const Check& check,
                                         std::optional<wire::CallInfo>& call) {
  const CommandContext& context = check.context;
  auto target = schema::resolve_target(
      context.schema, request.service, request.key, request.handler,
      given(request.scope).empty() ? std::nullopt : request.scope);
  if (!target) {
    return make_error(DocCode::kUnknownTarget,
                      "service '" + request.service + "' or its handler '" + request.handler +
                          "' is not known: is the deployment that serves it registered?",
                      check.type, check.body, context);
  }
  const schema::ServiceRevision* service = context.schema.find_service(request.service);
  const schema::Deployment* deployment =
      service == nullptr ? nullptr : context.schema.find_deployment(service->deployment);
  if (deployment != nullptr && deployment->max_protocol < 5) {
    return make_error(DocCode::kDeprecatedTarget,
                      "service '" + request.service +
                          "' runs on a deployment that speaks only deprecated protocol versions",
                      check.type, check.body, context);
  }
  if (!target->keyed() && !request.key.empty()) {
    return check.precondition("service '" + request.service +
                              "' has no keys, but the call has one");
  }
  if (request.idempotency_key && request.idempotency_key->empty()) {
    return check.precondition("the idempotency key is empty");
  }
  if (auto error = check_flow_control(request, *target, check)) return error;

  wire::CallInfo info;
  info.callee = callee_id(*target, request.idempotency_key, context.now, context.random_high,
                          context.random_low, context.controlled_sharding);
  info.retention = schema::retention_of(context.schema, context.defaults, *target,
                                        request.idempotency_key.has_value());
  info.span = check.type == EntryType::kOneWayCall ? wire::linked(context.span) : context.span;
  info.target = std::move(*target);
  call = std::move(info);
  return std::nullopt;
}

}  // namespace

InvocationId callee_id(const wire::InvocationTarget& target,
                       const std::optional<std::string>& idempotency_key, WallTime now,
                       std::uint64_t random_high, std::uint64_t random_low,
                       bool controlled_sharding) {
  InvocationId id;
  if (target.scope && !RESTATE_MUTATION("invoker/scope-not-in-the-key")) {
    id.key = key_of(*target.scope);
  } else if (target.keyed()) {
    id.key = key_of(target.key);
  } else if (idempotency_key && !controlled_sharding) {
    id.key = key_of(*idempotency_key);
  } else if (idempotency_key) {
    id.key = key_of_bucket(target.service, bucket_of(*idempotency_key));
  } else {
    // The ULID takes other bits of these numbers, see `make_ulid`.
    id.key = key_of_bucket(target.service, (random_high >> 32) % kServiceBuckets);
  }
  if (target.workflow_run()) {
    id.uuid = workflow_uuid(target.scope, target.service, target.key);
  } else if (idempotency_key) {
    const auto key = target.keyed() ? std::optional(target.key) : std::nullopt;
    id.uuid = idempotent_uuid(target.scope, target.service, key, target.handler, *idempotency_key);
  } else {
    id.uuid = make_ulid(now.ms, random_high, random_low);
  }
  return id;
}

std::optional<AttemptError> check_command(EntryType type, const Bytes& body,
                                          const CommandContext& context,
                                          std::optional<wire::CallInfo>& call) {
  const Check check{type, body, context};
  if (const std::string_view why = access_violation(type, context.caller); !why.empty()) {
    return check.precondition(why);
  }
  const auto malformed = [&](const Error& error) {
    return make_error(DocCode::kProtocolViolation, "message encoding error: " + error.message, type,
                      Bytes(), context);
  };
  if (type == EntryType::kGetEagerStateKeys) {
    const auto sound = wire::check_get_eager_state_keys(body);
    return sound ? std::nullopt : std::optional(malformed(sound.error()));
  }
  const auto content = wire::decode_entry(type, body);
  if (!content) return malformed(content.error());
  if (const auto* entry = std::get_if<wire::CallEntry>(&*content)) {
    return resolve_call(entry->request, check, call);
  }
  if (const auto* entry = std::get_if<wire::OneWayCallEntry>(&*content)) {
    return resolve_call(entry->request, check, call);
  }
  if (const auto* entry = std::get_if<wire::SendSignalEntry>(&*content)) {
    if (const auto id = InvocationId::parse(entry->target); !id) {
      return check.precondition("invalid invocation id '" + entry->target +
                                "': " + id.error().message);
    }
  }
  const auto* attach = std::get_if<wire::AttachInvocationEntry>(&*content);
  const auto* output = std::get_if<wire::GetInvocationOutputEntry>(&*content);
  if (attach != nullptr || output != nullptr) {
    const wire::InvocationRef* reference = attach != nullptr ? &attach->target : &output->target;
    const auto id = wire::resolve(*reference);
    if (!id) return check.precondition("invalid invocation target: " + id.error().message);
    const auto* idempotent = std::get_if<wire::IdempotentRef>(reference);
    if (idempotent != nullptr && !context.controlled_sharding &&
        given(idempotent->scope).empty() &&
        !idempotent->key) {
      call.emplace().callee = {key_of(idempotent->idempotency_key), id->uuid};
    }
  }
  if (const auto* entry = std::get_if<wire::CompleteAwakeableEntry>(&*content)) {
    if (const auto id = AwakeableId::parse(entry->id); !id) {
      return make_error(
          DocCode::kProtocolViolation,
          "cannot decode entry: awakeable id '" + entry->id + "': " + id.error().message, type,
          body, context);
    }
  }
  return std::nullopt;
}

}  // namespace restate::invoker
