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
  /// Takes the command, or answers false: there is no room until `resume`.
  using Propose = Function<bool(wire::Command&)>;

  Cleaner(Shard& shard, storage::PartitionSpace& space, PartitionId partition, KeyRange keys,
          Duration interval, Propose propose);

  /// The first pass comes early, at a random fifth of the interval, so that partitions take turns.
  void start();
  /// There is room again.
  void resume() { propose(); }

 private:
  void run();
  /// Proposes what was found, as far as there is room.
  void propose();

  Shard& shard_;
  storage::PartitionSpace& space_;
  const PartitionId partition_;
  const KeyRange keys_;
  const Duration interval_;
  Propose propose_;
  std::unique_ptr<Timer> timer_;
  std::vector<wire::Command> found_;  ///< due and not proposed yet, the first one last
  Scope scope_;
};

}  // namespace restate::worker
