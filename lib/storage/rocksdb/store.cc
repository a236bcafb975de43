#include "storage/rocksdb/space.h"
#include "storage/rocksdb/status.h"

#include <rocksdb/write_batch.h>

namespace restate::storage {
namespace {

class RocksdbStore final : public Store {
 public:
  explicit RocksdbStore(std::shared_ptr<Database> database) : database_(std::move(database)) {}

  Result<void> claim(const StoreOwner& owner) override { return database_->claim(owner); }

  Result<std::unique_ptr<PartitionSpace>> open(PartitionId partition, Shard& shard) override {
    RESTATE_TRY(FamilyRef family, database_->open_family(partition));
    return std::unique_ptr<PartitionSpace>(
        std::make_unique<RocksdbSpace>(std::move(family), shard));
  }

  Result<void> commit(std::span<const Commit> commits) override {
    RESTATE_TRY_VOID(database_->check());
    std::size_t bytes = 0;
    for (const Commit& commit : commits) bytes += 64 + commit.batch->bytes() * 5 / 4;
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

  Result<void> drop(PartitionId partition) override { return database_->drop_family(partition); }

  Result<void> close() override { return database_->flush_all(); }

 private:
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
