#include "unit/metadata/vectors.h"

#include <restate/metadata/documents.h>

#include "metadata/tree.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::metadata;

namespace {

Bytes from_hex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    out.push_back(static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1])));
  }
  return Bytes(std::move(out));
}

}  // namespace

TEST_CASE("a recorded nodes configuration is understood", "[metadata][vectors]") {
  const auto document = decode_nodes_configuration(from_hex(test::kNodesConfigVector)).value();
  CHECK(document.version == Version{4});
  CHECK(document.cluster_name == "vec");
  CHECK(document.cluster_fingerprint == 7589796736189194187u);
  CHECK(document.features == std::vector<std::string>{"controlled-idempotent-sharding"});
  CHECK(document.modified_at == HybridTime{647149431266738177u});
  REQUIRE(document.nodes.size() == 1);
  const Node* node = document.find("n5");
  REQUIRE(node != nullptr);
  CHECK(node->id == GenerationalNodeId{NodeId{1}, 2});
  CHECK(node->address == "http://127.0.0.1:55162/");
  CHECK(node->binary_version == "1.7.12");
  CHECK(node->location.empty());
  CHECK(node->roles.size() == 5);
  CHECK(node->storage_state == StorageState::kReadWrite);
  CHECK(node->worker_state == WorkerState::kActive);
  CHECK(node->metadata_server_state == MetadataServerState::kMember);

  CHECK(decode_nodes_configuration(encode(document)).value() == document);
  // Not only our struct: the whole tree comes out as it went in, so that tools find every key.
  CHECK(decode_tree(encode(document)).value() ==
        decode_tree(from_hex(test::kNodesConfigVector)).value());
}

TEST_CASE("a recorded partition table is understood", "[metadata][vectors]") {
  const auto document = decode_partition_table(from_hex(test::kPartitionTableVector)).value();
  CHECK(document.version == Version{1});
  CHECK(std::get<ReplicationProperty>(document.replication) == ReplicationProperty{.node = 1});
  CHECK(document == PartitionTable::make(24, {}));
  CHECK(decode_tree(encode(document)).value() ==
        decode_tree(from_hex(test::kPartitionTableVector)).value());
}

TEST_CASE("recorded epoch metadata is understood", "[metadata][vectors]") {
  const auto document = decode_epoch_metadata(from_hex(test::kEpochVector)).value();
  CHECK(document.version == Version{2});
  CHECK(document.epoch == LeaderEpoch{2});
  CHECK(document.leader == LastLeader{{NodeId{1}, 2}, PartitionId{0}});
  CHECK(document.current.version == Version{1});
  CHECK(document.current.replica_set == std::vector<NodeId>{NodeId{1}});
  CHECK(document.current.modified_at == WallTime{1795287647971});
  CHECK(document.current.context.empty());
  CHECK_FALSE(document.next);
  CHECK(decode_tree(encode(document)).value() ==
        decode_tree(from_hex(test::kEpochVector)).value());
}

TEST_CASE("no damaged document is taken for a good one or crashes the reader",
          "[metadata][vectors]") {
  const std::string good = from_hex(test::kNodesConfigVector).str();
  CHECK(decode_tree(Bytes()) == Code::kCorrupt);
  CHECK(decode_tree(Bytes(std::string_view("\x02\0\0\0\0", 5))) == Code::kCorrupt);
  CHECK(decode_tree(Bytes("\x01" + good.substr(1))) == Code::kCorrupt);
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK(decode_nodes_configuration(Bytes(good.substr(0, size))) == Code::kCorrupt);
  }
  // A flipped bit may still give a valid document, but must never lead the reader astray.
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    (void)decode_nodes_configuration(Bytes(std::move(bad)));
  }
}
