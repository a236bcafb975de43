#include "conformance/store_suite.h"
#include "conformance/thread_shard.h"
#include "support/rocksdb_memory_env.h"

#include <restate/storage/rocksdb.h>

#include <unistd.h>
#include <atomic>
#include <filesystem>
#include <optional>

namespace restate::testing {
namespace {

class RocksdbStage final : public StoreStage {
 public:
  RocksdbStage(std::uint64_t seed, std::string directory)
      : directory_(std::move(directory)), shard_(seed) {
    open();
  }
  ~RocksdbStage() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  Shard& shard() override { return shard_; }
  void run_until(Function<bool()> condition) override {
    shard_.run_until([&condition] { return condition(); });
  }
  storage::Store& store() override { return *store_; }
  void reopen() override {
    REQUIRE(store_->close());
    store_.reset();
    open();
  }
  /// The process dies: what was not flushed is gone.
  void crash(std::uint64_t) override {
    store_.reset();
    open();
  }

 private:
  void open() {
    auto store = storage::open_rocksdb_store(directory_, {.memory = 8 << 20});
    if (!store) FAIL(store.error().describe());
    store_ = std::move(*store);
  }

  const std::string directory_;
  ThreadShard shard_;
  std::unique_ptr<storage::Store> store_;
};

/// The same on a disk that forgets what was not synced, with so little memory that the store
/// flushes and compacts by itself.
class ForgetfulStage final : public StoreStage {
 public:
  explicit ForgetfulStage(std::uint64_t seed) : env_(files_), shard_(seed), random_(seed) {
    files_.journal_names("/store");
    open();
  }

  Shard& shard() override { return shard_; }
  void run_until(Function<bool()> condition) override {
    shard_.run_until([&condition] { return condition(); });
  }
  storage::Store& store() override { return *store_; }
  int opened() const { return opened_; }
  void reopen() override {
    REQUIRE(store_->close());
    store_.reset();
    open();
  }
  void crash(std::uint64_t seed) override {
    // The power fails in the middle of flushing, or with everything still in memory.
    switch (random_.below(3)) {
      case 0:
        files_.fail_sync(static_cast<std::uint32_t>(1 + random_.below(12)));
        static_cast<void>(store_->close());
        break;
      case 1:
        files_.fail_write(static_cast<std::uint32_t>(1 + random_.below(12)));
        static_cast<void>(store_->close());
        break;
    }
    store_.reset();
    files_.crash(seed);
    open();
  }

 private:
  void open() {
    auto store = storage::open_rocksdb_store("/store", {.memory = 512 * 1024, .env = &env_});
    if (!store) FAIL(store.error().describe());
    store_ = std::move(*store);
    ++opened_;
  }

  storage::MemoryFiles files_;
  MemoryEnv env_;
  ThreadShard shard_;
  SplitMix64 random_;
  std::unique_ptr<storage::Store> store_;
  int opened_ = 0;
};

TEST_CASE("the store conforms on a disk that forgets", "[storage][rocksdb]") {
  store_suite([](std::uint64_t seed) { return std::make_unique<ForgetfulStage>(seed); }, 1, 4, 200);
}

TEST_CASE("two hundred power failures leave prefixes of commits", "[storage][rocksdb]") {
  int opened = 0;
  for (std::uint64_t seed = 1; opened < 200; ++seed) {
    CAPTURE(seed);
    ForgetfulStage stage(seed);
    StoreModel(stage, seed, 250).run(200);
    opened += stage.opened();
  }
}

TEST_CASE("a store whose disk refused once commits nothing any more", "[storage][rocksdb]") {
  storage::MemoryFiles files;
  files.journal_names("/store");
  MemoryEnv env(files);
  ThreadShard shard;
  std::atomic<int> told = 0;
  auto open = [&] {
    auto store = storage::open_rocksdb_store(
        "/store", {.on_failure = [&](const Error&) { ++told; }, .env = &env});
    REQUIRE(store);
    return std::move(*store);
  };
  auto store = open();
  auto space = *store->open(PartitionId{0}, shard);
  auto commit = [&](std::uint64_t position) {
    storage::Batch batch;
    batch.put("st0000000k", std::to_string(position));
    const storage::Commit share{space.get(), &batch, {position}};
    return store->commit({&share, 1});
  };
  auto flush = [&] {
    std::optional<Result<void>> answer;
    space->flush(Completion<void>(shard, [&](Result<void> r) { answer.emplace(std::move(r)); }));
    shard.run_until([&] { return answer.has_value(); });
    return *answer;
  };
  REQUIRE(commit(1));
  REQUIRE(flush());
  REQUIRE(commit(2));
  SECTION("a full disk") { files.set_capacity(0); }
  SECTION("a failed sync") { files.fail_sync(1); }
  CHECK(flush() == Code::kFailed);
  CHECK(told == 1);
  files.set_capacity(UINT64_MAX);
  CHECK(commit(3) == Code::kFailed);
  CHECK(flush() == Code::kFailed);
  CHECK(told == 1);
  CHECK(space->durable() == storage::Position{1});
  space.reset();
  store.reset();
  files.crash(3);
  store = open();
  space = *store->open(PartitionId{0}, shard);
  CHECK(space->durable().value >= 1);
  CHECK(space->durable().value <= 2);
  CHECK((*space->get("st0000000k"))->str() == std::to_string(space->durable().value));
}

TEST_CASE("the store on disk conforms", "[storage][rocksdb]") {
  const auto base =
      std::filesystem::temp_directory_path() / ("restate-store-" + std::to_string(::getpid()));
  int count = 0;
  store_suite(
      [&](std::uint64_t seed) {
        return std::make_unique<RocksdbStage>(seed, base.string() + "-" + std::to_string(++count));
      },
      1, 2, 150);
}

}  // namespace
}  // namespace restate::testing
