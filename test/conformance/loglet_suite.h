#pragma once

// What every loglet must do, whoever implements it.

#include <restate/bifrost/loglet.h>
#include <restate/testing/sync.h>

#include "runtime/split_mix.h"
#include "support/catch.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restate::conformance {

using bifrost::Loglet;
using bifrost::LogletId;
using bifrost::LogletOffset;
using bifrost::LogletRecords;
using bifrost::Record;
using bifrost::RecordBatch;
using bifrost::Tail;

/// A provider on the shards of node 0 of a world with two of them.
class LogletFixture {
 public:
  virtual ~LogletFixture() = default;
  virtual bifrost::LogletProvider& provider() = 0;
  /// The process dies, with whatever is under way, and starts again.
  virtual void crash(std::uint64_t seed) = 0;
};
using MakeLoglets = std::function<std::unique_ptr<LogletFixture>(testing::World&)>;

inline constexpr LogletId kLoglet{{0}, {0}};  // owned by shard 0

struct Tag final : bifrost::Decoded {};

inline bifrost::SharedBatch batch_of(const std::vector<std::string>& bodies,
                                     std::shared_ptr<const bifrost::Decoded> decoded = nullptr) {
  RecordBatch batch;
  for (const std::string& body : bodies) {
    batch.push_back({WallTime{7}, bifrost::RecordKeys::single(PartitionKey{body.size()}), body,
                     decoded});
  }
  return std::make_shared<const RecordBatch>(std::move(batch));
}

/// Calls a loglet and waits.
class SyncLoglet {
 public:
  SyncLoglet(testing::World& world, LogletFixture& fixture, std::uint32_t shard = 0,
             LogletId id = kLoglet)
      : world_(world), shard_(world.shard(shard)) {
    *loglet_ = testing::wait<std::shared_ptr<Loglet>>(world_, shard_, [&](auto done) {
                 fixture.provider().open(id, "1", shard_, std::move(done));
               }).value();
    // A loglet dies with its node, whoever in the test still names it.
    world.node(0).on_crash([loglet = loglet_] { loglet->reset(); });
  }

  /// False after a crash.
  bool alive() const { return *loglet_ != nullptr; }
  Loglet& get() { return **loglet_; }
  Result<LogletOffset> append(const std::vector<std::string>& bodies) {
    return call<LogletOffset>(
        [&](auto done) { get().append(batch_of(bodies), std::move(done)); });
  }
  Result<Tail> seal() {
    return call<Tail>([&](auto done) { get().seal(std::move(done)); });
  }
  Result<Tail> find_tail() {
    return call<Tail>([&](auto done) { get().find_tail(std::move(done)); });
  }
  Result<LogletOffset> trim(std::uint32_t upto) {
    return call<LogletOffset>(
        [&](auto done) { get().trim(LogletOffset{upto}, std::move(done)); });
  }
  Result<LogletRecords> read(std::uint32_t from, std::size_t max_bytes = 1 << 20) {
    return call<LogletRecords>(
        [&](auto done) { get().read(LogletOffset{from}, max_bytes, std::move(done)); });
  }
  std::vector<std::string> read_all(std::uint32_t from = 1) {
    std::vector<std::string> bodies;
    for (;;) {
      const auto found = read(from, 64);
      REQUIRE(found.has_value());
      if (found->records.empty()) return bodies;
      CHECK(found->first == LogletOffset{from});
      for (const Record& record : found->records) bodies.push_back(record.body.str());
      from += static_cast<std::uint32_t>(found->records.size());
    }
  }

 private:
  template <class T>
  Result<T> call(Function<void(Completion<T>)> start) {
    return testing::wait<T>(world_, shard_, std::move(start));
  }

  testing::World& world_;
  Shard& shard_;
  std::shared_ptr<std::shared_ptr<Loglet>> loglet_ = std::make_shared<std::shared_ptr<Loglet>>();
};

using Strings = std::vector<std::string>;

inline void check_append_and_read(const MakeLoglets& make, std::uint32_t shard) {
  testing::World world{testing::Seed{1}, {.shards = 2}};
  const auto fixture = make(world);
  SyncLoglet log(world, *fixture, shard);

  CHECK(log.find_tail() == Tail{LogletOffset{1}, false});
  CHECK(log.read_all().empty());
  CHECK(log.append({"a", "b"}) == LogletOffset{2});
  CHECK(log.append({""}) == LogletOffset{3});
  CHECK(log.append({std::string(1000, 'x'), "c"}) == LogletOffset{5});
  CHECK(log.find_tail() == Tail{LogletOffset{6}, false});
  CHECK(log.get().known_tail() == Tail{LogletOffset{6}, false});
  CHECK(log.read_all() == Strings{"a", "b", "", std::string(1000, 'x'), "c"});
  CHECK(log.read_all(3) == Strings{"", std::string(1000, 'x'), "c"});

  const auto first = log.read(1).value().records.at(0);
  CHECK(first.created_at == WallTime{7});
  CHECK(first.keys == bifrost::RecordKeys::single(PartitionKey{1}));
  // At least one record, however small the limit.
  CHECK(log.read(4, 1).value().records.size() == 1);
  CHECK(log.read(6).value().records.empty());
}

inline void check_seal(const MakeLoglets& make, std::uint32_t shard) {
  testing::World world{testing::Seed{2}, {.shards = 2}};
  const auto fixture = make(world);
  SyncLoglet log(world, *fixture, shard);
  REQUIRE(log.append({"a", "b"}) == LogletOffset{2});
  const Tail end{LogletOffset{3}, true};
  CHECK(log.seal() == end);
  CHECK(log.append({"c"}) == Code::kSealed);
  CHECK(log.seal() == end);
  CHECK(log.find_tail() == end);
  CHECK(log.get().known_tail() == end);
  CHECK(log.read_all() == Strings{"a", "b"});

  fixture->crash(1);
  SyncLoglet again(world, *fixture, shard);
  CHECK(again.find_tail() == end);
  CHECK(again.append({"c"}) == Code::kSealed);
  CHECK(again.read_all() == Strings{"a", "b"});
}

inline void check_trim(const MakeLoglets& make, std::uint32_t shard) {
  testing::World world{testing::Seed{3}, {.shards = 2}};
  const auto fixture = make(world);
  SyncLoglet log(world, *fixture, shard);
  CHECK(log.trim(5) == LogletOffset{0});
  CHECK(log.get().trim_point() == LogletOffset{0});
  REQUIRE(log.append({"a", "b", "c"}).has_value());
  REQUIRE(log.append({"d", "e"}).has_value());

  CHECK(log.trim(2) == LogletOffset{2});
  CHECK(log.read(1) == Code::kTrimmed);
  CHECK(log.read(2) == Code::kTrimmed);
  CHECK(log.get().trim_point() == LogletOffset{2});
  CHECK(log.read_all(3) == Strings{"c", "d", "e"});
  CHECK(log.get().recent(LogletOffset{2}).empty());
  CHECK(log.trim(1) == LogletOffset{2});
  CHECK(log.trim(99) == LogletOffset{5});
  CHECK(log.append({"f"}) == LogletOffset{6});
  CHECK(log.read_all(6) == Strings{"f"});

  fixture->crash(2);
  SyncLoglet again(world, *fixture, shard);
  CHECK(again.get().trim_point() == LogletOffset{5});
  CHECK(again.read(5) == Code::kTrimmed);
  CHECK(again.read_all(6) == Strings{"f"});
}

inline void check_remove(const MakeLoglets& make, std::uint32_t shard) {
  testing::World world{testing::Seed{3}, {.shards = 2}};
  const auto fixture = make(world);
  SyncLoglet log(world, *fixture, shard);
  REQUIRE(log.append({"a"}).has_value());
  REQUIRE(log.seal().has_value());
  REQUIRE(log.trim(1).has_value());
  CHECK(testing::wait<void>(world, world.shard(shard), [&](auto done) {
          fixture->provider().remove(kLoglet, std::move(done));
        }).has_value());
  // A writer that has not heard of it must not bring it back to life.
  CHECK(SyncLoglet(world, *fixture, shard).append({"b"}) == Code::kSealed);
  CHECK(SyncLoglet(world, *fixture, 1 - shard).append({"b"}) == Code::kSealed);
}

class TailCollector final : public bifrost::TailWatcher {
 public:
  void on_tail(const Tail& tail) override {
    CHECK_FALSE((sealed && !tail.sealed));
    CHECK(tail.next >= next);
    next = tail.next;
    sealed = tail.sealed;
    ++calls;
  }
  LogletOffset next{1};
  bool sealed = false;
  int calls = 0;
};

inline void check_watch(const MakeLoglets& make, std::uint32_t shard) {
  testing::World world{testing::Seed{4}, {.shards = 2}};
  const auto fixture = make(world);
  SyncLoglet log(world, *fixture, shard);
  TailCollector first;
  TailCollector second;
  log.get().watch(first);
  log.get().watch(second);
  REQUIRE(log.append({"a", "b"}).has_value());
  REQUIRE(world.run_until_idle());
  CHECK(first.next == LogletOffset{3});
  CHECK(second.calls == 1);
  log.get().unwatch(second);
  REQUIRE(log.append({"c"}).has_value());
  REQUIRE(log.seal().has_value());
  REQUIRE(world.run_until_idle());
  CHECK(first.next == LogletOffset{4});
  CHECK(first.sealed);
  CHECK(second.calls == 1);
  log.get().unwatch(first);
}

/// A reader on the appender's shard gets the very records that were appended.
inline void check_recent(const MakeLoglets& make) {
  testing::World world{testing::Seed{5}, {.shards = 2}};
  const auto fixture = make(world);
  SyncLoglet log(world, *fixture);
  const auto tag = std::make_shared<const Tag>();
  const auto batch = batch_of({"a", "b", "c"}, tag);
  int seen_early = 0;
  REQUIRE(testing::wait<LogletOffset>(world, [&](auto done) {
            log.get().append(batch, std::move(done));
            if (log.get().known_tail().next == LogletOffset{1}) {
              seen_early = static_cast<int>(log.get().recent(LogletOffset{1}).size());
            }
          }).has_value());
  CHECK(seen_early == 0);  // not before it is durable
  const auto recent = log.get().recent(LogletOffset{2});
  REQUIRE(recent.size() == 2);
  CHECK(&recent[0] == &(*batch)[1]);
  CHECK(recent[0].decoded == tag);
  CHECK(log.get().recent(LogletOffset{4}).empty());
  CHECK(log.get().recent(LogletOffset{0}).empty());
}

/// Appends and a seal race, on both shards; what is acknowledged is there, in order, below the tail,
/// and nothing is acknowledged behind a refusal. Then the power fails.
inline void check_race(const MakeLoglets& make, std::uint64_t seed) {
  CAPTURE(seed);
  testing::World world{testing::Seed{seed}, {.shards = 2}};
  const auto fixture = make(world);
  struct Append {
    Strings bodies;
    std::optional<Result<LogletOffset>> answer;
  };
  const std::uint32_t appender = static_cast<std::uint32_t>(world.random().below(2));
  const std::uint32_t sealer = static_cast<std::uint32_t>(world.random().below(2));
  SyncLoglet log(world, *fixture, appender);
  SyncLoglet other(world, *fixture, sealer);
  std::vector<Append> appends(40);
  std::optional<Tail> sealed;
  int number = 0;
  for (std::size_t i = 0; i < appends.size(); ++i) {
    for (std::uint64_t n = 1 + world.random().below(3); n > 0; --n) {
      appends[i].bodies.push_back(std::to_string(++number));
    }
    world.after(std::chrono::microseconds(world.random().below(4000)), [] {});
  }
  std::size_t next = 0;
  std::size_t order = 0;
  const auto append_some = [&] {
    if (!log.alive()) return;
    for (std::uint64_t n = 1 + world.random().below(4); n > 0 && next < appends.size(); --n) {
      Append& append = appends[next];
      const std::size_t mine = next++;
      log.get().append(batch_of(append.bodies),
                       Completion<LogletOffset>(world.shard(appender), [&, mine](auto answer) {
                         CHECK(mine == order);  // answers come in order
                         ++order;
                         appends[mine].answer = std::move(answer);
                       }));
    }
  };
  for (int i = 0; i < 20; ++i) {
    world.after(std::chrono::microseconds(world.random().below(4000)),
                [&] { world.shard(appender).post(append_some); });
  }
  world.after(std::chrono::microseconds(world.random().below(4000)), [&] {
    world.shard(sealer).post([&] {
      if (!other.alive()) return;
      other.get().seal(Completion<Tail>(world.shard(sealer), [&](Result<Tail> tail) {
        REQUIRE(tail.has_value());
        sealed = *tail;
      }));
    });
  });
  const bool crashes = world.random().below(2) == 0;
  if (crashes) {
    world.run_for(std::chrono::microseconds(world.random().below(5000)));
    fixture->crash(seed);
  } else {
    REQUIRE(world.run_until_idle());
    REQUIRE(sealed.has_value());
    CHECK(order == next);
  }

  SyncLoglet after(world, *fixture, 0);
  const Strings found = after.read_all();
  const Tail tail = after.find_tail().value();
  CHECK(tail.next.value == found.size() + 1);
  if (sealed) CHECK(tail == *sealed);
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == std::to_string(i + 1));
  std::size_t end = 0;
  bool refused = false;
  for (std::size_t i = 0; i < next; ++i) {
    const Append& append = appends[i];
    end += append.bodies.size();
    if (!append.answer) continue;
    if (*append.answer == Code::kSealed) {
      refused = true;
      CHECK(found.size() <= end - append.bodies.size());
      continue;
    }
    REQUIRE(append.answer->has_value());
    CHECK_FALSE(refused);
    CHECK((**append.answer).value == end);
    CHECK(end <= found.size());
  }
}

/// Random calls one after the other, with crashes, against a vector.
inline void check_against_model(const MakeLoglets& make, std::uint64_t seed) {
  CAPTURE(seed);
  testing::World world{testing::Seed{seed}, {.shards = 2}};
  const auto fixture = make(world);
  SplitMix64 random(seed);
  Strings model;
  std::uint32_t trimmed = 0;
  bool sealed = false;
  auto log = std::make_unique<SyncLoglet>(world, *fixture, 0);
  for (int step = 0; step < 60; ++step) {
    const auto tail = static_cast<std::uint32_t>(model.size() + 1);
    switch (random.below(12)) {
      default: {
        Strings bodies;
        for (std::uint64_t n = 1 + random.below(5); n > 0; --n) {
          bodies.push_back(std::string(random.below(30), static_cast<char>('a' + random.below(26))));
        }
        const auto answer = log->append(bodies);
        if (sealed) {
          CHECK(answer == Code::kSealed);
          break;
        }
        model.insert(model.end(), bodies.begin(), bodies.end());
        CHECK(answer == LogletOffset{static_cast<std::uint32_t>(model.size())});
        break;
      }
      case 0: {
        const auto upto = static_cast<std::uint32_t>(random.below(tail + 3));
        trimmed = std::max(trimmed, std::min(upto, tail - 1));
        CHECK(log->trim(upto) == LogletOffset{trimmed});
        break;
      }
      case 1:
        if (random.below(8) != 0) break;
        sealed = true;
        CHECK(log->seal() == Tail{LogletOffset{tail}, true});
        break;
      case 2:
        log.reset();
        fixture->crash(random.next());
        log = std::make_unique<SyncLoglet>(world, *fixture,
                                           static_cast<std::uint32_t>(random.below(2)));
        break;
      case 3:
        CHECK(log->find_tail() == Tail{LogletOffset{tail}, sealed});
        CHECK(log->get().trim_point() == LogletOffset{trimmed});
        break;
      case 4: {
        const auto from = static_cast<std::uint32_t>(1 + random.below(tail));
        const auto found = log->read(from, random.below(200));
        if (from <= trimmed) {
          CHECK(found == Code::kTrimmed);
          break;
        }
        REQUIRE(found.has_value());
        CHECK(found->records.empty() == (from == tail));
        for (std::size_t i = 0; i < found->records.size(); ++i) {
          CHECK(found->records[i].body == Bytes(model[from - 1 + i]));
        }
        break;
      }
    }
  }
  CHECK(log->read_all(trimmed + 1) == Strings(model.begin() + trimmed, model.end()));
}

inline void loglet_suite(const MakeLoglets& make) {
  // Shard 0 owns the loglet, shard 1 reaches it from afar: the contract is the same.
  const std::uint32_t shard = GENERATE(0u, 1u);
  CAPTURE(shard);
  SECTION("what was appended is read") { check_append_and_read(make, shard); }
  SECTION("sealing fixes the tail") { check_seal(make, shard); }
  SECTION("what was trimmed is gone") { check_trim(make, shard); }
  SECTION("what was removed takes no appends") { check_remove(make, shard); }
  SECTION("watchers see the tail move") { check_watch(make, shard); }
}

inline void loglet_suite_random(const MakeLoglets& make) {
  SECTION("readers near the tail share the appended records") { check_recent(make); }
  SECTION("nothing acknowledged is lost when a seal or a crash comes in between") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) check_race(make, seed);
  }
  SECTION("random calls agree with a model") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) check_against_model(make, seed);
  }
}

}  // namespace restate::conformance
