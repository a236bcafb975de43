#include "conformance/log_store_suite.h"
#include "conformance/store_suite.h"

#include <restate/storage/memory.h>
#include <restate/testing/world.h>

namespace restate::testing {
namespace {

using namespace std::chrono_literals;

/// A node of a simulated world with one store on a memory disk.
template <class Base, class Store>
class MemoryStage : public Base {
 public:
  MemoryStage(std::uint64_t seed, storage::MemoryDiskOptions options)
      : world_(Seed{seed}), node_(world_.add_node()), disk_(options) {
    world_.set_fault("storage/flush/early", 100'000);
    open();
  }

  Shard& shard() override { return node_.shard(0); }
  void run_until(Function<bool()> condition) override {
    REQUIRE(world_.run_until(std::move(condition)));
  }
  void reopen() override {
    close();
    store_.emplace(disk_);
  }
  void crash(std::uint64_t seed) override {
    world_.crash(node_);
    disk_.crash(seed);
    world_.restart(node_);
    open();
  }

 protected:
  void close() { store_.reset(); }

  World world_;
  Node& node_;
  storage::MemoryDisk disk_;
  std::optional<Store> store_;

 private:
  void open() {
    store_.emplace(disk_);
    node_.on_crash([this] { store_.reset(); });
  }
};

class MemoryStoreStage final : public MemoryStage<StoreStage, storage::MemoryStore> {
 public:
  using MemoryStage::MemoryStage;
  storage::Store& store() override { return *store_; }
  void reopen() override {
    REQUIRE(store_->close());
    MemoryStage::reopen();
  }
};

class MemoryLogStage final : public MemoryStage<LogStage, storage::MemoryLogStore> {
 public:
  using MemoryStage::MemoryStage;
  storage::LogStore& log() override { return *store_; }
};

TEST_CASE("the store in memory conforms", "[storage][memory]") {
  store_suite(
      [](std::uint64_t seed) {
        return std::make_unique<MemoryStoreStage>(
            seed, storage::MemoryDiskOptions{.crashes = true, .sync_min = 0us, .sync_max = 3ms});
      },
      1, 60, 200);
}

TEST_CASE("a store in memory knows whose tables it holds", "[storage][memory]") {
  MemoryStoreStage stage(1, storage::MemoryDiskOptions{.crashes = true});
  owner_suite(stage);
}

TEST_CASE("the store in memory conforms without crashes", "[storage][memory]") {
  class Stage final : public StoreStage {
   public:
    Shard& shard() override { return stage_.shard(); }
    void run_until(Function<bool()> condition) override { stage_.run_until(std::move(condition)); }
    storage::Store& store() override { return stage_.store(); }
    void reopen() override { stage_.reopen(); }
    void crash(std::uint64_t) override {}
    bool can_crash() const override { return false; }

   private:
    MemoryStoreStage stage_{1, {}};
  };
  store_suite([](std::uint64_t) { return std::make_unique<Stage>(); }, 1, 5, 200);
}

TEST_CASE("the log in memory conforms", "[storage][memory]") {
  const bool slow = GENERATE(false, true);
  log_store_suite(
      [slow](std::uint64_t seed) {
        return std::make_unique<MemoryLogStage>(
            seed, storage::MemoryDiskOptions{
                      .crashes = true, .sync_min = 0us, .sync_max = slow ? Duration(2ms) : 0us});
      },
      1, 60, 200);
}

}  // namespace
}  // namespace restate::testing
