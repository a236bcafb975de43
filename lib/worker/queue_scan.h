#pragma once

/// \file
/// Tells a new leader's scheduler who waits in queues and who runs: read on the pool from a snapshot
/// of the moment the leadership began, a bounded number of rows at a time. The partition serves
/// meanwhile, but nobody gets a permit before everybody is counted. What newer records have moved is
/// counted as they say, and its row in the snapshot is not believed.

#include "partition/queue.h"

#include <restate/runtime.h>
#include <restate/storage/store.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace restate::worker {

class Scheduler;

class QueueScan {
 public:
  struct Host {
    /// These hold permits of the leader before, and nobody runs them any more.
    Function<void(std::vector<wire::QueuePlace>)> take_back;
    /// False: nothing can be taken back now; `resume` says when.
    Function<bool()> has_room;
    Function<void()> on_done;
    Function<void(const Error&)> on_failed;
  };

  /// `space` and `scheduler` outlive the scan. Fault by name in the simulator:
  /// `worker/queue-scan/short-step`.
  QueueScan(Shard& shard, storage::PartitionSpace& space, PartitionId partition, KeyRange keys,
            Scheduler& scheduler, Host host);

  /// Takes the snapshot now. Call once, or never: then there is nothing to wait for.
  void start();
  void resume();
  bool done() const { return stage_ == Stage::kDone; }

  // What newer records did, for the scheduler. Nothing of it is missed while the scan goes on.
  void on(partition::QueueMoved moved);
  void on(const partition::QueuePaused& paused);

 private:
  /// What is being read; in this order, so that permits are known to be taken before anybody waits.
  enum class Stage : std::uint8_t { kQueues, kRunning, kInbox, kDone };
  struct Pass;

  static Result<void> read(Pass& pass, PartitionId partition, KeyRange keys, std::size_t limit);
  void step(std::shared_ptr<Pass> pass);
  void on_step(std::shared_ptr<Pass> pass);
  bool counted(const partition::QueueMoved& moved) const;

  Shard& shard_;
  storage::PartitionSpace& space_;
  const PartitionId partition_;
  const KeyRange keys_;
  Scheduler& scheduler_;
  Host host_;
  Stage stage_ = Stage::kDone;
  std::string read_upto_;  ///< key of the last row of this stage that was counted; empty: none
  std::set<InvocationId> moved_;        ///< by newer records; counted
  std::set<wire::QueueId> paused_;      ///< or resumed, by newer records
  std::shared_ptr<Pass> waits_for_room_;
  Scope scope_;
};

}  // namespace restate::worker
