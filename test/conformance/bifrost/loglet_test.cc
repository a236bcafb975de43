#include "conformance/loglet_suite.h"
#include "conformance/storage/inline_log_store.h"
#include "storage/memory/memory_files.h"

#include <restate/bifrost/providers.h>
#include <restate/storage/memory.h>

using namespace restate;
using namespace restate::conformance;

namespace {

std::vector<Shard*> shards(testing::World& world) { return {&world.shard(0), &world.shard(1)}; }

class InMemory final : public LogletFixture {
 public:
  explicit InMemory(testing::World& world)
      : world_(world), content_(bifrost::make_memory_logs(2)) {
    open();
  }
  bifrost::LogletProvider& provider() override { return *provider_; }
  void crash(std::uint64_t) override {
    world_.node(0).on_crash([this] { provider_.reset(); });
    world_.crash(world_.node(0));
    world_.restart(world_.node(0));
    open();
  }

 private:
  void open() { provider_ = bifrost::make_memory_provider(shards(world_), content_); }

  testing::World& world_;
  std::shared_ptr<bifrost::MemoryLogs> content_;
  std::shared_ptr<bifrost::LogletProvider> provider_;
};

class Local final : public LogletFixture {
 public:
  explicit Local(testing::World& world) : world_(world) { open(); }
  bifrost::LogletProvider& provider() override { return *provider_; }
  void crash(std::uint64_t seed) override {
    world_.node(0).on_crash([this] {
      provider_.reset();
      store_.reset();
    });
    world_.crash(world_.node(0));
    disk_.crash(seed);
    world_.restart(world_.node(0));
    open();
  }

 private:
  void open() {
    store_.emplace(disk_);
    provider_ = bifrost::make_local_provider(shards(world_), *store_);
  }

  testing::World& world_;
  storage::MemoryDisk disk_{{.crashes = true,
                             .sync_min = std::chrono::microseconds(50),
                             .sync_max = std::chrono::microseconds(900)}};
  std::optional<storage::MemoryLogStore> store_;
  std::shared_ptr<bifrost::LogletProvider> provider_;
};

/// The segment files of the real log store, on a disk that forgets.
class LocalOnSegments final : public LogletFixture {
 public:
  explicit LocalOnSegments(testing::World& world) : world_(world) { open(); }
  bifrost::LogletProvider& provider() override { return *provider_; }
  void crash(std::uint64_t seed) override {
    world_.node(0).on_crash([this] {
      provider_.reset();
      store_.reset();
    });
    world_.crash(world_.node(0));
    files_.crash(seed);
    world_.restart(world_.node(0));
    open();
  }

 private:
  void open() {
    auto log = storage::SegmentLog::open(files_, "/log", {.segment_bytes = 8192, .spare_segments = 1});
    if (!log) FAIL(log.error().describe());
    store_.emplace(std::move(*log), world_.shard(0));
    provider_ = bifrost::make_local_provider(shards(world_), *store_);
  }

  testing::World& world_;
  storage::MemoryFiles files_;
  std::optional<testing::InlineLogStore> store_;
  std::shared_ptr<bifrost::LogletProvider> provider_;
};

std::unique_ptr<LogletFixture> make_memory(testing::World& world) {
  return std::make_unique<InMemory>(world);
}
std::unique_ptr<LogletFixture> make_local(testing::World& world) {
  return std::make_unique<Local>(world);
}
std::unique_ptr<LogletFixture> make_on_segments(testing::World& world) {
  return std::make_unique<LocalOnSegments>(world);
}

}  // namespace

TEST_CASE("the memory loglet does what a loglet does", "[bifrost][loglet]") {
  loglet_suite(make_memory);
}
TEST_CASE("the local loglet does what a loglet does", "[bifrost][loglet]") {
  loglet_suite(make_local);
}
TEST_CASE("the memory loglet keeps its promises in any order of events", "[bifrost][loglet]") {
  loglet_suite_random(make_memory);
}
TEST_CASE("the local loglet keeps its promises in any order of events", "[bifrost][loglet]") {
  loglet_suite_random(make_local);
}
TEST_CASE("the local loglet on segment files does what a loglet does", "[bifrost][loglet]") {
  loglet_suite(make_on_segments);
}
TEST_CASE("the local loglet on segment files keeps its promises in any order of events",
          "[bifrost][loglet]") {
  loglet_suite_random(make_on_segments);
}
