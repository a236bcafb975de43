#pragma once

/// \file
/// Who may lead a partition, and who did last: one document `pp_epoch_<partition>` each. Claiming
/// leadership raises the epoch by compare-and-set, which fences every earlier leader's records.

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/metadata/replication.h>
#include <restate/metadata/store.h>
#include <restate/result.h>
#include <restate/time.h>

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace restate::metadata {

std::string epoch_metadata_key(PartitionId partition);

/// The nodes that hold a partition.
struct PartitionConfiguration {
  Version version;
  ReplicationProperty replication;
  std::vector<NodeId> replica_set;
  WallTime modified_at;
  std::map<std::string, std::string> context;
  bool operator==(const PartitionConfiguration&) const = default;
  bool contains(NodeId node) const;
};

struct LastLeader {
  GenerationalNodeId node;
  PartitionId partition;
  bool operator==(const LastLeader&) const = default;
};

/// An operator's word: keep things as they are, and why.
struct Freeze {
  std::string reason;
  bool operator==(const Freeze&) const = default;
};
struct LeadershipPolicy {
  std::optional<Freeze> freeze;
  std::optional<std::variant<NodeId, std::string>> affinity;  ///< a node, or a `region.zone`
  bool operator==(const LeadershipPolicy&) const = default;
};
struct PlacementPolicy {
  std::optional<Freeze> freeze;
  bool operator==(const PlacementPolicy&) const = default;
};

/// Each operation makes the next version of the document. It is never deleted: it is a fence.
struct EpochMetadata {
  Version version;
  LeaderEpoch epoch;
  std::optional<LastLeader> leader;
  PartitionConfiguration current;
  std::optional<PartitionConfiguration> next;
  std::optional<LeadershipPolicy> leadership_policy;
  std::optional<PlacementPolicy> placement_policy;
  bool operator==(const EpochMetadata&) const = default;

  static EpochMetadata make(std::vector<NodeId> replica_set, ReplicationProperty replication,
                            WallTime now);
  /// Takes the next epoch for `node`. `kFailedPrecondition`: it holds no replica.
  Result<LeaderEpoch> claim_leadership(GenerationalNodeId node, PartitionId partition);
  /// Proposes another replica set; replaces a proposal that is pending.
  void reconfigure(std::vector<NodeId> replica_set, ReplicationProperty replication, WallTime now);
  /// Makes the proposal current. `kFailedPrecondition`: these are not the versions in force.
  Result<void> complete_reconfiguration(Version current_version, Version next_version);
  void set_policies(std::optional<LeadershipPolicy> leadership,
                    std::optional<PlacementPolicy> placement);
};

Bytes encode(const EpochMetadata& document);
/// `kCorrupt` names the field.
Result<EpochMetadata> decode_epoch_metadata(const Bytes& value);

}  // namespace restate::metadata
