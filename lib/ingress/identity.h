#pragma once

/// \file
/// Which id an invocation gets. Made here, before anything is appended, so that a retry of the
/// append finds its first try, and so that clients can compute the ids of idempotent invocations.

#include <restate/runtime.h>
#include <restate/wire/invocation.h>

#include <optional>
#include <string>
#include <string_view>

namespace restate::ingress {

/// A fresh time-ordered id.
Uuid fresh_ulid(Shard& shard);

/// The id of an invocation of `target`. `controlled_sharding` spreads idempotency keys of unkeyed
/// services over a fixed number of buckets per service.
InvocationId identify(Shard& shard, const wire::InvocationTarget& target,
                      const std::optional<std::string>& idempotency_key, bool controlled_sharding);

/// What a client names by its idempotency key. `key` only for keyed services.
struct IdempotentTarget {
  std::string service;
  std::optional<std::string> key;
  std::string handler;
  std::string idempotency_key;
  std::optional<std::string> scope;
};
InvocationId identify(const IdempotentTarget& target, bool controlled_sharding);

InvocationId identify_workflow(std::string_view workflow, std::string_view key,
                               const std::optional<std::string>& scope);

/// True if a repeated append of this invocation finds its first try, whatever became of it: then
/// the row of that one is still there.
bool is_repeatable(const wire::ServiceInvocation& invocation);

}  // namespace restate::ingress
