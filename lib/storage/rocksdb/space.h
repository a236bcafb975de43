#pragma once

/// \file
/// One partition's rows in the database, as its shard sees them.

#include "storage/rocksdb/rows.h"

#include <restate/runtime.h>

#include <rocksdb/write_batch.h>

#include <deque>

namespace restate::storage {

/// Puts the operations of `from` behind those of `to`.
void add_to(rocksdb::WriteBatch& to, rocksdb::ColumnFamilyHandle* family, const Batch& from);

class RocksdbSpace final : public PartitionSpace {
 public:
  RocksdbSpace(FamilyRef family, Shard& shard) : family_(std::move(family)), shard_(shard) {}
  ~RocksdbSpace() override { family_.database->close_family(*family_.family); }

  Family& family() { return *family_.family; }
  Shard& shard() { return shard_; }
  /// A commit up to `position` with `bytes` of rows was written.
  void note_commit(Position position, std::size_t bytes);

  Result<std::optional<Bytes>> get(std::string_view key) const override {
    return reader().get(key);
  }
  Result<void> scan(std::string_view lower, std::string_view upper,
                    RowVisitor& visitor) const override {
    return reader().scan(lower, upper, visitor);
  }
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            RowVisitor& visitor) const override {
    return reader().scan_reverse(lower, upper, visitor);
  }

  PartitionId partition() const override { return family_->partition; }
  std::unique_ptr<const Snapshot> snapshot() const override;
  Position durable() const override { return family_->durable->get(); }
  Position committed() const override { return {family_->committed.load()}; }
  void flush(Completion<void> done) override;
  void write_local(const Batch& batch, Completion<void> done) override;
  std::size_t unflushed_bytes() const override;

 private:
  /// Bytes of some commits, the last of which is at `upto`.
  struct Unflushed {
    Position upto;
    std::size_t bytes = 0;
  };

  RowReader reader() const { return {*family_.family, nullptr}; }

  FamilyRef family_;
  Shard& shard_;
  mutable std::deque<Unflushed> unflushed_;
};

}  // namespace restate::storage
