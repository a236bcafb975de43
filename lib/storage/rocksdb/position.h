#pragma once

/// \file
/// How far a partition's rows on disk reach. Each commit writes its position as a row of its own;
/// each table file carries the highest position in it as a property, and the listener that hears of
/// finished flushes publishes it. Nothing is guessed: a position counts as durable when the file
/// that holds it is part of the database.

#include <restate/error.h>
#include <restate/function.h>
#include <restate/storage/store.h>

#include <rocksdb/listener.h>
#include <rocksdb/table_properties.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace restate::storage {

/// The row of the position. Its first byte is 00, which no table's tag begins with.
inline constexpr std::string_view kPositionKey{"\0\0position", 10};

std::string encode_position(Position position);
std::optional<Position> decode_position(std::string_view value);

/// Notes the position a table file reaches in its properties.
class PositionCollectorFactory final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(
      rocksdb::TablePropertiesCollectorFactory::Context context) override;
  const char* Name() const override { return "restate.position"; }
};

/// A number that only grows, written by RocksDB's threads and read by a shard.
class DurablePosition {
 public:
  Position get() const { return {value_.load(std::memory_order_acquire)}; }
  void raise(Position position) {
    std::uint64_t seen = value_.load(std::memory_order_relaxed);
    while (seen < position.value &&
           !value_.compare_exchange_weak(seen, position.value, std::memory_order_release,
                                         std::memory_order_relaxed)) {
    }
  }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Hears of flushes and of errors in the background. Shares no lock with those who commit.
class StoreListener final : public rocksdb::EventListener {
 public:
  explicit StoreListener(Function<void(const Error&)> on_failure)
      : on_failure_(std::move(on_failure)) {}

  void track(std::uint32_t family, std::shared_ptr<DurablePosition> durable);
  void forget(std::uint32_t family);

  bool failed() const { return failed_.load(std::memory_order_acquire); }
  /// Enters the failed state; the first caller tells the host.
  void fail(const Error& error);

  void OnFlushCompleted(rocksdb::DB* db, const rocksdb::FlushJobInfo& info) override;
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override;

 private:
  std::mutex mutex_;
  std::map<std::uint32_t, std::shared_ptr<DurablePosition>> durable_;
  std::atomic<bool> failed_ = false;
  Function<void(const Error&)> on_failure_;
};

}  // namespace restate::storage
