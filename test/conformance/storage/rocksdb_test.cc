#include "conformance/store_suite.h"
#include "conformance/thread_shard.h"

#include <restate/storage/rocksdb.h>

#include <filesystem>
#include <unistd.h>

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
