#include "storage/rocksdb/position.h"

#include "storage/keys.h"
#include "storage/rocksdb/status.h"

#include <algorithm>

namespace restate::storage {
namespace {

constexpr const char* kProperty = "restate.position";

class PositionCollector final : public rocksdb::TablePropertiesCollector {
 public:
  rocksdb::Status AddUserKey(const rocksdb::Slice& key, const rocksdb::Slice& value,
                             rocksdb::EntryType type, rocksdb::SequenceNumber,
                             std::uint64_t) override {
    if (type != rocksdb::kEntryPut || key.ToStringView() != kPositionKey) {
      return rocksdb::Status::OK();
    }
    if (auto position = decode_position(value.ToStringView())) {
      highest_ = std::max(highest_.value_or(Position{}), *position);
    }
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
    if (highest_) properties->emplace(kProperty, encode_position(*highest_));
    return rocksdb::Status::OK();
  }
  rocksdb::UserCollectedProperties GetReadableProperties() const override {
    if (!highest_) return {};
    return {{kProperty, std::to_string(highest_->value)}};
  }
  const char* Name() const override { return kProperty; }

 private:
  std::optional<Position> highest_;
};

}  // namespace

std::string encode_position(Position position) { return KeyWriter().u64(position.value).take(); }

std::optional<Position> decode_position(std::string_view value) {
  KeyReader reader(value);
  const Position position{reader.u64()};
  if (!reader.finish()) return std::nullopt;
  return position;
}

rocksdb::TablePropertiesCollector* PositionCollectorFactory::CreateTablePropertiesCollector(
    rocksdb::TablePropertiesCollectorFactory::Context) {
  return new PositionCollector;  // RocksDB deletes it
}

void StoreListener::track(std::uint32_t family, std::shared_ptr<DurablePosition> durable) {
  const std::lock_guard lock(mutex_);
  durable_[family] = std::move(durable);
}

void StoreListener::forget(std::uint32_t family) {
  const std::lock_guard lock(mutex_);
  durable_.erase(family);
}

void StoreListener::fail(const Error& error) {
  if (failed_.exchange(true, std::memory_order_acq_rel)) return;
  if (on_failure_) on_failure_(error);
}

void StoreListener::OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo& info) {
  const auto& properties = info.table_properties.user_collected_properties;
  auto found = properties.find(kProperty);
  if (found == properties.end()) return;
  const auto position = decode_position(found->second);
  if (!position) return;
  const std::lock_guard lock(mutex_);
  auto durable = durable_.find(info.cf_id);
  if (durable != durable_.end()) durable->second->raise(*position);
}

void StoreListener::OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) {
  // RocksDB would try to go on after some of these. We do not: after a failed write nobody knows
  // what is on disk, and the log has it all.
  fail(error_of(*error, "writing tables in the background"));
}

}  // namespace restate::storage
