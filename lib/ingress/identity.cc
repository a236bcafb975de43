#include "ingress/identity.h"

#include "common/hash.h"

#include <restate/testing/mutation.h>

namespace restate::ingress {
namespace {

PartitionKey idempotent_key(const IdempotentTarget& target, bool controlled_sharding) {
  if (target.scope && !RESTATE_MUTATION("ingress/scope-not-in-the-key")) return key_of(*target.scope);
  if (target.key) return key_of(*target.key);
  if (!controlled_sharding) return key_of(target.idempotency_key);
  return key_of_bucket(target.service, bucket_of(target.idempotency_key));
}

}  // namespace

Uuid fresh_ulid(Shard& shard) {
  const std::uint64_t high = shard.random().next();
  return make_ulid(shard.wall_now().ms, high, shard.random().next());
}

InvocationId identify(const IdempotentTarget& target, bool controlled_sharding) {
  return {idempotent_key(target, controlled_sharding),
          idempotent_uuid(target.scope, target.service, target.key, target.handler,
                          target.idempotency_key)};
}

InvocationId identify_workflow(std::string_view workflow, std::string_view key,
                               const std::optional<std::string>& scope) {
  return {key_of(scope ? std::string_view(*scope) : key), workflow_uuid(scope, workflow, key)};
}

InvocationId identify(Shard& shard, const wire::InvocationTarget& target,
                      const std::optional<std::string>& idempotency_key,
                      bool controlled_sharding) {
  if (target.workflow_run()) return identify_workflow(target.service, target.key, target.scope);
  const std::optional<std::string> key = target.keyed() ? std::optional(target.key) : std::nullopt;
  if (idempotency_key) {
    return identify({target.service, key, target.handler, *idempotency_key, target.scope},
                    controlled_sharding);
  }
  const PartitionKey partition =
      target.scope ? key_of(*target.scope)
      : key        ? key_of(*key)
                   : key_of_bucket(target.service, shard.random().below(kServiceBuckets));
  return {partition, fresh_ulid(shard)};
}

bool is_repeatable(const wire::ServiceInvocation& invocation) {
  return invocation.idempotency_key.has_value() || invocation.target.workflow_run() ||
         invocation.retention.completion_ms > 0;
}

}  // namespace restate::ingress
