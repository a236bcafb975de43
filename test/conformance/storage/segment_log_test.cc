#include "conformance/log_store_suite.h"
#include "conformance/storage/inline_log_store.h"
#include "conformance/thread_shard.h"
#include "storage/memory/memory_files.h"

#include <restate/storage/segment_log.h>
#include <restate/testing/world.h>

#include <unistd.h>
#include <atomic>
#include <filesystem>
#include <optional>

namespace restate::testing {
namespace {

/// The format and its recovery on a disk that forgets, without threads.
class SimulatedLogStage final : public LogStage {
 public:
  explicit SimulatedLogStage(std::uint64_t seed)
      : world_(Seed{seed}), node_(world_.add_node()), random_(seed) {
    open();
  }

  Shard& shard() override { return node_.shard(0); }
  void run_until(Function<bool()> condition) override {
    REQUIRE(world_.run_until(std::move(condition)));
  }
  storage::LogStore& log() override { return *store_; }
  storage::MemoryFiles& files() { return files_; }
  int opened() const { return opened_; }

  void reopen() override {
    store_.reset();
    open();
  }
  void crash(std::uint64_t seed) override {
    // The power fails during any of the next writes and syncs, or before them.
    if (random_.below(2) == 0) {
      files_.fail_sync(static_cast<std::uint32_t>(1 + random_.below(3)));
    } else {
      files_.fail_write(static_cast<std::uint32_t>(1 + random_.below(3)));
    }
    if (random_.below(8) != 0) store_->write();
    store_.reset();
    world_.crash(node_);
    files_.crash(seed);
    world_.restart(node_);
    // Sometimes it fails again while the log is being opened.
    if (random_.below(4) == 0) {
      files_.fail_sync(static_cast<std::uint32_t>(1 + random_.below(3)));
      auto log = storage::SegmentLog::open(files_, "/log", limits());
      if (log) log->reset();
      files_.crash(random_.next());
    }
    open();
  }

 private:
  storage::SegmentLogLimits limits() {
    return {.segment_bytes = std::uint64_t{4096} << random_.below(4), .spare_segments = 1};
  }
  void open() {
    auto log = storage::SegmentLog::open(files_, "/log", limits());
    if (!log) FAIL(log.error().describe());
    store_.emplace(std::move(*log), shard());
    ++opened_;
  }

  World world_;
  Node& node_;
  SplitMix64 random_;
  storage::MemoryFiles files_;
  std::optional<InlineLogStore> store_;
  int opened_ = 0;
};

/// The whole store, with its thread.
class ThreadedLogStage final : public LogStage {
 public:
  ThreadedLogStage(std::uint64_t seed, std::string directory, storage::MemoryFiles* files)
      : directory_(std::move(directory)), files_(files), shard_(seed), random_(seed) {
    open();
  }
  ~ThreadedLogStage() override {
    store_.reset();
    shard_.drain();
    if (files_ == nullptr) std::filesystem::remove_all(directory_);
  }

  Shard& shard() override { return shard_; }
  void run_until(Function<bool()> condition) override {
    shard_.run_until([&condition] { return condition(); });
  }
  storage::LogStore& log() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }
  void crash(std::uint64_t seed) override {
    if (files_ != nullptr) files_->fail_sync(static_cast<std::uint32_t>(1 + random_.below(3)));
    store_.reset();
    if (files_ != nullptr) files_->crash(seed);
    shard_.drain();
    open();
  }

 private:
  void open() {
    auto store = storage::open_segment_log(
        directory_, {.segment_bytes = 32 * 1024, .spare_segments = 1, .files = files_});
    if (!store) FAIL(store.error().describe());
    store_ = std::move(*store);
  }

  const std::string directory_;
  storage::MemoryFiles* const files_;
  ThreadShard shard_;
  SplitMix64 random_;
  std::unique_ptr<storage::LogStore> store_;
};

TEST_CASE("the segment log conforms on a disk that forgets", "[storage][log]") {
  log_store_suite([](std::uint64_t seed) { return std::make_unique<SimulatedLogStage>(seed); }, 1,
                  40, 200);
}

TEST_CASE("a thousand power failures cost no acknowledged record", "[storage][log]") {
  int opened = 0;
  for (std::uint64_t seed = 1; opened < 1000; ++seed) {
    CAPTURE(seed);
    SimulatedLogStage stage(seed);
    LogModel(stage, seed, 250).run(200);
    opened += stage.opened();
  }
}

TEST_CASE("the segment log conforms with its thread", "[storage][log][threads]") {
  storage::MemoryFiles* files = nullptr;
  std::vector<std::unique_ptr<storage::MemoryFiles>> disks;
  log_store_suite(
      [&](std::uint64_t seed) {
        disks.push_back(std::make_unique<storage::MemoryFiles>());
        files = disks.back().get();
        return std::make_unique<ThreadedLogStage>(seed, "/log", files);
      },
      1, 20, 150);
}

TEST_CASE("a log whose disk refused once acknowledges nothing any more",
          "[storage][log][threads]") {
  const bool power_fails = GENERATE(false, true);
  const storage::LogletKey key{1};
  storage::MemoryFiles files;
  ThreadShard shard;
  std::atomic<int> told = 0;
  std::string why;
  auto open = [&] {
    auto log = storage::open_segment_log("/log", {.segment_bytes = 16 * 1024,
                                                  .on_failure =
                                                      [&](const Error& error) {
                                                        why = error.message;
                                                        ++told;
                                                      },
                                                  .files = &files});
    REQUIRE(log);
    return std::move(*log);
  };
  auto wait = [&](auto start) {
    std::optional<Result<void>> answer;
    start(Completion<void>(shard, [&](Result<void> result) { answer.emplace(std::move(result)); }));
    shard.run_until([&] { return answer.has_value(); });
    return *answer;
  };
  auto log = open();
  std::uint32_t next = 1;
  auto append = [&] {
    return wait([&](Completion<void> done) {
      log->append({key, next, {Bytes(std::string(1000, 'x'))}}, std::move(done));
    });
  };
  for (; next <= 5; ++next) REQUIRE(append());
  std::string expected;
  SECTION("a failed sync") {
    files.fail_sync(1);
    expected = "does not answer";
    CHECK(append() == Code::kFailed);
  }
  SECTION("a failed write") {
    files.fail_write(1);
    expected = "does not answer";
    CHECK(append() == Code::kFailed);
  }
  SECTION("a full disk") {
    files.set_capacity(20 * 1024);
    expected = "disk is full";
    Result<void> outcome;
    while (next < 100 && (outcome = append())) ++next;
    CHECK(outcome == Code::kFailed);
  }
  CHECK(told == 1);
  CHECK(why.find(expected) != std::string::npos);
  CHECK(why.find("/log/") != std::string::npos);

  // The disk works again. That is no reason to believe it.
  files.set_capacity(UINT64_MAX);
  CHECK(append() == Code::kFailed);
  ++next;
  CHECK(append() == Code::kFailed);
  CHECK(wait([&](Completion<void> done) { log->remove(key, std::move(done)); }) == Code::kFailed);
  std::optional<Result<storage::LogRead>> read;
  log->read(key, 1, 10, Completion<storage::LogRead>(shard, [&](Result<storage::LogRead> result) {
              read.emplace(std::move(result));
            }));
  shard.run_until([&] { return read.has_value(); });
  CHECK(*read == Code::kFailed);
  CHECK(told == 1);

  const std::uint32_t acknowledged = next - 2;
  log.reset();
  if (power_fails) files.crash(7);
  log = open();
  std::optional<Result<storage::LogletState>> state;
  log->state(key, Completion<storage::LogletState>(shard, [&](Result<storage::LogletState> result) {
               state.emplace(std::move(result));
             }));
  shard.run_until([&] { return state.has_value(); });
  REQUIRE(*state);
  CHECK((**state).next >= acknowledged + 1);
  CHECK((**state).next <= acknowledged + 2);
}

TEST_CASE("the segment log conforms on a real disk", "[storage][log][threads]") {
  const auto base =
      std::filesystem::temp_directory_path() / ("restate-log-" + std::to_string(::getpid()));
  int count = 0;
  log_store_suite(
      [&](std::uint64_t seed) {
        return std::make_unique<ThreadedLogStage>(
            seed, base.string() + "-" + std::to_string(++count), nullptr);
      },
      1, 3, 150);
}

}  // namespace
}  // namespace restate::testing
