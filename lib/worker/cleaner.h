#pragma once

/// \file
/// Looks for completed invocations whose retention is over, and proposes to forget them. Scans a
/// snapshot on the pool; apply decides again, since an id may have come back meanwhile.

#include <restate/runtime.h>
#include <restate/storage/store.h>
#include <restate/wire/commands.h>

#include <memory>
#include <vector>

namespace restate::worker {

class Cleaner {
 public:
  using Propose = Function<void(wire::Command)>;

  Cleaner(Shard& shard, storage::PartitionSpace& space, PartitionId partition, KeyRange keys,
          Duration interval, Propose propose);

  /// The first pass comes early, at a random fifth of the interval, so that partitions take turns.
  void start();

 private:
  void run();

  Shard& shard_;
  storage::PartitionSpace& space_;
  const PartitionId partition_;
  const KeyRange keys_;
  const Duration interval_;
  Propose propose_;
  std::unique_ptr<Timer> timer_;
  Scope scope_;
};

}  // namespace restate::worker
