#pragma once

/// \file
/// The RocksDB database under a store. It stays open until the last space, snapshot and flush that
/// uses it is gone.

#include "storage/rocksdb/position.h"

#include <restate/result.h>
#include <restate/runtime.h>
#include <restate/storage/rocksdb.h>

#include <rocksdb/db.h>
#include <rocksdb/write_buffer_manager.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace restate::storage {

class Database;

/// The column family of one partition.
struct Family {
  Family(rocksdb::DB& d, rocksdb::ColumnFamilyHandle* h, PartitionId p)
      : db(d), handle(h), partition(p), durable(std::make_shared<DurablePosition>()) {}
  ~Family() { db.DestroyColumnFamilyHandle(handle); }
  Family(const Family&) = delete;
  Family& operator=(const Family&) = delete;

  rocksdb::DB& db;
  rocksdb::ColumnFamilyHandle* const handle;
  const PartitionId partition;
  const std::shared_ptr<DurablePosition> durable;
  std::atomic<std::uint64_t> committed = 0;
  bool open = false;        ///< under the database's mutex
  std::mutex garbage;       ///< held by who looks at the garbage of large values
  bool collecting = false;  ///< that garbage; under its mutex
};

/// A family, and the database that must outlive it.
struct FamilyRef {
  std::shared_ptr<Database> database;
  std::shared_ptr<Family> family;

  Family* operator->() const { return family.get(); }
};

class Database : public std::enable_shared_from_this<Database> {
 public:
  static Result<std::shared_ptr<Database>> open(const std::string& path, RocksdbOptions options);
  ~Database();

  rocksdb::DB& db() { return *db_; }
  StoreListener& listener() { return *listener_; }
  Result<void> claim(const StoreOwner& owner);
  /// `kFailed` once the disk has refused.
  Result<void> check() const;
  /// Notes a failed write, unless it only says that the family was dropped.
  Error failed(const rocksdb::Status& status, const std::string& attempt);

  /// The family of a partition, marked as open; created when it is new.
  Result<FamilyRef> open_family(PartitionId partition);
  void close_family(Family& family);
  Result<void> drop_family(PartitionId partition);
  /// Blocks until everything committed up to `upto` is on disk.
  Result<void> flush(Family& family, Position upto);
  /// Writes rows and blocks until they are on disk, with everything committed up to `upto`.
  Result<void> write_through(Family& family, rocksdb::WriteBatch& rows, Position upto);
  Result<void> flush_all();
  void collect(MetricsSnapshot& out);

  /// Told after every commit: what takes too much memory is flushed on the pool of `shard`, the
  /// largest family first. No option of RocksDB changes while it runs: that may take as long as the
  /// disk likes.
  void keep_to_budget(Shard& shard);
  /// True while such a flush is under way that what comes now should wait for.
  bool overfull() const;
  /// Waits for a flush that runs, and begins no other.
  void end_reclaims();

 private:
  /// Outlives the database: a job of the pool may come after all is over.
  struct Reclaims {
    explicit Reclaims(std::size_t f) : from(f) {}

    std::atomic<std::size_t> from;     ///< bytes that are not flushed
    std::atomic<bool> wanted = false;  ///< from the moment one is asked for until it has ended
    std::mutex mutex;
    std::condition_variable ended;
    bool running = false;
    bool over = false;
  };

  Database(std::string path, RocksdbOptions options);
  void reclaim();
  Result<void> flush_family(Family& family);
  rocksdb::Env& disk() const;
  Result<void> make_db();
  Result<void> open_db(rocksdb::Env& env);
  Result<void> adopt(rocksdb::ColumnFamilyHandle* handle);
  Result<void> create_families(std::uint16_t first, std::uint16_t last);

  const std::string path_;
  RocksdbOptions options_;
  std::shared_ptr<rocksdb::Cache> cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> buffers_;
  const std::shared_ptr<Reclaims> reclaims_;
  std::shared_ptr<StoreListener> listener_;
  std::unique_ptr<rocksdb::Env> env_;  ///< of a database that was made in this run; null otherwise
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::ColumnFamilyHandle* default_family_ = nullptr;
  std::mutex mutex_;
  std::map<std::uint16_t, std::shared_ptr<Family>> families_;
  bool stamped_ = true;  ///< false: the directory is new, and holds no row yet
};

}  // namespace restate::storage
