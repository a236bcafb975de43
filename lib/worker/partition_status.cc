#include "worker/partition_status.h"

#include <restate/assert.h>

namespace restate::worker {

std::string_view to_string(PartitionStatus::Role role) {
  switch (role) {
    case PartitionStatus::Role::kStarting:
      return "starting";
    case PartitionStatus::Role::kFollower:
      return "follower";
    case PartitionStatus::Role::kCandidate:
      return "candidate";
    case PartitionStatus::Role::kLeader:
      return "leader";
    case PartitionStatus::Role::kStopped:
      return "stopped";
  }
  RESTATE_UNREACHABLE();
}

std::string_view to_string(PartitionStatus::Replay replay) {
  switch (replay) {
    case PartitionStatus::Replay::kStarting:
      return "starting";
    case PartitionStatus::Replay::kCatchingUp:
      return "catching-up";
    case PartitionStatus::Replay::kActive:
      return "active";
    case PartitionStatus::Replay::kStopped:
      return "stopped";
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::worker
