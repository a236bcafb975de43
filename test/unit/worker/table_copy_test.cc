#include "worker/table_copy.h"

#include "partition/keys.h"
#include "partition/migration.h"
#include "partition/rows.h"
#include "unit/worker/stage.h"

#include <algorithm>
#include <optional>
#include <string>

using namespace restate;
using namespace restate::worker;
using namespace restate::worker::testing;
using restate::testing::make_id;

namespace {

using partition::keys::Variable;
using Rows = std::map<std::string, std::string>;

constexpr std::uint64_t kCluster = 77;
const WantedCopy kWanted{kPartition, KeyRange{}, kCluster, 0};

Rows rows_of(const storage::View& view) {
  Rows rows;
  storage::RowCallback collect([&](std::string_view key, std::string_view value) {
    rows.emplace(key, value);
    return true;
  });
  REQUIRE(view.scan("", "", collect));
  return rows;
}

/// A leader whose partition has invocations, journals and large state.
struct Original {
  Original() : stage(1), member(stage.leader()) {
    std::vector<wire::Envelope> records;
    for (std::uint8_t number = 1; number <= 40; ++number) {
      records.push_back({wire::NoDedup{}, ::restate::testing::invoke(
                                              make_id(number), ::restate::testing::service())});
    }
    for (int i = 0; i < 8; ++i) {
      wire::PatchState patch;
      patch.target = ::restate::testing::object("k" + std::to_string(i));
      patch.state["large"] = Bytes(std::string(200'000, static_cast<char>('a' + i)));
      records.push_back({wire::NoDedup{}, std::move(patch)});
    }
    stage.write(std::move(records));
    stage.settle();
  }
  Result<TableCopy> copy(std::string& to) {
    return export_tables(*member.processor->space().snapshot(), kPartition, KeyRange{}, kCluster,
                         [&to](std::string_view bytes) {
                           to.append(bytes);
                           return Result<void>();
                         });
  }

  WorkerStage stage;
  Member& member;
};

/// Hands out `bytes` in small pieces.
CopySource source_of(const std::string& bytes) {
  return [&bytes, at = std::size_t{0}]() mutable -> Result<Bytes> {
    const std::size_t size = std::min<std::size_t>(bytes.size() - at, 1000);
    at += size;
    return Bytes(std::string_view(bytes).substr(at - size, size));
  };
}

Result<TableCopy> restore(WorkerStage& stage, Member& member, const std::string& bytes,
                          const WantedCopy& wanted = kWanted) {
  std::optional<TableImport> import;
  return stage.ask<TableCopy>([&](Completion<TableCopy> done) {
    import.emplace(member.store, stage.world.shard(), wanted, source_of(bytes), std::move(done));
    import->start();
  });
}

}  // namespace

TEST_CASE("a copy of a partition's tables is what it was made from", "[worker][copy]") {
  Original original;
  std::string bytes;
  const auto exported = original.copy(bytes);
  REQUIRE(exported);
  CHECK(exported->applied == original.member.processor->machine().applied());
  const Rows rows = rows_of(original.member.processor->space());
  CHECK(exported->rows == rows.size());
  CHECK(bytes.size() > 1'600'000);

  WorkerStage stage(2);
  Member& member = stage.add();
  CHECK(restore(stage, member, bytes) == *exported);
  // It is on disk, and goes on where it was.
  member.disk.crash(5);
  auto space = member.store.open(kPartition, stage.world.shard());
  REQUIRE(space);
  CHECK(rows_of(**space) == rows);
  CHECK((*space)->committed().value == exported->applied);
  CHECK((*space)->durable().value == exported->applied);
  partition::Machine machine(kPartition, KeyRange{}, **space);
  REQUIRE(machine.open());
  CHECK(machine.applied() == exported->applied);
  space->reset();
  // What has tables is not written over; once they are dropped, it is.
  CHECK(restore(stage, member, bytes) == Code::kFailedPrecondition);
  REQUIRE(member.store.drop(kPartition));
  CHECK(restore(stage, member, bytes));
}

TEST_CASE("a copy has nothing that is about its node alone", "[worker][copy]") {
  Original original;
  std::string clean;
  REQUIRE(original.copy(clean));
  storage::Batch batch;
  batch.put(partition::keys::variable(kPartition, Variable::kSeal),
            partition::rows::encode(partition::Seal{"why", 1, 2, {3}, {}}));
  bool written = false;
  original.member.processor->space().write_local(
      batch, Completion<void>(original.stage.world.shard(), [&](Result<void>) { written = true; }));
  REQUIRE(original.stage.world.run_until([&] { return written; }));
  std::string sealed;
  REQUIRE(original.copy(sealed));
  CHECK(sealed == clean);
}

TEST_CASE("a copy of something else is refused", "[worker][copy]") {
  Original original;
  std::string bytes;
  const auto exported = original.copy(bytes);
  REQUIRE(exported);
  WorkerStage stage(2);
  Member& member = stage.add();
  WantedCopy wanted = kWanted;
  SECTION("another cluster") { wanted.fingerprint = 1; }
  SECTION("a log that begins later") { wanted.min_applied = exported->applied + 1; }
  SECTION("no copy at all") { bytes.replace(0, 8, "whatever"); }
  CHECK(restore(stage, member, bytes, wanted) == Code::kFailedPrecondition);
  auto space = member.store.open(kPartition, stage.world.shard()).value();
  CHECK(rows_of(*space).empty());
}

TEST_CASE("a damaged or unfinished copy is found out, and never served", "[worker][copy]") {
  Original original;
  std::string bytes;
  REQUIRE(original.copy(bytes));
  WorkerStage stage(2);
  SECTION("cut short anywhere") {
    for (std::size_t size = 21; size < bytes.size(); size += 90'001) {
      CAPTURE(size);
      Member& member = stage.add();
      CHECK(restore(stage, member, bytes.substr(0, size)) == Code::kCorrupt);
      auto space = member.store.open(kPartition, stage.world.shard()).value();
      partition::Machine machine(kPartition, KeyRange{}, *space);
      const auto opened = machine.open();
      CHECK((rows_of(*space).empty() || !opened));
    }
  }
  SECTION("a bit flipped anywhere") {
    for (std::size_t at = 21; at < bytes.size(); at += 90'007) {
      CAPTURE(at);
      Member& member = stage.add();
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 4);
      CHECK_FALSE(restore(stage, member, damaged));
    }
  }
  SECTION("a newer version") {
    bytes[19] = '2';
    Member& member = stage.add();
    CHECK(restore(stage, member, bytes) == Code::kUnsupported);
  }
}
