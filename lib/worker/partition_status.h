#pragma once

/// \file
/// How a partition on this node stands: what health checks, metrics and SQL tell of it.

#include "partition/status.h"

#include <restate/ids.h>
#include <restate/time.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restate::worker {

struct PartitionStatus {
  enum class Role : std::uint8_t { kStarting, kFollower, kCandidate, kLeader, kStopped };
  enum class Replay : std::uint8_t {
    kStarting,    ///< the tables are being opened, or the log is not found yet
    kCatchingUp,  ///< there were records in the log at the start that are not applied yet
    kActive,
    kStopped,     ///< see `stopped`
  };

  PartitionId id;
  KeyRange keys;
  Role role = Role::kStarting;
  Replay replay = Replay::kStarting;
  std::uint64_t applied = 0;
  std::uint64_t durable = 0;        ///< of it, what a crash cannot take
  std::uint64_t reported = 0;       ///< durable, and the log knows
  std::uint64_t log_tail = 0;       ///< the next LSN when it was opened
  std::uint64_t lag = 0;            ///< records read that are not applied
  LeaderEpoch epoch;                ///< of the last leader that announced itself
  GenerationalNodeId leader;        ///< that one
  partition::Features features;
  std::uint64_t schema_version = 0; ///< of the registry in the log
  std::string min_version;          ///< what the log requires; empty: nothing
  std::optional<std::string> stopped;  ///< why, in words
  WallTime updated_at;

  bool operator==(const PartitionStatus&) const = default;
};

std::string_view to_string(PartitionStatus::Role role);
std::string_view to_string(PartitionStatus::Replay replay);

using PartitionStatuses = std::shared_ptr<const std::vector<PartitionStatus>>;

/// The newest statuses of a shard's partitions, by id. Written by the shard, read by anybody.
class StatusBoard {
 public:
  PartitionStatuses read() const { return statuses_.load(std::memory_order_acquire); }
  void publish(PartitionStatuses statuses) {
    statuses_.store(std::move(statuses), std::memory_order_release);
  }

 private:
  std::atomic<PartitionStatuses> statuses_{
      std::make_shared<const std::vector<PartitionStatus>>()};
};

}  // namespace restate::worker
