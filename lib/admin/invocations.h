#pragma once

/// \file
/// `/invocations`: what operators do to invocations, one by one or many at once.

#include "admin/operation.h"
#include "admin/options.h"
#include "admin/router.h"

#include <restate/runtime.h>

namespace restate::admin {

/// Most invocations that one batch may name.
inline constexpr std::size_t kMaxBatch = 1000;

class InvocationRoutes {
 public:
  InvocationRoutes(Shard& shard, const AdminOptions& options, worker::PartitionClient& client)
      : shard_(shard), operations_(shard, client, options.leader_patience) {}

  void add_to(Router& router);

 private:
  void operate(OperationKind kind, Call call);
  void remove(Call call);
  void batch(OperationKind kind, Call call);

  Shard& shard_;
  Operations operations_;
  Scope scope_;
};

}  // namespace restate::admin
