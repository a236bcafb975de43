#include "worker/copier.h"

#include "storage/memory/memory_files.h"
#include "unit/worker/stage.h"

#include <algorithm>
#include <string>
#include <utility>

using namespace restate;
using namespace restate::worker;
using namespace restate::worker::testing;
using restate::testing::make_id;

namespace {

constexpr std::uint64_t kFingerprint = 77;

WorkerOptions options() {
  WorkerOptions options;
  options.fingerprint = kFingerprint;
  options.copies_kept = 2;
  return options;
}

/// A log with one invocation per record, and a place for copies.
struct CopyFixture {
  explicit CopyFixture(std::uint64_t seed) : stage(seed) {}

  void write(std::uint8_t first, std::uint8_t last) {
    for (std::uint8_t number = first; number <= last; ++number) {
      stage.write({{wire::NoDedup{}, ::restate::testing::invoke(make_id(number),
                                                                ::restate::testing::service())}});
    }
    stage.settle();
  }
  Result<TableCopy> copy(Member& member) {
    return stage.ask<TableCopy>(
        [&](Completion<TableCopy> done) { member.processor->copy_tables(std::move(done)); });
  }
  void trim(std::uint64_t upto) {
    REQUIRE(stage.logs.call<bifrost::Lsn>(0, [&](Completion<bifrost::Lsn> done) {
      stage.logs.bifrost().trim(kLog, bifrost::Lsn{upto}, std::move(done));
    }));
  }
  void lead(Member& member, std::uint64_t needed = 0) {
    member.start(needed);
    REQUIRE(stage.world.run_until([&] { return member.leads(); }));
  }
  void stops(Member& member, std::uint64_t needed = 0) {
    member.start(needed);
    REQUIRE(stage.world.run_until(
        [&] { return member.processor->role() == PartitionProcessor::Role::kStopped; }));
  }
  bool has(Member& member, std::uint8_t first, std::uint8_t last) {
    for (std::uint8_t number = first; number <= last; ++number) {
      if (!member.status(make_id(number))) return false;
    }
    return true;
  }
  std::string file_of(std::uint64_t applied) {
    const std::string digits = std::to_string(applied);
    return "/copies/0/lsn_" + std::string(20 - digits.size(), '0') + digits + ".tables";
  }

  storage::MemoryFiles files;
  std::unique_ptr<CopyStore> copies = make_copy_directory("/copies", &files);
  WorkerStage stage;
};

/// Keeps copies in another store, and counts how often a piece is written.
class WatchedCopies final : public CopyStore {
 public:
  explicit WatchedCopies(CopyStore& store) : store_(store) {}

  Result<std::unique_ptr<CopyWriter>> create(PartitionId partition) override {
    RESTATE_TRY(auto writer, store_.create(partition));
    return std::unique_ptr<CopyWriter>(std::make_unique<Writer>(*this, std::move(writer)));
  }
  Result<std::vector<std::uint64_t>> list(PartitionId partition) override {
    return store_.list(partition);
  }
  Result<CopySource> open(PartitionId partition, std::uint64_t applied) override {
    return store_.open(partition, applied);
  }
  Result<void> remove(PartitionId partition, std::uint64_t applied) override {
    return store_.remove(partition, applied);
  }

  int writes = 0;
  Function<void()> at_write;  ///< before the next one, once

 private:
  struct Writer final : CopyWriter {
    Writer(WatchedCopies& o, std::unique_ptr<CopyWriter> w) : owner(o), inner(std::move(w)) {}
    Result<void> write(std::string_view bytes) override {
      ++owner.writes;
      if (owner.at_write) std::exchange(owner.at_write, {})();
      return inner->write(bytes);
    }
    Result<void> finish(std::uint64_t applied) override { return inner->finish(applied); }
    WatchedCopies& owner;
    std::unique_ptr<CopyWriter> inner;
  };

  CopyStore& store_;
};

/// All of a small copy.
std::string content(CopyStore& store, std::uint64_t applied) {
  auto source = store.open(kPartition, applied);
  REQUIRE(source);
  return std::string((*source)().value().view());
}

bool has_drafts(storage::MemoryFiles& files) {
  const auto names = files.list("/copies/0").value();
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.ends_with(".part"); });
}

}  // namespace

TEST_CASE("lost tables come from a copy, and the log has the rest", "[worker][copy]") {
  CopyFixture f(1);
  Member& member = f.stage.add(options());
  member.keep_copies(f.copies.get());
  f.lead(member);
  f.write(1, 20);
  const auto copy = f.copy(member);
  REQUIRE(copy);
  CHECK(copy->applied == member.processor->machine().applied());
  CHECK(f.copies->list(kPartition).value() == std::vector{copy->applied});
  f.write(21, 40);
  member.close();

  SECTION("tables that are there are used") {
    const std::uint64_t before = member.store.open(kPartition, f.stage.world.shard())
                                     .value()->committed().value;
    REQUIRE(f.files.flip_bit(f.file_of(copy->applied), 100));
    f.lead(member);
    CHECK(member.processor->machine().applied() > before);
  }
  SECTION("the tables are gone") {
    REQUIRE(member.store.drop(kPartition));
    SECTION("and so is the log before the copy") { f.trim(copy->applied); }
    SECTION("and the log has it all") {}
    f.lead(member);
  }
  SECTION("the restore is cut off, and begun again") {
    REQUIRE(member.store.drop(kPartition));
    f.trim(copy->applied);
    for (std::uint64_t life = 0; life < 8; ++life) {
      member.start();
      for (std::uint64_t events = f.stage.world.random().below(12); events > 0; --events) {
        f.stage.world.run_for(Duration(1));
      }
      member.close();
      member.disk.crash(life);
    }
    f.lead(member);
  }
  CHECK(f.has(member, 1, 40));
  CHECK_FALSE(member.status(make_id(41)));
}

TEST_CASE("of several copies the newest that can be read is taken", "[worker][copy]") {
  CopyFixture f(2);
  Member& member = f.stage.add(options());
  member.keep_copies(f.copies.get());
  f.lead(member);
  std::vector<std::uint64_t> made;
  for (std::uint8_t round = 0; round < 3; ++round) {
    f.write(static_cast<std::uint8_t>(1 + 10 * round), static_cast<std::uint8_t>(10 + 10 * round));
    const auto copy = f.copy(member);
    REQUIRE(copy);
    made.push_back(copy->applied);
  }
  // Two are kept.
  CHECK(f.copies->list(kPartition).value() == std::vector{made[2], made[1]});
  member.close();
  REQUIRE(member.store.drop(kPartition));
  f.trim(made[1]);
  SECTION("one is damaged") {
    REQUIRE(f.files.flip_bit(f.file_of(made[2]), 300));
    f.lead(member);
    CHECK(f.has(member, 1, 30));
  }
  SECTION("both are") {
    REQUIRE(f.files.flip_bit(f.file_of(made[1]), 300));
    REQUIRE(f.files.flip_bit(f.file_of(made[2]), 300));
    f.stops(member);
    CHECK(member.failed->code == Code::kCorrupt);
    CHECK(member.stopped == Recovery::kRetry);
  }
  SECTION("they are of another cluster") {
    WorkerOptions others = options();
    others.fingerprint = 5;
    Member& stranger = f.stage.add(others);
    stranger.keep_copies(f.copies.get());
    f.stops(stranger);
    CHECK(stranger.failed->code == Code::kFailedPrecondition);
  }
}

TEST_CASE("tables that end before the log begins are replaced by a copy, or not served",
          "[worker][copy]") {
  CopyFixture f(3);
  Member& member = f.stage.add(options());
  member.keep_copies(f.copies.get());
  f.lead(member);
  f.write(1, 10);
  const auto copy = f.copy(member);
  REQUIRE(copy);
  f.write(11, 20);
  const std::uint64_t applied = member.processor->machine().applied();

  Member& late = f.stage.add(options());
  SECTION("without a place for copies") {
    f.trim(applied);
    f.stops(late);
    CHECK(late.failed->code == Code::kTrimmed);
    CHECK(late.processor->missing() == applied);
    CHECK(late.stopped == Recovery::kWaitLong);
  }
  SECTION("the copy is too old") {
    f.trim(applied);
    late.keep_copies(f.copies.get());
    f.stops(late);  // the copy is restored, and the log has a gap behind it
    CHECK(late.processor->missing() == applied);
    CHECK(late.stopped == Recovery::kRetry);
    late.close();
    f.stops(late, applied);
    CHECK(late.failed->code == Code::kTrimmed);
    CHECK(late.stopped == Recovery::kWaitLong);
    late.close();
    // A later copy helps, though there are tables.
    REQUIRE(f.copy(member));
    f.lead(late, applied);
    CHECK(f.has(late, 1, 20));
  }
  SECTION("the tables reach further than what is needed") {
    late.keep_copies(f.copies.get());
    f.lead(late, copy->applied - 1);
    CHECK(f.has(late, 1, 20));
  }
}

TEST_CASE("a leader copies its tables by itself, and the log keeps what a copy needs",
          "[worker][copy]") {
  CopyFixture f(4);
  WorkerOptions wanted = options();
  wanted.copies_kept = 1;
  wanted.copy_records = 25;
  wanted.copy_interval = 10s;
  wanted.trim_delay = 1s;
  wanted.durability_check = 1s;
  wanted.checkpoint_interval = 1s;
  Member& member = f.stage.add(wanted);
  member.keep_copies(f.copies.get());
  f.lead(member);
  f.write(1, 10);
  f.stage.world.run_for(1min);
  CHECK(f.copies->list(kPartition).value().empty());
  CHECK(member.processor->status().reported == 0);  // too few records
  f.write(11, 40);
  f.stage.world.run_for(1min);
  const auto first = f.copies->list(kPartition).value();
  REQUIRE(first.size() == 1);
  f.write(41, 50);
  f.stage.world.run_for(1min);
  CHECK(f.copies->list(kPartition).value() == first);
  CHECK(member.processor->status().reported > 0);
  CHECK(member.processor->status().reported <= first[0]);
  f.write(51, 80);
  f.stage.world.run_for(1min);
  const auto second = f.copies->list(kPartition).value();
  REQUIRE(second.size() == 1);
  CHECK(second[0] > first[0]);
  // Whatever the log has given up since, the copy makes up for.
  member.close();
  REQUIRE(member.store.drop(kPartition));
  f.lead(member);
  CHECK(f.has(member, 1, 80));
}

TEST_CASE("who asks for a copy without a place for it is told so", "[worker][copy]") {
  CopyFixture f(5);
  Member& member = f.stage.leader(options());
  CHECK(f.copy(member) == Code::kFailedPrecondition);
}

TEST_CASE("two copies of one partition may be written at once", "[worker][copy]") {
  storage::MemoryFiles files;
  const auto store = make_copy_directory("/copies", &files);
  auto first = store->create(kPartition).value();
  auto second = store->create(kPartition).value();
  REQUIRE(first->write("first,"));
  REQUIRE(second->write("second, which is longer"));
  REQUIRE(first->write(" and its end"));
  REQUIRE(first->finish(1));
  REQUIRE(second->finish(2));
  CHECK(content(*store, 1) == "first, and its end");
  CHECK(content(*store, 2) == "second, which is longer");
  SECTION("and so may others, up to a number") {
    std::vector<std::unique_ptr<CopyWriter>> writers;
    auto next = store->create(kPartition);
    for (; next && writers.size() < 1000; next = store->create(kPartition)) {
      writers.push_back(*std::move(next));
    }
    CHECK(next == Code::kOverloaded);
    writers.clear();
    CHECK(store->create(kPartition));
  }
  first.reset();
  second.reset();
  CHECK_FALSE(has_drafts(files));
  CHECK(store->list(kPartition).value() == std::vector<std::uint64_t>{2, 1});
}

TEST_CASE("what is left of copies that nobody writes any more is removed", "[worker][copy]") {
  storage::MemoryFiles files;
  const auto store = make_copy_directory("/copies", &files);
  REQUIRE(store->list(kPartition).value().empty());
  for (const char* name : {"new.part", "new_0.part", "new_1.part", "new_77777777777777777777.part"}) {
    REQUIRE(files.create(std::string("/copies/0/") + name));
  }
  SECTION("all of it") {
    CHECK(store->list(kPartition).value().empty());
    CHECK_FALSE(has_drafts(files));
  }
  SECTION("but not what is being written") {
    auto writer = store->create(kPartition).value();
    REQUIRE(writer->write("content"));
    CHECK(store->list(kPartition).value().empty());
    CHECK(has_drafts(files));
    REQUIRE(writer->finish(5));
    CHECK(content(*store, 5) == "content");
    CHECK_FALSE(has_drafts(files));
  }
  SECTION("a writer that gives up leaves nothing") {
    auto writer = store->create(kPartition).value();
    CHECK(store->list(kPartition).value().empty());
    writer.reset();
    CHECK_FALSE(has_drafts(files));
  }
}

TEST_CASE("a copy whose partition has closed meanwhile is given up", "[worker][copy]") {
  CopyFixture f(6);
  WatchedCopies copies(*f.copies);
  Member& member = f.stage.add(options());
  member.keep_copies(&copies);
  f.lead(member);
  f.write(1, 20);
  std::optional<Result<TableCopy>> answer;
  member.processor->copy_tables(Completion<TableCopy>(
      f.stage.world.shard(), [&](Result<TableCopy> copy) { answer = std::move(copy); }));
  SECTION("before it has begun") {
    member.close();
    f.stage.settle();
    CHECK(copies.writes == 0);
  }
  SECTION("while it is written") {
    copies.at_write = [&] { member.close(); };
    f.stage.settle();
    CHECK(copies.writes == 1);
  }
  REQUIRE(answer);
  CHECK(*answer == Code::kShutdown);
  CHECK(f.copies->list(kPartition).value().empty());
  CHECK_FALSE(has_drafts(f.files));
  f.lead(member);
  CHECK(f.copy(member));
}
