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

#pragma GCC visibility push(default)

namespace restate::metadata {

/// `pp_epoch_<partition>`
std::string epoch_metadata_key(PartitionId partition);

/// The nodes that hold a partition.
struct PartitionConfiguration {
  Version version;                             ///< counts from 1; 0 is an empty configuration
  ReplicationProperty replication;             ///< how many copies there should be
  std::vector<NodeId> replica_set;             ///< the nodes that hold them
  WallTime modified_at;                        ///< when it was proposed
  std::map<std::string, std::string> context;  ///< for people: why
  bool operator==(const PartitionConfiguration&) const = default;
  /// Whether `node` is in the replica set.
  bool contains(NodeId node) const;
};

/// Who claimed the newest epoch.
struct LastLeader {
  GenerationalNodeId node;  ///< with the generation that claimed
  PartitionId partition;    ///< of this very document
  bool operator==(const LastLeader&) const = default;
};

/// An operator's word: keep things as they are, and why.
struct Freeze {
  std::string reason;  ///< shown to other operators
  bool operator==(const Freeze&) const = default;
};
/// What an operator wants of leadership, if anything.
struct LeadershipPolicy {
  std::optional<Freeze> freeze;  ///< present: nobody else is made leader
  std::optional<std::variant<NodeId, std::string>> affinity;  ///< a node, or a `region.zone`
  bool operator==(const LeadershipPolicy&) const = default;
};
/// What an operator wants of replica sets, if anything.
struct PlacementPolicy {
  std::optional<Freeze> freeze;  ///< present: the replica set stays as it is
  bool operator==(const PlacementPolicy&) const = default;
};

/// Each operation makes the next version of the document. It is never deleted: it is a fence.
struct EpochMetadata {
  Version version;                                    ///< of the document
  LeaderEpoch epoch;                                  ///< the newest that was claimed
  std::optional<LastLeader> leader;                   ///< nothing: nobody has led yet
  PartitionConfiguration current;                     ///< in force
  std::optional<PartitionConfiguration> next;         ///< proposed, and not in force yet
  std::optional<LeadershipPolicy> leadership_policy;  ///< nothing: none was set
  std::optional<PlacementPolicy> placement_policy;    ///< nothing: none was set
  bool operator==(const EpochMetadata&) const = default;

  /// The first version of a document: nobody leads, and `replica_set` is in force.
  static EpochMetadata make(std::vector<NodeId> replica_set, ReplicationProperty replication,
                            WallTime now);
  /// Takes the next epoch for `node`. `kFailedPrecondition`: it holds no replica.
  Result<LeaderEpoch> claim_leadership(GenerationalNodeId node, PartitionId partition);
  /// Proposes another replica set; replaces a proposal that is pending.
  void reconfigure(std::vector<NodeId> replica_set, ReplicationProperty replication, WallTime now);
  /// Makes the proposal current. `kFailedPrecondition`: these are not the versions in force.
  Result<void> complete_reconfiguration(Version current_version, Version next_version);
  /// Replaces both policies; nothing takes one away.
  void set_policies(std::optional<LeadershipPolicy> leadership,
                    std::optional<PlacementPolicy> placement);
};

/// As the metadata store keeps it (docs/formats/metadata.md).
Bytes encode(const EpochMetadata& document);
/// `kCorrupt` names the field.
Result<EpochMetadata> decode_epoch_metadata(const Bytes& value);

}  // namespace restate::metadata

#pragma GCC visibility pop
