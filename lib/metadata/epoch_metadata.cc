#include <restate/metadata/epoch_metadata.h>

#include "metadata/field.h"

#include <algorithm>

namespace restate::metadata {
namespace {

Tree to_tree(const PartitionConfiguration& configuration) {
  Tree::List replicas;
  for (const NodeId node : configuration.replica_set) replicas.emplace_back(node.value);
  Tree::Map context;
  for (const auto& [key, text] : configuration.context) context.emplace(key, text);
  return Tree::Map{
      {"version", configuration.version.value},
      {"replication", configuration.replication.str()},
      {"replica_set", std::move(replicas)},
      {"modified_at", configuration.modified_at.ms},
      {"context", std::move(context)},
  };
}

PartitionConfiguration read_configuration(Field field) {
  PartitionConfiguration configuration;
  configuration.version = Version{field["version"].u32()};
  const Field replication = field["replication"];
  if (auto property = ReplicationProperty::parse(replication.text())) {
    configuration.replication = *property;
  } else {
    replication.fail(property.error().message);
  }
  field["replica_set"].each(
      [&](Field item) { configuration.replica_set.push_back(NodeId{item.u32()}); });
  configuration.modified_at = WallTime{field["modified_at"].u64()};
  field["context"].each_entry([&](const std::string& key, Field item) {
    configuration.context.emplace(key, item.text());
  });
  return configuration;
}

std::optional<Freeze> read_freeze(Field field) {
  if (field.absent()) return std::nullopt;
  return Freeze{field["reason"].optional_text().value_or("")};
}

LeadershipPolicy read_leadership_policy(Field field) {
  LeadershipPolicy policy;
  policy.freeze = read_freeze(field["freeze"]);
  const Field affinity = field["affinity"];
  if (affinity.absent()) return policy;
  if (const Field node = affinity["Node"]; !node.absent()) {
    policy.affinity = NodeId{node.u32()};
  } else {
    policy.affinity = affinity["Location"].text();
  }
  return policy;
}

Tree to_tree(const LeadershipPolicy& policy) {
  Tree::Map map;
  if (policy.freeze) map.emplace("freeze", Tree::Map{{"reason", policy.freeze->reason}});
  if (policy.affinity) {
    if (const auto* node = std::get_if<NodeId>(&*policy.affinity)) {
      map.emplace("affinity", Tree::Map{{"Node", node->value}});
    } else {
      map.emplace("affinity", Tree::Map{{"Location", std::get<std::string>(*policy.affinity)}});
    }
  }
  return map;
}

}  // namespace

std::string epoch_metadata_key(PartitionId partition) {
  return "pp_epoch_" + std::to_string(partition.value);
}

bool PartitionConfiguration::contains(NodeId node) const {
  return std::find(replica_set.begin(), replica_set.end(), node) != replica_set.end();
}

EpochMetadata EpochMetadata::make(std::vector<NodeId> replica_set, ReplicationProperty replication,
                                  WallTime now) {
  EpochMetadata document;
  document.version = Version{1};
  document.current = {.version = Version{1},
                      .replication = replication,
                      .replica_set = std::move(replica_set),
                      .modified_at = now};
  return document;
}

Result<LeaderEpoch> EpochMetadata::claim_leadership(GenerationalNodeId node,
                                                    PartitionId partition) {
  if (!current.contains(node.node) && !(next && next->contains(node.node))) {
    return Error{Code::kFailedPrecondition,
                 "claiming the leadership of partition " + std::to_string(partition.value) + ": " +
                     node.str() + " holds no replica of it"};
  }
  ++version.value;
  ++epoch.value;
  leader = LastLeader{node, partition};
  return epoch;
}

void EpochMetadata::reconfigure(std::vector<NodeId> replica_set, ReplicationProperty replication,
                                WallTime now) {
  const Version newest = next ? next->version : current.version;
  ++version.value;
  next = PartitionConfiguration{.version = Version{newest.value + 1},
                                .replication = replication,
                                .replica_set = std::move(replica_set),
                                .modified_at = now};
}

Result<void> EpochMetadata::complete_reconfiguration(Version current_version,
                                                     Version next_version) {
  // Somebody may have proposed another set after the caller looked: that one is not caught up.
  if (!next || current.version != current_version || next->version != next_version) {
    return Error{Code::kFailedPrecondition,
                 "completing a reconfiguration that is no longer the pending one"};
  }
  ++version.value;
  current = *std::move(next);
  next.reset();
  return {};
}

void EpochMetadata::set_policies(std::optional<LeadershipPolicy> leadership,
                                 std::optional<PlacementPolicy> placement) {
  ++version.value;
  leadership_policy = std::move(leadership);
  placement_policy = std::move(placement);
}

Bytes encode(const EpochMetadata& document) {
  Tree::Map map{
      {"version", document.version.value},
      {"epoch", document.epoch.value},
      {"leader_metadata", Tree()},
      {"current", to_tree(document.current)},
      {"next", document.next ? to_tree(*document.next) : Tree()},
  };
  if (document.leader) {
    const LastLeader& leader = *document.leader;
    map["leader_metadata"] = Tree::Map{
        {"node_id", Tree::List{leader.node.node.value, leader.node.generation}},
        {"partition_id", std::uint32_t{leader.partition.value}},
    };
  }
  if (document.leadership_policy) {
    map.emplace("leadership_policy", to_tree(*document.leadership_policy));
  }
  if (document.placement_policy) {
    Tree::Map policy;
    if (const auto& freeze = document.placement_policy->freeze) {
      policy.emplace("freeze", Tree::Map{{"reason", freeze->reason}});
    }
    map.emplace("placement_policy", std::move(policy));
  }
  return encode_tree(Tree(std::move(map)));
}

Result<EpochMetadata> decode_epoch_metadata(const Bytes& value) {
  RESTATE_TRY(const Tree tree, decode_tree(value));
  std::optional<Error> error;
  const Field root(tree, "pp_epoch", error);

  EpochMetadata document;
  document.version = Version{root["version"].u32()};
  const Field epoch = root["epoch"];
  document.epoch = LeaderEpoch{epoch.absent() ? document.version.value : epoch.u64()};
  if (const Field leader = root["leader_metadata"]; !leader.absent()) {
    document.leader = LastLeader{
        {NodeId{leader["node_id"].at(0).u32()}, leader["node_id"].at(1).u32()},
        PartitionId{leader["partition_id"].u16()}};
  }
  document.current = read_configuration(root["current"]);
  if (const Field next = root["next"]; !next.absent()) document.next = read_configuration(next);
  if (const Field policy = root["leadership_policy"]; !policy.absent()) {
    document.leadership_policy = read_leadership_policy(policy);
  }
  if (const Field policy = root["placement_policy"]; !policy.absent()) {
    document.placement_policy = PlacementPolicy{read_freeze(policy["freeze"])};
  }
  if (error) return *std::move(error);
  return document;
}

}  // namespace restate::metadata
