#pragma once

// What every `storage::Store` must do, checked with random operations against a model that keeps
// the whole history of each partition.

#include "conformance/stage.h"
#include "runtime/split_mix.h"

#include <restate/storage/store.h>

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace restate::testing {

/// One implementation and the disk below it.
class StoreStage : public Stage {
 public:
  virtual storage::Store& store() = 0;
  /// Closes the store in order and opens it again. No space is open.
  virtual void reopen() = 0;
  /// The power fails; then it opens again. No space is open.
  virtual void crash(std::uint64_t seed) = 0;
  /// Whether a crash keeps only what was flushed, or loses nothing but what it likes.
  virtual bool can_crash() const { return true; }
};

using Rows = std::map<std::string, std::string>;

/// A store may ask for a pause at any time.
inline Result<void> commit_when_it_can(storage::Store& store,
                                       std::span<const storage::Commit> commits) {
  auto committed = store.commit(commits);
  while (committed == Code::kOverloaded) {
    std::this_thread::yield();
    committed = store.commit(commits);
  }
  return committed;
}

inline Rows rows_of(const storage::View& view, std::string_view lower = {},
                    std::string_view upper = {}) {
  Rows rows;
  storage::RowCallback visitor([&](std::string_view key, std::string_view value) {
    if (!rows.empty()) CHECK(std::string(key) > rows.rbegin()->first);
    rows.emplace(key, value);
    return true;
  });
  REQUIRE(view.scan(lower, upper, visitor));
  return rows;
}

inline Rows rows_of_reverse(const storage::View& view, std::string_view lower,
                            std::string_view upper) {
  Rows rows;
  storage::RowCallback visitor([&](std::string_view key, std::string_view value) {
    if (!rows.empty()) CHECK(std::string(key) < rows.begin()->first);
    rows.emplace(key, value);
    return true;
  });
  REQUIRE(view.scan_reverse(lower, upper, visitor));
  return rows;
}

/// Drives one store with random operations.
class StoreModel {
 public:
  StoreModel(StoreStage& stage, std::uint64_t seed, std::uint64_t crashes_per_mille = 30)
      : stage_(stage), random_(seed), crashes_per_mille_(crashes_per_mille) {}

  void run(int steps) {
    open_all();
    for (int i = 0; i < steps; ++i) {
      CAPTURE(i);
      step();
    }
    for (Partition& partition : partitions_) check_rows(*partition.space, partition.newest());
    partitions_.clear();
  }

 private:
  struct State {
    storage::Position position;
    Rows rows;
  };
  struct Partition {
    PartitionId id;
    std::unique_ptr<storage::PartitionSpace> space;
    std::vector<State> history{State{}};  ///< from a durable state on
    storage::Position seen_durable;

    const Rows& newest() const { return history.back().rows; }
  };
  struct Frozen {
    std::unique_ptr<const storage::Snapshot> snapshot;
    Rows rows;
  };

  static constexpr std::size_t kPartitions = 3;

  void open_all() {
    if (partitions_.empty()) partitions_.resize(kPartitions);
    for (std::size_t i = 0; i < kPartitions; ++i) {
      Partition& partition = partitions_[i];
      partition.id = PartitionId{static_cast<std::uint16_t>(i * 7)};
      auto space = stage_.store().open(partition.id, stage_.shard());
      REQUIRE(space);
      partition.space = std::move(*space);
    }
  }

  void step() {
    if (stage_.can_crash() && random_.below(1000) < crashes_per_mille_) return crash();
    const std::uint64_t dice = random_.below(97);
    Partition& partition = partitions_[random_.below(kPartitions)];
    if (dice < 60) return commit();
    if (dice < 75) return check_reads(*partition.space, partition.newest());
    if (dice < 80) return flush(partition);
    if (dice < 88) return freeze(partition);
    if (dice < 93) return thaw();
    if (dice < 95) return mark(partition);
    return reopen();
  }

  std::string some_key() {
    // Few letters, so that keys meet; 00 and FF, so that they are hard to compare.
    static constexpr char kLetters[] = {'\0', 'a', 'b', '\xff'};
    std::string key = random_.below(2) == 0 ? "st0000000" : "ib0000000";
    key.push_back(static_cast<char>('0' + random_.below(3)));
    const std::uint64_t length = random_.below(4);
    for (std::uint64_t i = 0; i < length; ++i) key.push_back(kLetters[random_.below(4)]);
    return key.substr(random_.below(20) == 0 ? 9 : 0);
  }
  /// Mostly small; some so large that a store may keep them elsewhere.
  std::uint64_t some_length() {
    return random_.below(16) == 0 ? 4096 + random_.below(4096) : random_.below(40);
  }

  void commit() {
    std::vector<storage::Batch> batches(kPartitions);
    std::vector<storage::Commit> commits;
    for (std::size_t i = 0; i < kPartitions; ++i) {
      if (random_.below(2) == 0) continue;
      Partition& partition = partitions_[i];
      State next = partition.history.back();
      next.position.value += 1 + random_.below(5);
      const std::uint64_t operations = random_.below(6);
      for (std::uint64_t op = 0; op < operations; ++op) {
        const std::string key = some_key();
        if (random_.below(3) == 0) {
          batches[i].erase(key);
          next.rows.erase(key);
        } else {
          const std::string value(some_length(), static_cast<char>('a' + random_.below(26)));
          batches[i].put(key, value);
          next.rows[key] = value;
        }
      }
      commits.push_back({partition.space.get(), &batches[i], next.position});
      partition.history.push_back(std::move(next));
    }
    REQUIRE(commit_when_it_can(stage_.store(), commits));
    for (Partition& partition : partitions_) {
      CHECK(partition.space->committed() == partition.history.back().position);
      see_durable(partition);
    }
  }

  void see_durable(Partition& partition) {
    const storage::Position durable = partition.space->durable();
    CHECK(durable >= partition.seen_durable);
    CHECK(durable <= partition.space->committed());
    partition.seen_durable = durable;
    while (partition.history.size() > 1 && partition.history[1].position <= durable) {
      partition.history.erase(partition.history.begin());
    }
  }

  void flush(Partition& partition) {
    const storage::Position before = partition.space->committed();
    REQUIRE(
        stage_.wait<void>([&](Completion<void> done) { partition.space->flush(std::move(done)); }));
    CHECK(partition.space->durable() >= before);
    CHECK(partition.space->unflushed_bytes() == 0);
    see_durable(partition);
  }

  /// A local row: neither a crash nor a closed store takes it, or what was committed before it.
  void mark(Partition& partition) {
    storage::Batch batch;
    State next = partition.history.back();
    const std::string key = some_key();
    const std::string value(some_length(), 'm');
    batch.put(key, value);
    next.rows[key] = value;
    REQUIRE(stage_.wait<void>(
        [&](Completion<void> done) { partition.space->write_local(batch, std::move(done)); }));
    CHECK(partition.space->committed() == next.position);
    CHECK(partition.space->durable() == next.position);
    partition.history = {std::move(next)};
    see_durable(partition);
  }

  void freeze(Partition& partition) {
    frozen_.push_back({partition.space->snapshot(), partition.newest()});
  }

  void thaw() {
    if (frozen_.empty()) return;
    const std::size_t which = random_.below(frozen_.size());
    check_reads(*frozen_[which].snapshot, frozen_[which].rows);
    frozen_.erase(frozen_.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void close_spaces() {
    frozen_.clear();
    for (Partition& partition : partitions_) {
      see_durable(partition);
      partition.space.reset();
    }
  }

  void reopen() {
    close_spaces();
    stage_.reopen();
    open_all();
    for (Partition& partition : partitions_) {
      REQUIRE(partition.space->committed() == partition.history.back().position);
      REQUIRE(partition.space->durable() == partition.history.back().position);
      check_rows(*partition.space, partition.newest());
    }
  }

  void crash() {
    close_spaces();
    stage_.crash(random_.next());
    open_all();
    for (Partition& partition : partitions_) {
      const storage::Position found = partition.space->committed();
      CHECK(found >= partition.seen_durable);
      CHECK(partition.space->durable() == found);
      std::size_t survived = 0;
      while (survived < partition.history.size() && partition.history[survived].position != found) {
        ++survived;
      }
      REQUIRE(survived < partition.history.size());
      partition.history.resize(survived + 1);
      check_rows(*partition.space, partition.newest());
      see_durable(partition);
    }
  }

  void check_rows(const storage::View& view, const Rows& expected) {
    REQUIRE(rows_of(view) == expected);
  }

  void check_reads(const storage::View& view, const Rows& expected) {
    const std::string key = some_key();
    auto value = view.get(key);
    REQUIRE(value);
    auto found = expected.find(key);
    REQUIRE(value->has_value() == (found != expected.end()));
    if (found != expected.end()) CHECK((*value)->view() == found->second);

    std::string lower = some_key();
    std::string upper = random_.below(3) == 0 ? storage::prefix_end(lower) : some_key();
    if (random_.below(6) == 0) upper.clear();
    Rows slice;
    if (upper.empty() || lower < upper) {
      slice = Rows(expected.lower_bound(lower),
                   upper.empty() ? expected.end() : expected.lower_bound(upper));
    }
    REQUIRE(rows_of(view, lower, upper) == slice);
    REQUIRE(rows_of_reverse(view, lower, upper) == slice);
  }

  StoreStage& stage_;
  SplitMix64 random_;
  const std::uint64_t crashes_per_mille_;
  std::vector<Partition> partitions_;
  std::vector<Frozen> frozen_;
};

/// The first owner of a store is its owner for good.
inline void owner_suite(StoreStage& stage) {
  const storage::StoreOwner owner{"a cluster of ours", 0xf1e2d3c4b5a697, NodeId{3}};
  REQUIRE(stage.store().claim(owner));
  REQUIRE(stage.store().claim(owner));
  stage.reopen();
  REQUIRE(stage.store().claim(owner));
  storage::StoreOwner other = owner;
  SECTION("another cluster") { other.fingerprint = 1; }
  SECTION("another node") { other.node = NodeId{4}; }
  SECTION("another name") { other.cluster = "theirs"; }
  for (int i = 0; i < 2; ++i) {
    const auto refused = stage.store().claim(other);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::kFailedPrecondition);
    CHECK(refused.error().message.find("node 3 of cluster 'a cluster of ours' (00f1e2d3c4b5a697)") !=
          std::string::npos);
    CHECK(refused.error().message.find("cluster '" + other.cluster + "'") != std::string::npos);
    stage.crash(1);
  }
  CHECK(stage.store().claim(owner));
}

using MakeStoreStage = std::function<std::unique_ptr<StoreStage>(std::uint64_t seed)>;

inline void store_suite(const MakeStoreStage& make, std::uint64_t first_seed, int seeds,
                        int steps) {
  auto open = [](StoreStage& stage, std::uint16_t id) {
    auto space = stage.store().open(PartitionId{id}, stage.shard());
    REQUIRE(space);
    return std::move(*space);
  };
  auto commit = [](StoreStage& stage, storage::PartitionSpace& space, std::uint64_t position,
                   const Rows& rows) {
    storage::Batch batch;
    for (const auto& [key, value] : rows) batch.put(key, value);
    const storage::Commit share{&space, &batch, {position}};
    return commit_when_it_can(stage.store(), std::span(&share, 1));
  };

  SECTION("a store behaves like its model") {
    for (int i = 0; i < seeds; ++i) {
      const std::uint64_t seed = first_seed + static_cast<std::uint64_t>(i);
      CAPTURE(seed);
      auto stage = make(seed);
      StoreModel(*stage, seed).run(steps);
    }
  }

  SECTION("a new space is empty, at position 0, all of it durable") {
    auto stage = make(first_seed);
    auto space = open(*stage, 3);
    CHECK(space->partition() == PartitionId{3});
    CHECK(space->committed() == storage::Position{0});
    CHECK(space->durable() == storage::Position{0});
    CHECK(rows_of(*space).empty());
    REQUIRE(stage->wait<void>([&](Completion<void> done) { space->flush(std::move(done)); }));
    CHECK(space->durable() == storage::Position{0});
  }

  SECTION("within a batch the last operation on a key wins") {
    auto stage = make(first_seed);
    auto space = open(*stage, 0);
    storage::Batch batch;
    batch.put("st00000000a", "1");
    batch.erase("st00000000a");
    batch.put("st00000000b", "1");
    batch.put("st00000000b", "2");
    batch.erase("st00000000c");
    batch.put("st00000000c", "");
    const storage::Commit share{space.get(), &batch, {1}};
    REQUIRE(stage->store().commit({&share, 1}));
    CHECK(rows_of(*space) == Rows{{"st00000000b", "2"}, {"st00000000c", ""}});
  }

  SECTION("an empty value is not an absent one") {
    auto stage = make(first_seed);
    auto space = open(*stage, 0);
    REQUIRE(commit(*stage, *space, 1, {{"st00000000k", ""}}));
    auto value = space->get("st00000000k");
    REQUIRE(value);
    REQUIRE(value->has_value());
    CHECK((*value)->empty());
  }

  SECTION("a scan stops when its visitor has seen enough") {
    auto stage = make(first_seed);
    auto space = open(*stage, 0);
    REQUIRE(commit(*stage, *space, 1, {{"ab", "1"}, {"ac", "2"}, {"ad", "3"}}));
    std::string seen;
    storage::RowCallback visitor([&](std::string_view key, std::string_view) {
      seen.append(key);
      return seen.size() < 4;
    });
    REQUIRE(space->scan("a", "b", visitor));
    CHECK(seen == "abac");
    seen.clear();
    REQUIRE(space->scan_reverse("a", "b", visitor));
    CHECK(seen == "adac");
  }

  SECTION("a snapshot outlives its space and sees nothing newer") {
    auto stage = make(first_seed);
    auto space = open(*stage, 0);
    REQUIRE(commit(*stage, *space, 1, {{"ab", "old"}}));
    auto snapshot = space->snapshot();
    REQUIRE(commit(*stage, *space, 2, {{"ab", "new"}, {"ac", "new"}}));
    space.reset();
    CHECK(rows_of(*snapshot) == Rows{{"ab", "old"}});
  }

  SECTION("a space is opened once at a time") {
    auto stage = make(first_seed);
    auto space = open(*stage, 5);
    CHECK(stage->store().open(PartitionId{5}, stage->shard()) == Code::kAlreadyExists);
    space.reset();
    CHECK(stage->store().open(PartitionId{5}, stage->shard()));
  }

  SECTION("dropping takes every row of one partition, and no other's") {
    auto stage = make(first_seed);
    auto kept = open(*stage, 1);
    auto dropped = open(*stage, 2);
    REQUIRE(commit(*stage, *kept, 4, {{"ab", "kept"}}));
    REQUIRE(commit(*stage, *dropped, 9, {{"ab", "dropped"}}));
    CHECK(stage->store().drop(PartitionId{2}) == Code::kFailedPrecondition);
    dropped.reset();
    REQUIRE(stage->store().drop(PartitionId{2}));
    REQUIRE(stage->store().drop(PartitionId{77}));  // never existed: nothing to do
    dropped = open(*stage, 2);
    CHECK(rows_of(*dropped).empty());
    CHECK(dropped->committed() == storage::Position{0});
    CHECK(rows_of(*kept) == Rows{{"ab", "kept"}});
  }

  SECTION("a position may be committed without rows") {
    auto stage = make(first_seed);
    auto space = open(*stage, 0);
    REQUIRE(commit(*stage, *space, 8, {}));
    CHECK(space->committed() == storage::Position{8});
    REQUIRE(stage->wait<void>([&](Completion<void> done) { space->flush(std::move(done)); }));
    CHECK(space->durable() == storage::Position{8});
    CHECK(rows_of(*space).empty());
    space.reset();
    stage->reopen();
    space = open(*stage, 0);
    CHECK(space->committed() == storage::Position{8});
  }
}

}  // namespace restate::testing
