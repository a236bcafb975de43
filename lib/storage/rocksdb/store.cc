#include "storage/rocksdb/space.h"
#include "storage/rocksdb/status.h"

#include <rocksdb/write_batch.h>

namespace restate::storage {
namespace {

class RocksdbStore final : public Store {
 public:
  explicit RocksdbStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}
  ~RocksdbStore() override { database_->end_reclaims(); }

  Result<void> claim(const StoreOwner& owner) override { return database_->claim(owner); }

  Result<std::unique_ptr<PartitionSpace>> open(PartitionId partition, Shard& shard) override {
    RESTATE_TRY(FamilyRef family, database_->open_family(partition));
    return std::unique_ptr<PartitionSpace>(
        std::make_unique<RocksdbSpace>(std::move(family), shard));
  }

  Result<void> commit(std::span<const Commit> commits) override {
    RESTATE_TRY_VOID(database_->check());
    if (database_->overfull()) {
      return Error{Code::kOverloaded, "committing: rows wait to be flushed"};
    }
    // One write for all, unless they are large: it holds another copy of what it writes.
    while (!commits.empty()) {
      std::size_t count = 0, bytes = 0;
      do {
        bytes += size_of(commits[count++]);
      } while (count < commits.size() && bytes + size_of(commits[count]) <= kWriteBytes);
      RESTATE_TRY_VOID(write(commits.first(count), bytes));
      database_->keep_to_budget(static_cast<RocksdbSpace&>(*commits.front().space).shard());
      commits = commits.subspan(count);
    }
    return {};
  }

  Result<void> drop(PartitionId partition) override { return database_->drop_family(partition); }

  Result<void> close() override { return database_->flush_all(); }

  void collect(MetricsSnapshot& out) const override { database_->collect(out); }

 private:
  static constexpr std::size_t kWriteBytes = std::size_t{256} << 10;

  /// What a commit takes in a write batch, and a bit more.
  static std::size_t size_of(const Commit& commit) {
    return 64 + commit.batch->bytes() + 16 * commit.batch->size();
  }
  Result<void> write(std::span<const Commit> commits, std::size_t bytes) {
    rocksdb::WriteBatch all(bytes);
    for (const Commit& commit : commits) add(commit, all);
    rocksdb::WriteOptions options;
    options.disableWAL = true;   // the partition's log is the log
    options.no_slowdown = true;  // a shard must not wait for a flush
    const auto status = database_->db().Write(options, &all);
    if (status.IsIncomplete()) {
      return Error{Code::kOverloaded, "committing: " + status.ToString()};
    }
    if (!status.ok()) return database_->failed(status, "committing");
    for (const Commit& commit : commits) {
      static_cast<RocksdbSpace&>(*commit.space).note_commit(commit.position, commit.batch->bytes());
    }
    return {};
  }
  static void add(const Commit& commit, rocksdb::WriteBatch& all) {
    auto& space = static_cast<RocksdbSpace&>(*commit.space);
    RESTATE_ASSERT(commit.position >= space.committed(), "positions of a partition only grow");
    rocksdb::ColumnFamilyHandle* const handle = space.family().handle;
    add_to(all, handle, *commit.batch);
    const std::string position = encode_position(commit.position);
    RESTATE_ASSERT(all.Put(handle, slice(kPositionKey), position).ok(), "the batch is too large");
  }

  std::shared_ptr<Database> database_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_rocksdb_store(const std::string& path, RocksdbOptions options) {
  RESTATE_TRY(auto database, Database::open(path, std::move(options)));
  return std::unique_ptr<Store>(std::make_unique<RocksdbStore>(std::move(database)));
}

}  // namespace restate::storage
