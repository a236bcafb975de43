#include "support/bifrost.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::bifrost;
using testing::BifrostNode;
using testing::Collector;
using testing::kLog;
using testing::Seed;
using testing::World;

namespace {

using Strings = std::vector<std::string>;
constexpr KeyRange kAll{};

}  // namespace

TEST_CASE("a log is appended to, read, and still there after a crash", "[bifrost]") {
  const std::string provider = GENERATE("local", "in-memory");
  CAPTURE(provider);
  World world{Seed{1}};
  BifrostNode node(world, provider);
  REQUIRE(node.ensure_log(kLog).has_value());
  REQUIRE(node.ensure_log(kLog).has_value());
  CHECK(node.find_tail(kLog) == LogTail{Lsn{1}, false});

  Collector collector;
  auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
  CHECK(node.append(kLog, {"a", "b"}) == Lsn{2});
  CHECK(node.append(kLog, {"c"}) == Lsn{3});
  CHECK(node.find_tail(kLog) == LogTail{Lsn{4}, false});
  REQUIRE(world.run_until_idle());
  CHECK(collector.texts() == Strings{"a", "b", "c"});

  node.crash(1, [&] { stream.reset(); });
  CHECK(node.find_tail(kLog) == LogTail{Lsn{4}, false});
  CHECK(node.append(kLog, {"d"}) == Lsn{4});
  Collector again(Lsn{2});
  stream = node.bifrost().read(kLog, Lsn{2}, kAll, again);
  REQUIRE(world.run_until_idle());
  CHECK(again.texts() == Strings{"b", "c", "d"});
}

TEST_CASE("what cannot be appended is refused before anything is written", "[bifrost]") {
  World world{Seed{1}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  CHECK(node.append(LogId{9}, {"a"}) == Code::kNotFound);
  CHECK(node.find_tail(LogId{9}) == Code::kNotFound);
  CHECK(node.append(kLog, {}) == Code::kInvalidArgument);
  CHECK(node.append(kLog, {"a", std::string((64u << 20) + 1, 'x')}) == Code::kInvalidArgument);
  CHECK(node.find_tail(kLog) == LogTail{Lsn{1}, false});
  CHECK(node.seal_and_extend(kLog, "replicated") == Code::kUnsupported);
}

TEST_CASE("nothing is written behind an append that was refused", "[bifrost]") {
  World world{Seed{12}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  std::vector<Result<Lsn>> answers;
  const auto append = [&](const Strings& bodies) {
    node.bifrost().append(kLog, testing::records(bodies),
                          Completion<Lsn>(world.shard(), [&](Result<Lsn> answer) {
                            answers.push_back(std::move(answer));
                          }));
  };
  world.shard().post([&] {
    append({std::string((64u << 20) + 1, 'x')});
    append({"a"});  // nobody has told us of the refusal yet
  });
  REQUIRE(world.run_until_idle());
  REQUIRE(answers.size() == 2);
  CHECK(answers[0] == Code::kInvalidArgument);
  CHECK(answers[1] == Code::kUnavailable);
  CHECK(node.append(kLog, {"b"}) == Lsn{1});
}

TEST_CASE("a log that another shard made is found", "[bifrost]") {
  World world{Seed{3}, {.shards = 3}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(LogId{1}, 0).has_value());
  CHECK(node.append(LogId{1}, {"a"}, 1) == Lsn{1});
  // Shards that do not own it, too: the admin API asks from shard 0.
  CHECK(node.find_tail(LogId{1}, 0) == LogTail{Lsn{2}, false});
  CHECK(node.append(LogId{1}, {"b"}, 2) == Lsn{2});
  Collector collector;
  auto stream = node.bifrost(0).read(LogId{1}, kOldestLsn, kAll, collector);
  CHECK(node.append(LogId{1}, {"c"}, 1) == Lsn{3});
  REQUIRE(world.run_until_idle());
  CHECK(collector.texts() == Strings{"a", "b", "c"});
  CHECK(node.seal_and_extend(LogId{1}, "", 0) == Lsn{4});
  CHECK(node.append(LogId{1}, {"d"}, 1) == Lsn{4});
  CHECK(node.trim(LogId{1}, 3, 2) == Lsn{3});
  CHECK(node.trim_point(LogId{1}, 0) == Lsn{3});
  CHECK(node.append(LogId{1}, {"e"}, 1) == Lsn{5});
  REQUIRE(world.run_until_idle());
  CHECK(collector.texts() == Strings{"a", "b", "c", "d", "e"});
}

TEST_CASE("many shards create many logs at once", "[bifrost]") {
  World world{Seed{4}, {.shards = 4}};
  BifrostNode node(world);
  int done = 0;
  for (std::uint32_t shard = 0; shard < 4; ++shard) {
    for (std::uint32_t log = 0; log < 24; ++log) {
      world.shard(shard).post([&, shard, log] {
        node.bifrost(shard).ensure_log(LogId{log},
                                       Completion<void>(world.shard(shard), [&](Result<void> made) {
                                         CHECK(made.has_value());
                                         ++done;
                                       }));
      });
    }
  }
  REQUIRE(world.run_until([&] { return done == 96; }));
  for (std::uint32_t log = 0; log < 24; ++log) {
    CHECK(node.append(LogId{log}, {"a"}, log % 4) == Lsn{1});
  }
}

TEST_CASE("a reader goes from segment to segment", "[bifrost][reader]") {
  World world{Seed{5}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  REQUIRE(node.append(kLog, {"a", "b"}).has_value());
  CHECK(node.seal_and_extend(kLog, "in-memory") == Lsn{3});
  CHECK(node.seal_and_extend(kLog) == Lsn{3});  // nothing was written to that one
  REQUIRE(node.append(kLog, {"c"}) == Lsn{3});
  CHECK(node.seal_and_extend(kLog, "in-memory") == Lsn{4});
  REQUIRE(node.append(kLog, {"d"}) == Lsn{4});

  for (std::uint64_t from = 1; from <= 5; ++from) {
    Collector collector{Lsn{from}};
    auto stream = node.bifrost().read(kLog, Lsn{from}, kAll, collector);
    REQUIRE(world.run_until_idle());
    const Strings all{"a", "b", "c", "d"};
    CHECK(collector.texts() == Strings(all.begin() + static_cast<std::ptrdiff_t>(from - 1), all.end()));
  }
}

TEST_CASE("who reads what was trimmed is told of the gap", "[bifrost][reader]") {
  World world{Seed{6}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  CHECK(node.trim_point(kLog) == kInvalidLsn);
  REQUIRE(node.append(kLog, {"a", "b", "c"}).has_value());
  REQUIRE(node.seal_and_extend(kLog).has_value());
  REQUIRE(node.append(kLog, {"d", "e", "f"}).has_value());

  SECTION("inside a segment") {
    CHECK(node.trim(kLog, 2) == Lsn{2});
    Collector collector;
    auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
    REQUIRE(world.run_until_idle());
    CHECK(collector.texts() == Strings{"trim 1..2", "c", "d", "e", "f"});
  }
  SECTION("over whole segments, which leave the chain and the disk") {
    CHECK(node.trim(kLog, 4) == Lsn{4});
    CHECK(node.trim_point(kLog) == Lsn{4});
    CHECK(node.trim(kLog, 1) == Lsn{4});
    REQUIRE(world.run_until_idle());
    const auto state = node.call<storage::LogletState>(
        0, [&](auto done) { node.log_store().state(storage::LogletKey{0}, std::move(done)); });
    CHECK(state == storage::LogletState{});
    Collector collector;
    auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
    REQUIRE(world.run_until_idle());
    CHECK(collector.texts() == Strings{"trim 1..4", "e", "f"});
  }
  SECTION("up to the tail and no further") {
    CHECK(node.trim(kLog, 1000) == Lsn{6});
    CHECK(node.append(kLog, {"g"}) == Lsn{7});
    Collector collector;
    auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
    REQUIRE(world.run_until_idle());
    CHECK(collector.texts() == Strings{"trim 1..6", "g"});
  }
  SECTION("while the reader stands still") {
    Collector collector;
    auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
    stream->pause();
    CHECK(node.trim(kLog, 5) == Lsn{5});
    stream->resume();
    REQUIRE(world.run_until_idle());
    CHECK(collector.texts() == Strings{"trim 1..5", "f"});
  }
  SECTION("after a crash, too") {
    CHECK(node.trim(kLog, 4) == Lsn{4});
    node.crash(1);
    CHECK(node.trim_point(kLog) == Lsn{4});
    CHECK(node.find_tail(kLog) == LogTail{Lsn{7}, false});
  }
}

TEST_CASE("records for others arrive as gaps", "[bifrost][reader]") {
  World world{Seed{7}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  RecordBatch batch;
  for (const std::uint64_t key : {5u, 15u, 16u, 5u, 17u}) {
    batch.push_back({WallTime{1}, RecordKeys::single(PartitionKey{key}), std::to_string(key), {}});
  }
  batch.push_back({WallTime{1}, RecordKeys::none(), "all", {}});
  batch.push_back({WallTime{1}, RecordKeys::single(PartitionKey{99}), "99", {}});
  REQUIRE(node.call<Lsn>(0, [&](auto done) {
            node.bifrost().append(kLog, batch, std::move(done));
          }) == Lsn{7});
  // The very last record before the end is filtered: the reader must get past it all the same.
  REQUIRE(node.seal_and_extend(kLog).has_value());
  REQUIRE(node.append(kLog, {"next"}).has_value());

  Collector collector;
  auto stream = node.bifrost().read(kLog, kOldestLsn, KeyRange{0, 10}, collector);
  REQUIRE(world.run_until_idle());
  CHECK(collector.texts() ==
        Strings{"5", "filtered 2..3", "5", "filtered 5..5", "all", "filtered 7..7", "next"});
}

TEST_CASE("a log that was ended takes no appends until it is extended", "[bifrost]") {
  World world{Seed{8}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  REQUIRE(node.append(kLog, {"a"}).has_value());
  CHECK(node.seal(kLog) == Lsn{2});
  CHECK(node.seal(kLog) == Lsn{2});
  CHECK(node.find_tail(kLog) == LogTail{Lsn{2}, true});

  std::optional<Result<Lsn>> answer;
  world.shard(0).post([&] {
    node.bifrost().append(kLog, testing::records({"b"}),
                          Completion<Lsn>(world.shard(0), [&](auto result) { answer = result; }));
  });
  world.run_for(std::chrono::minutes(1));
  CHECK_FALSE(answer.has_value());
  CHECK(node.seal_and_extend(kLog) == Lsn{2});
  REQUIRE(world.run_until([&] { return answer.has_value(); }));
  CHECK(*answer == Lsn{2});
  CHECK(node.find_tail(kLog) == LogTail{Lsn{3}, false});
}

TEST_CASE("a half-done reconfiguration is finished by whoever comes next", "[bifrost]") {
  World world{Seed{9}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  REQUIRE(node.append(kLog, {"a"}).has_value());
  // Somebody sealed the loglet and died before the chain knew.
  auto loglet = node.call<std::shared_ptr<Loglet>>(0, [&](auto done) {
    node.local().open(LogletId{kLog, SegmentIndex{0}}, "", world.shard(0), std::move(done));
  });
  REQUIRE(node.call<Tail>(0, [&](auto done) { (*loglet)->seal(std::move(done)); }).has_value());

  SECTION("an appender extends the log") {
    CHECK(node.append(kLog, {"b"}) == Lsn{2});
    CHECK(node.find_tail(kLog) == LogTail{Lsn{3}, false});
  }
  SECTION("who asks for the tail ends the chain, and appenders go on") {
    CHECK(node.find_tail(kLog) == LogTail{Lsn{2}, true});
    CHECK(node.append(kLog, {"b"}) == Lsn{2});
    CHECK(node.find_tail(kLog) == LogTail{Lsn{3}, false});
  }
  SECTION("a reader that waits ends the chain, and reads on") {
    Collector collector;
    auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
    REQUIRE(world.run_until_idle());
    CHECK(node.find_tail(kLog) == LogTail{Lsn{2}, true});
    CHECK(node.append(kLog, {"b"}) == Lsn{2});
    REQUIRE(world.run_until_idle());
    CHECK(collector.texts() == Strings{"a", "b"});
  }
  SECTION("after a crash, as well") {
    loglet = Error{Code::kShutdown, ""};
    node.crash(1);
    CHECK(node.append(kLog, {"b"}) == Lsn{2});
  }
}

TEST_CASE("a reader near the tail gets the appended objects, in large spans", "[bifrost][reader]") {
  struct Tag final : Decoded {};
  World world{Seed{10}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  Collector collector;
  auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
  REQUIRE(node.append(kLog, {"first"}).has_value());
  REQUIRE(world.run_until_idle());
  const int before = collector.deliveries;

  const auto tag = std::make_shared<const Tag>();
  world.shard(0).post([&] {
    for (int i = 0; i < 100; ++i) {
      RecordBatch batch = testing::records({std::to_string(i)});
      batch[0].decoded = tag;
      node.bifrost().append(kLog, std::move(batch), Completion<Lsn>(world.shard(0), [](auto) {}));
    }
  });
  REQUIRE(world.run_until([&] { return collector.all.size() == 101; }));
  CHECK(collector.all.back().record.decoded == tag);
  CHECK(collector.deliveries - before <= 3);

  SECTION("one that starts later reads the disk") {
    node.crash(1, [&] { stream.reset(); });
    Collector late;
    stream = node.bifrost().read(kLog, kOldestLsn, kAll, late);
    REQUIRE(world.run_until([&] { return late.all.size() == 101; }));
    CHECK(late.all.back().record.decoded == nullptr);
    CHECK(late.all.back().record.body == Bytes("99"));
  }
}

TEST_CASE("a paused reader gets nothing, and then all", "[bifrost][reader]") {
  World world{Seed{11}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  Collector collector;
  auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
  stream->pause();
  Strings expected;
  const std::string large(100'000, 'x');
  for (int i = 0; i < 120; ++i) {  // more than stays in memory
    expected.push_back(std::to_string(i) + large);
    REQUIRE(node.append(kLog, {expected.back()}).has_value());
  }
  CHECK(collector.all.empty());
  int pauses = 0;
  collector.then = [&] {
    if (++pauses % 2 == 0 || collector.all.size() == expected.size()) return;
    stream->pause();
    world.shard(0).post([&] { stream->resume(); });
  };
  stream->resume();
  REQUIRE(world.run_until([&] { return collector.all.size() == expected.size(); }));
  CHECK(collector.texts() == expected);
}

TEST_CASE("a reader may go away inside its own delivery", "[bifrost][reader]") {
  World world{Seed{12}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  Collector collector;
  auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
  collector.then = [&] { stream.reset(); };
  REQUIRE(node.append(kLog, {"a"}).has_value());
  REQUIRE(world.run_until_idle());
  REQUIRE(node.append(kLog, {"b"}).has_value());
  REQUIRE(world.run_until_idle());
  CHECK(collector.texts() == Strings{"a"});
}

TEST_CASE("a damaged record ends the stream and is named", "[bifrost][reader]") {
  World world{Seed{13}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  REQUIRE(node.append(kLog, {"a", "b", "c"}).has_value());
  node.crash(1);
  REQUIRE(node.disk().corrupt(storage::LogletKey{0}, 2));
  Collector collector;
  auto stream = node.bifrost().read(kLog, kOldestLsn, kAll, collector);
  REQUIRE(world.run_until_idle());
  REQUIRE(collector.error.has_value());
  CHECK(collector.error->code == Code::kCorrupt);
  CHECK(collector.all.size() <= 1);
}

TEST_CASE("when the disk refuses, nothing is acknowledged any more", "[bifrost]") {
  World world{Seed{14}};
  BifrostNode node(world);
  REQUIRE(node.ensure_log(kLog).has_value());
  REQUIRE(node.append(kLog, {"a"}).has_value());
  node.disk().fail_sync();
  CHECK(node.append(kLog, {"b"}) == Code::kFailed);
  CHECK(node.append(kLog, {"c"}) == Code::kFailed);
  CHECK(node.find_tail(kLog) == Code::kFailed);
  node.crash(2);
  CHECK(node.append(kLog, {"d"}).has_value());
}

TEST_CASE("everything that is asked is answered when the engine closes", "[bifrost]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    World world{Seed{seed}, {.shards = 2}};
    auto node = std::make_unique<BifrostNode>(world);
    node->disk().set_sync_time(std::chrono::microseconds(20), std::chrono::microseconds(800));
    REQUIRE(node->ensure_log(kLog).has_value());
    Collector collector;
    auto stream = node->bifrost().read(kLog, kOldestLsn, kAll, collector);
    int asked = 0;
    int answered = 0;
    const auto count = [&](std::uint32_t shard) {
      ++asked;
      return Completion<Lsn>(world.shard(shard), [&](Result<Lsn>) { ++answered; });
    };
    for (int i = 0; i < 30; ++i) {
      const auto shard = static_cast<std::uint32_t>(world.random().below(2));
      world.after(std::chrono::microseconds(world.random().below(2000)), [&, shard, i] {
        world.shard(shard).post([&, shard, i] {
          if (!node->is_open()) return;
          Bifrost& log = node->bifrost(shard);
          switch (i % 6) {
            case 0:
              return log.seal_and_extend(kLog, "", count(shard));
            case 1:
              return log.trim(kLog, Lsn{static_cast<std::uint64_t>(i)}, count(shard));
            case 2:
              return log.trim_point(kLog, count(shard));
            default:
              return log.append(kLog, testing::records({"a"}), count(shard));
          }
        });
      });
    }
    world.run_for(std::chrono::microseconds(world.random().below(2500)));
    stream.reset();
    node->shut_down();
    CHECK(asked == answered);
  }
}
