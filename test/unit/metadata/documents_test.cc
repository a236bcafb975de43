#include <restate/metadata/documents.h>

#include "metadata/tree.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::metadata;

namespace {

constexpr WallTime kNow{1'700'000'000'000};

JoinRequest request(std::string name) {
  return {.name = std::move(name), .address = "http://10.0.0.1:5122/", .roles = {Role::kWorker}};
}

}  // namespace

TEST_CASE("a node keeps its number and gets a new generation per start", "[metadata][nodes]") {
  auto nodes = NodesConfiguration::make("c", 7);
  CHECK(nodes.join(request("a"), kNow).value() == GenerationalNodeId{NodeId{1}, 1});
  CHECK(nodes.join(request("b"), kNow).value() == GenerationalNodeId{NodeId{2}, 1});
  CHECK(nodes.join(request("a"), kNow).value() == GenerationalNodeId{NodeId{1}, 2});
  CHECK(nodes.version == Version{4});

  SECTION("stamps grow although the clock stands still") {
    const HybridTime before = *nodes.modified_at;
    REQUIRE(nodes.set_worker_state(NodeId{1}, WorkerState::kActive, kNow).has_value());
    CHECK(*nodes.modified_at > before);
    CHECK(nodes.modified_at->wall() == kNow);
  }
  SECTION("the number of a removed node is never given again") {
    REQUIRE(nodes.remove(NodeId{2}, kNow).has_value());
    CHECK(nodes.find("b") == nullptr);
    CHECK(nodes.join(request("b"), kNow).value() == GenerationalNodeId{NodeId{3}, 1});
    CHECK(nodes.set_worker_state(NodeId{2}, WorkerState::kActive, kNow) == Code::kNotFound);
    CHECK(decode_nodes_configuration(encode(nodes)).value() == nodes);
  }
  SECTION("a forced number must be free, and stay") {
    auto forced = request("c");
    forced.force_node_id = NodeId{2};
    CHECK(nodes.join(forced, kNow) == Code::kFailedPrecondition);
    forced.force_node_id = NodeId{9};
    CHECK(nodes.join(forced, kNow).value().node == NodeId{9});
    forced.force_node_id = NodeId{10};
    CHECK(nodes.join(forced, kNow) == Code::kFailedPrecondition);
  }
  SECTION("a location is set once and not taken back") {
    auto located = request("a");
    located.location = "eu.z1";
    REQUIRE(nodes.join(located, kNow).has_value());
    REQUIRE(nodes.join(request("a"), kNow).has_value());
    CHECK(nodes.find("a")->location == "eu.z1");
  }
}

TEST_CASE("a partition table tiles the key space", "[metadata][partitions]") {
  for (const int ranges : {1, 2, 3, 24, 1000}) {
    const auto count = static_cast<std::uint16_t>(ranges);
    const auto table = PartitionTable::make(count, {});
    CHECK(decode_partition_table(encode(table)).value() == table);
    CHECK(table.find(PartitionKey{0}) == PartitionId{0});
    CHECK(table.find(PartitionKey{UINT64_MAX}).value == count - 1);
  }

  auto table = PartitionTable::make(3, {.node = 2, .zone = 2});
  table.partitions[PartitionId{1}].log = 7;
  CHECK(decode_partition_table(encode(table)).value() == table);
  CHECK(table.log_of(PartitionId{1}) == 7);
  CHECK(table.log_of(PartitionId{2}) == 2);

  SECTION("an overlap is refused") {
    --table.partitions[PartitionId{1}].keys.first;
    CHECK(decode_partition_table(encode(table)) == Code::kCorrupt);
  }
  SECTION("a gap is refused") {
    --table.partitions[PartitionId{1}].keys.last;
    CHECK(decode_partition_table(encode(table)) == Code::kCorrupt);
  }
  SECTION("a missing end is refused") {
    table.partitions.erase(PartitionId{2});
    CHECK(decode_partition_table(encode(table)) == Code::kCorrupt);
  }
}

TEST_CASE("each claim of leadership takes a new epoch", "[metadata][epoch]") {
  auto epoch = EpochMetadata::make({NodeId{1}, NodeId{2}}, {.node = 2}, kNow);
  CHECK(epoch.claim_leadership({NodeId{1}, 4}, PartitionId{5}).value() == LeaderEpoch{1});
  CHECK(epoch.claim_leadership({NodeId{2}, 1}, PartitionId{5}).value() == LeaderEpoch{2});
  CHECK(epoch.leader == LastLeader{{NodeId{2}, 1}, PartitionId{5}});
  CHECK(epoch.claim_leadership({NodeId{3}, 1}, PartitionId{5}) == Code::kFailedPrecondition);
  CHECK(epoch.version == Version{3});

  SECTION("a node of the pending replica set may lead, too") {
    epoch.reconfigure({NodeId{3}}, {}, kNow);
    CHECK(epoch.claim_leadership({NodeId{3}, 1}, PartitionId{5}).value() == LeaderEpoch{3});
    CHECK(decode_epoch_metadata(encode(epoch)).value() == epoch);
  }
  SECTION("only the reconfiguration that was looked at is completed") {
    epoch.reconfigure({NodeId{3}}, {}, kNow);
    epoch.reconfigure({NodeId{4}}, {}, kNow);
    CHECK(epoch.next->version == Version{3});
    CHECK(epoch.complete_reconfiguration(Version{1}, Version{2}) == Code::kFailedPrecondition);
    CHECK(epoch.complete_reconfiguration(Version{1}, Version{3}).has_value());
    CHECK(epoch.current.replica_set == std::vector<NodeId>{NodeId{4}});
    CHECK_FALSE(epoch.next);
    CHECK(epoch.complete_reconfiguration(Version{3}, Version{3}) == Code::kFailedPrecondition);
  }
  SECTION("policies travel with the document") {
    epoch.set_policies(LeadershipPolicy{Freeze{"maintenance"}, NodeId{2}}, PlacementPolicy{});
    CHECK(decode_epoch_metadata(encode(epoch)).value() == epoch);
    epoch.set_policies(LeadershipPolicy{std::nullopt, std::string("eu.z1")},
                       PlacementPolicy{Freeze{"disk swap"}});
    CHECK(decode_epoch_metadata(encode(epoch)).value() == epoch);
  }
}

TEST_CASE("readers of documents are tolerant", "[metadata]") {
  Tree::Map current{{"version", std::uint32_t{1}},
                    {"replication", "{node: 1}"},
                    {"replica_set", Tree::List{std::uint32_t{1}}},
                    {"modified_at", std::uint64_t{5}},
                    {"colour", "green"}};
  Tree::Map document{{"version", std::uint32_t{9}}, {"current", current}, {"future", Tree::List{}}};

  // Unknown keys are skipped; an epoch that old documents lack is their version.
  const auto epoch = decode_epoch_metadata(encode_tree(document)).value();
  CHECK(epoch.epoch == LeaderEpoch{9});
  CHECK_FALSE(epoch.leader);

  SECTION("but a field of the wrong kind is named") {
    document["current"] = "later";
    const auto refused = decode_epoch_metadata(encode_tree(document));
    REQUIRE(refused == Code::kCorrupt);
    CHECK(refused.error().message.find("pp_epoch.current") != std::string::npos);
  }
  SECTION("and a number that does not fit is no number") {
    document["version"] = std::uint64_t{1} << 32;
    CHECK(decode_epoch_metadata(encode_tree(document)) == Code::kCorrupt);
  }
}
