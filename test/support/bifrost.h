#pragma once

// A node with a log store, a metadata store and a Bifrost per shard in a simulated world, and the
// calls of a Bifrost that wait.

#include <restate/bifrost/bifrost.h>
#include <restate/bifrost/providers.h>
#include <restate/metadata/durable_store.h>
#include <restate/storage/memory.h>
#include <restate/storage/store.h>
#include <restate/testing/sync.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restate::testing {

inline constexpr bifrost::LogId kLog{0};

inline bifrost::RecordBatch records(const std::vector<std::string>& bodies) {
  bifrost::RecordBatch batch;
  for (const std::string& body : bodies) batch.push_back({WallTime{1}, {}, body, nullptr});
  return batch;
}

/// What a crash leaves: disk and memory logs. What it takes: everything else.
class BifrostNode {
 public:
  explicit BifrostNode(World& world, std::string provider = "local")
      : world_(world),
        provider_(std::move(provider)),
        memory_(bifrost::make_memory_logs(world.node_count() == 0 ? (world.shard(0), world.node(0).shard_count())
                                                                  : world.node(0).shard_count())) {
    open();
  }
  ~BifrostNode() { shut_down(); }

  /// In order: what is still asked is answered with `kShutdown`.
  void shut_down() {
    world_.node(0).begin_shutdown();
    bifrosts_.clear();
    local_.reset();
    metadata_.reset();
    // What the pool and the log writer still do needs the disk.
    world_.run_until_idle();
    close();
  }

  /// False while it shuts down: what a test has scheduled must leave it alone.
  bool is_open() const { return !bifrosts_.empty(); }
  bifrost::Bifrost& bifrost(std::uint32_t shard = 0) { return *bifrosts_[shard]; }
  World& world() { return world_; }
  storage::MemoryDisk& disk() { return disk_; }
  metadata::Store& metadata() { return *metadata_; }
  storage::LogStore& log_store() { return *log_store_; }
  bifrost::LogletProvider& local() { return *local_; }

  /// `before` runs first, to destroy what uses the Bifrosts.
  void crash(std::uint64_t seed, Task before = [] {}) {
    world_.node(0).on_crash([this, before = std::move(before)]() mutable {
      before();
      close();
    });
    world_.crash(world_.node(0));
    disk_.crash(seed);
    world_.restart(world_.node(0));
    open();
  }

  Result<void> ensure_log(bifrost::LogId log, std::uint32_t shard = 0) {
    return call<void>(shard, [&](auto done) { bifrost(shard).ensure_log(log, std::move(done)); });
  }
  Result<bifrost::Lsn> append(bifrost::LogId log, const std::vector<std::string>& bodies,
                              std::uint32_t shard = 0) {
    return call<bifrost::Lsn>(shard, [&](auto done) {
      bifrost(shard).append(log, records(bodies), std::move(done));
    });
  }
  Result<bifrost::LogTail> find_tail(bifrost::LogId log, std::uint32_t shard = 0) {
    return call<bifrost::LogTail>(
        shard, [&](auto done) { bifrost(shard).find_tail(log, std::move(done)); });
  }
  Result<bifrost::Lsn> trim_point(bifrost::LogId log, std::uint32_t shard = 0) {
    return call<bifrost::Lsn>(
        shard, [&](auto done) { bifrost(shard).trim_point(log, std::move(done)); });
  }
  Result<bifrost::Lsn> trim(bifrost::LogId log, std::uint64_t upto, std::uint32_t shard = 0) {
    return call<bifrost::Lsn>(shard, [&](auto done) {
      bifrost(shard).trim(log, bifrost::Lsn{upto}, std::move(done));
    });
  }
  Result<bifrost::Lsn> seal(bifrost::LogId log, std::uint32_t shard = 0) {
    return call<bifrost::Lsn>(shard,
                              [&](auto done) { bifrost(shard).seal(log, std::move(done)); });
  }
  Result<bifrost::Lsn> seal_and_extend(bifrost::LogId log, std::string provider = "",
                                       std::uint32_t shard = 0) {
    return call<bifrost::Lsn>(shard, [&](auto done) {
      bifrost(shard).seal_and_extend(log, provider, std::move(done));
    });
  }
  template <class T>
  Result<T> call(std::uint32_t shard, Function<void(Completion<T>)> start) {
    return wait<T>(world_, world_.shard(shard), std::move(start));
  }

 private:
  void open() {
    std::vector<Shard*> shards;
    for (std::uint32_t i = 0; i < world_.node(0).shard_count(); ++i) {
      shards.push_back(&world_.node(0).shard(i));
    }
    space_ = storage::open_memory_durable_space(disk_, "metadata");
    metadata_.emplace(*shards[0], *space_);
    log_store_.emplace(disk_);
    local_ = bifrost::make_local_provider(shards, *log_store_);
    const auto in_memory = bifrost::make_memory_provider(shards, memory_);
    for (Shard* shard : shards) {
      auto made = bifrost::make_bifrost(*shard, *metadata_, {.default_provider = provider_});
      made->add_provider("local", local_);
      made->add_provider("in-memory", in_memory);
      bifrosts_.push_back(std::move(made));
    }
    for (std::uint32_t i = 0; i < shards.size(); ++i) {
      const auto started =
          call<void>(i, [&](auto done) { bifrosts_[i]->start(std::move(done)); });
      RESTATE_ASSERT(started.has_value(), "a Bifrost did not start");
    }
  }
  void close() {
    bifrosts_.clear();
    local_.reset();
    log_store_.reset();
    metadata_.reset();
    space_.reset();
  }

  World& world_;
  const std::string provider_;
  storage::MemoryDisk disk_{{.crashes = true}};
  std::shared_ptr<bifrost::MemoryLogs> memory_;
  std::unique_ptr<storage::DurableSpace> space_;
  std::optional<metadata::DurableStore> metadata_;
  std::optional<storage::MemoryLogStore> log_store_;
  std::shared_ptr<bifrost::LogletProvider> local_;
  std::vector<std::unique_ptr<bifrost::Bifrost>> bifrosts_;
};

/// Keeps what a stream delivers, and checks that nothing is skipped or told twice.
class Collector final : public bifrost::ReadListener {
 public:
  explicit Collector(bifrost::Lsn from = bifrost::kOldestLsn) : next_(from) {}

  void on_entries(std::span<bifrost::LogEntry> entries) override {
    ++deliveries;
    for (bifrost::LogEntry& entry : entries) {
      RESTATE_ASSERT(entry.lsn == next_ && entry.last >= entry.lsn, "an entry is out of order");
      next_ = entry.last.next();
      all.push_back(std::move(entry));
    }
    if (then) then();
  }
  void on_read_error(const Error& failed) override { error = failed; }

  bifrost::Lsn next() const { return next_; }
  /// Bodies of records; gaps as `trim 1..3`, joined where one follows another of its kind.
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (std::size_t i = 0; i < all.size(); ++i) {
      bifrost::LogEntry entry{all[i].kind, all[i].lsn, all[i].last, all[i].record};
      const bool gap = entry.kind != bifrost::LogEntry::Kind::kRecord;
      while (gap && i + 1 < all.size() && all[i + 1].kind == entry.kind) entry.last = all[++i].last;
      out.push_back(text(entry));
    }
    return out;
  }

  std::vector<bifrost::LogEntry> all;
  std::optional<Error> error;
  int deliveries = 0;
  std::function<void()> then;

 private:
  static std::string text(const bifrost::LogEntry& entry) {
    const std::string range =
        std::to_string(entry.lsn.value) + ".." + std::to_string(entry.last.value);
    switch (entry.kind) {
      case bifrost::LogEntry::Kind::kRecord:
        return entry.record.body.str();
      case bifrost::LogEntry::Kind::kTrimGap:
        return "trim " + range;
      case bifrost::LogEntry::Kind::kFilteredGap:
        return "filtered " + range;
      case bifrost::LogEntry::Kind::kDataLossGap:
        return "lost " + range;
    }
    RESTATE_UNREACHABLE();
  }
  bifrost::Lsn next_;
};

}  // namespace restate::testing
