#include "conformance/metadata_suite.h"

#include <restate/metadata/durable_store.h>
#include <restate/storage/memory.h>
#include <restate/storage/store.h>

#include "metadata/row.h"

using namespace restate;
using namespace restate::metadata;

namespace {

/// A node with a metadata store on its disk that can lose power.
class StoreNode {
 public:
  explicit StoreNode(testing::World& world) : world_(world) { open(); }

  conformance::SyncMetadata store() { return {world_, *store_}; }
  storage::MemoryDisk& disk() { return disk_; }
  Store& raw() { return *store_; }

  void crash(std::uint64_t seed) {
    world_.node(0).on_crash([this] {
      store_.reset();
      space_.reset();
    });
    world_.crash(world_.node(0));
    disk_.crash(seed);
    world_.restart(world_.node(0));
    open();
  }

 private:
  void open() {
    space_ = storage::open_memory_durable_space(disk_, "metadata");
    store_.emplace(world_.shard(0), *space_);
  }

  testing::World& world_;
  storage::MemoryDisk disk_{{.crashes = true}};
  std::unique_ptr<storage::DurableSpace> space_;
  std::optional<DurableStore> store_;
};

}  // namespace

TEST_CASE("what was acknowledged is there after a crash, and only whole versions", "[metadata]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    testing::World world{testing::Seed{seed}};
    StoreNode node(world);
    REQUIRE(node.store().put("a", 1, "1", Precondition::absent()).has_value());

    std::uint32_t acknowledged = 1;
    std::function<void(std::uint32_t)> write = [&](std::uint32_t version) {
      node.raw().put("a", {Version{version}, std::to_string(version)},
                     Precondition::matches(Version{version - 1}),
                     Completion<void>(world.shard(0), [&, version](Result<void> written) {
                       REQUIRE(written.has_value());
                       acknowledged = version;
                       write(version + 1);
                     }));
    };
    world.shard(0).post([&] { write(2); });
    for (std::uint64_t i = 0; i < 20 + seed; ++i) world.step();
    node.crash(seed);

    const auto found = node.store().get("a").value();
    REQUIRE(found.has_value());
    CHECK(found->version.value >= acknowledged);
    CHECK(found->version.value <= acknowledged + 1);
    CHECK(found->value == Bytes(std::to_string(found->version.value)));
  }
}

TEST_CASE("after a failed write nothing is promised any more", "[metadata]") {
  testing::World world{testing::Seed{1}};
  StoreNode node(world);
  REQUIRE(node.store().put("a", 1, "1", Precondition::absent()).has_value());
  node.disk().fail_sync();
  CHECK(node.store().put("a", 2, "2", Precondition::none()) == Code::kFailed);
  CHECK(node.store().put("a", 2, "2", Precondition::none()) == Code::kFailed);
  CHECK(node.store().get("a") == Code::kFailed);

  node.crash(1);
  CHECK(node.store().get("a").has_value());
  CHECK(node.store().put("b", 1, "1", Precondition::absent()).has_value());
}

TEST_CASE("writes that arrive while the disk is busy share the next sync", "[metadata]") {
  testing::World world{testing::Seed{1}};
  StoreNode node(world);
  REQUIRE(node.store().get("a").has_value());
  const std::uint64_t before = node.disk().syncs();
  int done = 0;
  for (int i = 0; i < 100; ++i) {
    world.shard(0).post([&, i] {
      node.raw().put(std::to_string(i), {Version{1}, "x"}, Precondition::absent(),
                     Completion<void>(world.shard(0), [&](Result<void> written) {
                       CHECK(written.has_value());
                       ++done;
                     }));
    });
  }
  REQUIRE(world.run_until([&] { return done == 100; }));
  CHECK(node.disk().syncs() - before < 5);
}

TEST_CASE("a row that is none of ours is corrupt", "[metadata]") {
  CHECK(decode_row("") == Code::kCorrupt);
  CHECK(decode_row(std::string_view("\2\0\0\0\0x", 6)) == Code::kCorrupt);
  const VersionedValue value{Version{0x01020304}, "document"};
  CHECK(decode_row(encode_row(value)) == value);
}
