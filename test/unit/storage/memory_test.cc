#include "support/catch.h"

#include <restate/storage/memory.h>
#include <restate/testing/sync.h>

namespace restate::storage {
namespace {

using namespace std::chrono_literals;

constexpr LogletKey kKey{1};

Result<void> append(testing::World& world, LogStore& log, std::uint32_t first, Bytes record) {
  return testing::wait<void>(world, [&](Completion<void> done) {
    log.append({kKey, first, {record}}, std::move(done));
  });
}

Result<LogRead> read(testing::World& world, LogStore& log, std::uint32_t from) {
  return testing::wait<LogRead>(
      world, [&](Completion<LogRead> done) { log.read(kKey, from, 1000, std::move(done)); });
}

}  // namespace

TEST_CASE("a failed sync ends the log until it is opened anew", "[storage][memory]") {
  testing::World world{testing::Seed{1}};
  MemoryDisk disk({.crashes = true});
  {
    MemoryLogStore log(disk);
    REQUIRE(append(world, log, 1, "a"));
    disk.fail_sync();
    CHECK(append(world, log, 2, "b") == Code::kFailed);
    CHECK(append(world, log, 2, "b") == Code::kFailed);
    CHECK(read(world, log, 1) == Code::kFailed);
  }
  disk.crash(1);
  MemoryLogStore log(disk);
  auto records = read(world, log, 1);
  REQUIRE(records);
  CHECK(records->records[0] == Bytes("a"));
}

TEST_CASE("a full disk fails the store, too", "[storage][memory]") {
  testing::World world{testing::Seed{1}};
  MemoryDisk disk({.crashes = true});
  MemoryStore store(disk);
  auto space = store.open(PartitionId{0}, world.shard());
  REQUIRE(space);
  Batch batch;
  batch.put("ab", "1");
  const Commit commit{space->get(), &batch, {1}};
  REQUIRE(store.commit({&commit, 1}));
  disk.set_full(true);
  CHECK(testing::wait<void>(world, [&](Completion<void> done) {
          (*space)->flush(std::move(done));
        }) == Code::kFailed);
  CHECK((*space)->durable() == Position{0});
  const Commit next{space->get(), &batch, {2}};
  CHECK(store.commit({&next, 1}) == Code::kFailed);
}

TEST_CASE("a flipped bit is found by whoever reads the record", "[storage][memory]") {
  testing::World world{testing::Seed{1}};
  MemoryDisk disk;
  MemoryLogStore log(disk);
  for (std::uint32_t i = 1; i <= 3; ++i) REQUIRE(append(world, log, i, "x"));
  CHECK_FALSE(disk.corrupt(kKey, 4));
  REQUIRE(disk.corrupt(kKey, 2));
  auto before = read(world, log, 1);
  REQUIRE(before);
  CHECK(before->records.size() == 1);
  CHECK(read(world, log, 2) == Code::kCorrupt);
  CHECK(read(world, log, 3));
}

TEST_CASE("appends that arrive during a sync share the next one", "[storage][memory]") {
  testing::World world{testing::Seed{1}};
  MemoryDisk disk({.sync_min = 1ms, .sync_max = 1ms});
  MemoryLogStore log(disk);
  int answered = 0;
  world.shard().post([&] {
    for (std::uint32_t i = 1; i <= 50; ++i) {
      log.append({kKey, i, {Bytes("x")}}, Completion<void>(world.shard(), [&](Result<void> result) {
                   CHECK(result);
                   ++answered;
                 }));
    }
  });
  REQUIRE(world.run_until([&] { return answered == 50; }));
  CHECK(disk.syncs() == 1);
}

TEST_CASE("a store can be overloaded and recover", "[storage][memory]") {
  testing::World world{testing::Seed{1}};
  MemoryDisk disk;
  MemoryStore store(disk);
  auto space = store.open(PartitionId{0}, world.shard());
  REQUIRE(space);
  Batch batch;
  batch.put("ab", "1");
  const Commit commit{space->get(), &batch, {1}};
  world.set_fault("storage/commit/overloaded", 1'000'000);
  CHECK(store.commit({&commit, 1}) == Code::kOverloaded);
  CHECK((*space)->committed() == Position{0});
  world.set_fault("storage/commit/overloaded", 0);
  CHECK(store.commit({&commit, 1}));
}

TEST_CASE("durable rows in memory survive a crash", "[storage][memory]") {
  MemoryDisk disk({.crashes = true});
  {
    auto space = open_memory_durable_space(disk, "metadata");
    Batch batch;
    batch.put("a", "1");
    batch.put("b", "2");
    batch.erase("a");
    REQUIRE(space->write(batch));
    disk.fail_sync();
    batch.put("c", "3");
    CHECK(space->write(batch) == Code::kFailed);
    CHECK(space->write(batch) == Code::kFailed);
  }
  disk.crash(7);
  auto space = open_memory_durable_space(disk, "metadata");
  CHECK(space->get("a")->has_value() == false);
  CHECK(space->get("b")->value() == Bytes("2"));
  CHECK(space->get("c")->has_value() == false);
  CHECK(open_memory_durable_space(disk, "other")->get("b")->has_value() == false);
}

}  // namespace restate::storage
