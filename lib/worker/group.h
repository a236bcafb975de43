#pragma once

/// \file
/// The partitions of one shard, which apply and commit together: one write to the store per turn,
/// whatever the number of partitions.

#include "worker/context.h"

#include <memory>
#include <set>
#include <vector>

namespace restate::worker {

class PartitionProcessor;

class Group final : private TurnActor {
 public:
  explicit Group(ShardContext& context);
  ~Group();

  /// `processor` has opened its tables: from now on they are flushed as is due.
  void add(PartitionProcessor& processor);
  /// `processor` has committed records that wait to be applied.
  void schedule(PartitionProcessor& processor);
  /// `processor` is closing.
  void remove(PartitionProcessor& processor);
  /// Somebody applied this many bytes of log; now and then that calls for a flush.
  void applied(std::size_t log_bytes);

 private:
  struct ById {
    bool operator()(const PartitionProcessor* a, const PartitionProcessor* b) const;
  };

  void act() override;
  /// False: the store is stalled, and the same commit is tried again later.
  bool commit();
  void finish();
  /// Flushes whoever has applied enough, and the one that has pinned the log for longest: all at
  /// once would keep the disk busy for a while.
  void flush_some();
  void check_all();
  void check_later();

  ShardContext& context_;
  std::set<PartitionProcessor*, ById> open_;
  std::set<PartitionProcessor*, ById> scheduled_;
  std::vector<PartitionProcessor*> committing_;
  std::size_t bytes_since_look_ = 0;
  std::unique_ptr<Timer> check_timer_;
  std::unique_ptr<Timer> retry_timer_;
  bool failed_ = false;
};

}  // namespace restate::worker
