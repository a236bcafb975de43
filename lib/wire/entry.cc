#include "wire/entry.h"

#include "common/hash.h"
#include "wire/protobuf.h"

#include <variant>

namespace restate::wire {

std::string entry_name(EntryType type, const Bytes& body) {
  if (is_notification(type)) return {};
  ProtoReader reader(body.view());
  std::string name;
  while (reader.next()) {
    if (reader.field() == 12) name = reader.text();
  }
  return name;
}

namespace {

/// An empty scope counts as none.
std::optional<std::string> scope_of(const std::optional<std::string>& scope) {
  return scope && scope->empty() ? std::nullopt : scope;
}

}  // namespace

Result<InvocationId> resolve(const InvocationRef& reference) {
  if (const auto* text = std::get_if<std::string>(&reference)) return InvocationId::parse(*text);
  if (const auto* workflow = std::get_if<WorkflowRef>(&reference)) {
    const auto scope = scope_of(workflow->scope);
    return InvocationId{key_of(scope ? *scope : workflow->key),
                        workflow_uuid(scope, workflow->workflow, workflow->key)};
  }
  const auto& target = std::get<IdempotentRef>(reference);
  const auto scope = scope_of(target.scope);
  PartitionKey key;
  if (scope) {
    key = key_of(*scope);
  } else if (target.key) {
    key = key_of(*target.key);
  } else {
    key = key_of_bucket(target.service, bucket_of(target.idempotency_key));
  }
  return InvocationId{key, idempotent_uuid(scope, target.service, target.key, target.handler,
                                           target.idempotency_key)};
}

}  // namespace restate::wire
