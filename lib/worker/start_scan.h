#pragma once

/// \file
/// Finds what ran when a leadership began: every invoked invocation, read on the pool from a
/// snapshot of that moment, a bounded number of rows at a time. The partition serves meanwhile; of
/// an invocation that newer records decided about, the snapshot is not believed.

#include <restate/runtime.h>
#include <restate/storage/store.h>
#include <restate/wire/commands.h>

#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace restate::worker {

class StartScan {
 public:
  struct Found {
    InvocationId invocation;
    wire::InvocationTarget target;
    wire::Incarnation incarnation;
  };
  using OnFound = Function<void(Found&&)>;
  using OnFailed = Function<void(const Error&)>;

  /// `space` outlives the scan. Fault by name in the simulator: `worker/start-scan/short-step`.
  StartScan(Shard& shard, storage::PartitionSpace& space, PartitionId partition, KeyRange keys,
            OnFound on_found, OnFailed on_failed);

  /// Takes the snapshot now. Call once.
  void start();
  /// Newer records decided about `invocation`: it is not reported any more.
  void overtaken(const InvocationId& invocation);
  bool done() const { return done_; }

 private:
  struct Pass;

  void step(std::shared_ptr<Pass> pass);
  void on_step(std::shared_ptr<Pass> pass);

  Shard& shard_;
  storage::PartitionSpace& space_;
  const PartitionId partition_;
  const KeyRange keys_;
  OnFound on_found_;
  OnFailed on_failed_;
  bool done_ = false;
  std::optional<InvocationId> reported_;  ///< everything up to here has been
  std::set<InvocationId> overtaken_;      ///< all of them behind `reported_`
  Scope scope_;
};

}  // namespace restate::worker
