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

Result<InvocationId> resolve(const InvocationRef& reference) {
  if (const auto* text = std::get_if<std::string>(&reference)) return InvocationId::parse(*text);
  if (const auto* workflow = std::get_if<WorkflowRef>(&reference)) {
    return InvocationId{key_of(workflow->scope ? *workflow->scope : workflow->key),
                        workflow_uuid(workflow->scope, workflow->workflow, workflow->key)};
  }
  const auto& target = std::get<IdempotentRef>(reference);
  PartitionKey key;
  if (target.scope) {
    key = key_of(*target.scope);
  } else if (target.key) {
    key = key_of(*target.key);
  } else {
    key = key_of_bucket(target.service, bucket_of(target.idempotency_key));
  }
  return InvocationId{key, idempotent_uuid(target.scope, target.service, target.key, target.handler,
                                           target.idempotency_key)};
}

}  // namespace restate::wire
