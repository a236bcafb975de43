#pragma once

// What every metadata store must do, whoever implements it.

#include <restate/metadata/store.h>
#include <restate/testing/sync.h>

#include "support/catch.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restate::conformance {

using metadata::Precondition;
using metadata::Version;
using metadata::VersionedValue;
using Value = std::optional<VersionedValue>;

/// A store with what it needs to live, on shard 0 of a world of three shards.
class MetadataFixture {
 public:
  virtual ~MetadataFixture() = default;
  virtual metadata::Store& store() = 0;
};
using MakeMetadata = std::function<std::unique_ptr<MetadataFixture>(testing::World&)>;

/// Calls a store and waits.
class SyncMetadata {
 public:
  SyncMetadata(testing::World& world, metadata::Store& store, std::uint32_t shard = 0)
      : world_(world), store_(store), shard_(world.shard(shard)) {}

  Result<Value> get(std::string key) {
    return testing::wait<Value>(world_, shard_, [&](auto done) { store_.get(key, std::move(done)); });
  }
  Result<void> put(std::string key, std::uint32_t version, Bytes value, Precondition precondition) {
    return testing::wait<void>(world_, shard_, [&](auto done) {
      store_.put(key, {Version{version}, value}, precondition, std::move(done));
    });
  }
  Result<void> erase(std::string key, Precondition precondition) {
    return testing::wait<void>(
        world_, shard_, [&](auto done) { store_.erase(key, precondition, std::move(done)); });
  }

 private:
  testing::World& world_;
  metadata::Store& store_;
  Shard& shard_;
};

inline void check_preconditions(const MakeMetadata& make) {
  testing::World world{testing::Seed{1}, {.shards = 3}};
  const auto fixture = make(world);
  SyncMetadata store(world, fixture->store());

  REQUIRE(store.get("a") == Value{});
  REQUIRE(store.put("a", 1, "one", Precondition::absent()).has_value());
  REQUIRE(store.get("a") == Value{{Version{1}, "one"}});

  CHECK(store.put("a", 1, "other", Precondition::absent()) == Code::kFailedPrecondition);
  CHECK(store.put("a", 3, "other", Precondition::matches(Version{2})) == Code::kFailedPrecondition);
  CHECK(store.put("b", 2, "other", Precondition::matches(Version{1})) == Code::kFailedPrecondition);
  CHECK(store.put("a", 0, "zero", Precondition::none()) == Code::kInvalidArgument);
  CHECK(store.get("a") == Value{{Version{1}, "one"}});
  CHECK(store.get("b") == Value{});

  CHECK(store.put("a", 2, "two", Precondition::matches(Version{1})).has_value());
  CHECK(store.put("a", 9, "nine", Precondition::none()).has_value());
  CHECK(store.get("a") == Value{{Version{9}, "nine"}});
  CHECK(store.erase("a", Precondition::matches(Version{8})) == Code::kFailedPrecondition);
  CHECK(store.erase("a", Precondition::absent()) == Code::kFailedPrecondition);
  CHECK(store.erase("a", Precondition::matches(Version{9})).has_value());
  CHECK(store.get("a") == Value{});
  CHECK(store.erase("a", Precondition::none()).has_value());
  CHECK(store.put("", 1, "the empty key is a key", Precondition::absent()).has_value());
  CHECK(store.get("").value().has_value());
}

inline void check_watches(const MakeMetadata& make) {
  testing::World world{testing::Seed{2}, {.shards = 3}};
  const auto fixture = make(world);
  SyncMetadata store(world, fixture->store());
  REQUIRE(store.put("a", 1, "one", Precondition::absent()).has_value());

  // One watcher per shard: each hears every later change, on its own shard, and only of its key.
  std::map<std::uint32_t, std::vector<VersionedValue>> heard;
  std::vector<std::unique_ptr<metadata::Watch>> watches;
  for (std::uint32_t i = 0; i < 3; ++i) {
    watches.push_back(fixture->store().watch(
        "a", world.shard(i), [&heard, i](VersionedValue value) { heard[i].push_back(value); }));
    // What the shard of the watcher reads or writes afterwards is behind the watch.
    REQUIRE(SyncMetadata(world, fixture->store(), i).get("a").has_value());
  }
  REQUIRE(store.put("b", 1, "other", Precondition::absent()).has_value());
  REQUIRE(store.put("a", 2, "two", Precondition::matches(Version{1})).has_value());
  REQUIRE(store.erase("a", Precondition::none()).has_value());
  REQUIRE(world.run_until_idle());
  for (std::uint32_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(heard[i] == std::vector<VersionedValue>{{Version{2}, "two"}, {Version{0}, ""}});
  }

  watches[1].reset();
  REQUIRE(store.put("a", 1, "again", Precondition::absent()).has_value());
  REQUIRE(world.run_until_idle());
  CHECK(heard[0].size() == 3);
  CHECK(heard[1].size() == 2);
  CHECK(heard[2].size() == 3);
}

/// Three shards race on few keys with compare-and-set. Versions only grow here, so that a history is
/// linearizable if each version has one winner and no read is older than what was acknowledged
/// before it began, or newer than what was asked for before it ended.
inline void check_linearizable(const MakeMetadata& make, std::uint64_t seed) {
  CAPTURE(seed);
  testing::World world{testing::Seed{seed}, {.shards = 3}};
  const auto fixture = make(world);
  struct Key {
    std::uint32_t acknowledged = 0;
    std::uint32_t asked = 0;
    std::map<std::uint32_t, std::string> winners;
  };
  std::map<std::string, Key> keys;
  int running = 0;
  int won = 0;
  int lost = 0;

  std::function<void(std::uint32_t, int)> go = [&](std::uint32_t index, int left) {
    if (left == 0) {
      --running;
      return;
    }
    Shard& shard = world.shard(index);
    const std::string name(1, static_cast<char>('a' + shard.random().below(2)));
    const std::uint32_t at_least = keys[name].acknowledged;
    fixture->store().get(name, Completion<Value>(shard, [&, index, left, name,
                                                         at_least](Result<Value> found) {
      REQUIRE(found.has_value());
      const std::uint32_t version = *found ? (*found)->version.value : 0;
      CHECK(version >= at_least);
      CHECK(version <= keys[name].asked);
      if (*found) {
        const auto winner = keys[name].winners.find(version);
        if (winner != keys[name].winners.end()) CHECK((*found)->value == Bytes(winner->second));
      }
      const std::string mine = std::to_string(index) + "/" + std::to_string(left);
      Key& key = keys[name];
      key.asked = std::max(key.asked, version + 1);
      fixture->store().put(
          name, {Version{version + 1}, mine},
          *found ? Precondition::matches(Version{version}) : Precondition::absent(),
          Completion<void>(world.shard(index), [&, index, left, name, version,
                                                mine](Result<void> written) {
            if (written) {
              ++won;
              Key& entry = keys[name];
              CHECK(entry.winners.emplace(version + 1, mine).second);
              entry.acknowledged = std::max(entry.acknowledged, version + 1);
            } else {
              ++lost;
              CHECK(written == Code::kFailedPrecondition);
            }
            go(index, left - 1);
          }));
    }));
  };
  for (std::uint32_t i = 0; i < 3; ++i) {
    ++running;
    world.shard(i).post([&go, i] { go(i, 60); });
  }
  REQUIRE(world.run_until([&] { return running == 0; }));
  CHECK(won > 0);
  CHECK(lost > 0);
}

inline void check_read_modify_write(const MakeMetadata& make) {
  testing::World world{testing::Seed{3}, {.shards = 3}};
  const auto fixture = make(world);
  // Counters that race: no increment may get lost.
  int finished = 0;
  constexpr int kEach = 5;
  for (std::uint32_t i = 0; i < 3; ++i) {
    for (int n = 0; n < kEach; ++n) {
      world.shard(i).post([&, i] {
        read_modify_write(
            fixture->store(), world.shard(i), "counter",
            [](const Value& now) -> Result<std::optional<Bytes>> {
              return Bytes((now ? now->value.str() : "") + "+");
            },
            Completion<Value>(world.shard(i), [&](Result<Value> result) {
              CHECK(result.has_value());
              ++finished;
            }));
      });
    }
  }
  REQUIRE(world.run_until([&] { return finished == 3 * kEach; }));
  SyncMetadata store(world, fixture->store());
  CHECK(store.get("counter") == Value{{Version{3 * kEach}, Bytes(std::string(3 * kEach, '+'))}});

  const auto change = [&](Result<std::optional<Bytes>> answer) {
    return testing::wait<Value>(world, [&](auto done) {
      read_modify_write(fixture->store(), world.shard(0), "counter",
                        [answer](const Value&) { return answer; }, std::move(done));
    });
  };
  CHECK(change(std::optional<Bytes>()).value()->version == Version{3 * kEach});
  CHECK(change(Error{Code::kInvalidArgument, "no"}) == Code::kInvalidArgument);
  CHECK(store.get("counter").value()->version == Version{3 * kEach});
}

inline void metadata_suite(const MakeMetadata& make) {
  SECTION("a write happens only under its precondition") { check_preconditions(make); }
  SECTION("watchers hear of changes on their own shards") { check_watches(make); }
  SECTION("racing shards see one history") {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) check_linearizable(make, seed);
  }
  SECTION("read-modify-write loses no update") { check_read_modify_write(make); }
}

}  // namespace restate::conformance
