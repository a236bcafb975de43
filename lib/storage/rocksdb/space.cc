#include "storage/rocksdb/space.h"

#include "storage/rocksdb/status.h"

namespace restate::storage {
namespace {

// Commits are counted in groups: the sum need not be exact, the list must stay short.
constexpr std::size_t kGroupBytes = 64 * 1024;

class RocksdbSnapshot final : public Snapshot {
 public:
  explicit RocksdbSnapshot(FamilyRef family)
      : family_(std::move(family)), snapshot_(family_->db.GetSnapshot()) {}
  ~RocksdbSnapshot() override { family_->db.ReleaseSnapshot(snapshot_); }

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

 private:
  RowReader reader() const { return {*family_.family, snapshot_}; }

  const FamilyRef family_;
  const rocksdb::Snapshot* const snapshot_;
};

}  // namespace

void add_to(rocksdb::WriteBatch& to, rocksdb::ColumnFamilyHandle* family, const Batch& from) {
  for (const Batch::Operation& op : from.operations()) {
    const std::string_view key = from.key(op);
    RESTATE_ASSERT(key != kPositionKey, "the key of the position belongs to the store");
    // Adding to a batch in memory fails only beyond 4 GiB.
    if (op.erase) {
      RESTATE_ASSERT(to.Delete(family, slice(key)).ok(), "the batch is too large");
    } else {
      RESTATE_ASSERT(to.Put(family, slice(key), slice(from.value(op))).ok(),
                     "the batch is too large");
    }
  }
}

void RocksdbSpace::note_commit(Position position, std::size_t bytes) {
  family_->committed.store(position.value);
  if (unflushed_.empty() || unflushed_.back().bytes >= kGroupBytes) unflushed_.emplace_back();
  unflushed_.back().upto = position;
  unflushed_.back().bytes += bytes;
}

std::unique_ptr<const Snapshot> RocksdbSpace::snapshot() const {
  return std::make_unique<RocksdbSnapshot>(family_);
}

void RocksdbSpace::flush(Completion<void> done) {
  auto outcome = std::make_shared<Result<void>>();
  shard_.run_blocking([family = family_, upto = committed(),
                       outcome] { *outcome = family.database->flush(*family.family, upto); },
                      [outcome, done = std::move(done)]() mutable { done(std::move(*outcome)); });
}

void RocksdbSpace::write_local(const Batch& batch, Completion<void> done) {
  auto rows = std::make_shared<rocksdb::WriteBatch>();
  add_to(*rows, family_->handle, batch);
  // Rows without a position are not ours.
  RESTATE_ASSERT(
      rows->Put(family_->handle, slice(kPositionKey), encode_position(committed())).ok(),
      "the batch is too large");
  auto outcome = std::make_shared<Result<void>>();
  shard_.run_blocking(
      [family = family_, rows, upto = committed(), outcome] {
        *outcome = family.database->write_through(*family.family, *rows, upto);
      },
      [outcome, done = std::move(done)]() mutable { done(std::move(*outcome)); });
}

std::size_t RocksdbSpace::unflushed_bytes() const {
  const Position safe = durable();
  while (!unflushed_.empty() && unflushed_.front().upto <= safe) unflushed_.pop_front();
  std::size_t bytes = 0;
  for (const Unflushed& group : unflushed_) bytes += group.bytes;
  return bytes;
}

}  // namespace restate::storage
