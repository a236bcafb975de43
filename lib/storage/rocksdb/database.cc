#include "storage/rocksdb/database.h"

#include "storage/rocksdb/large_values.h"
#include "storage/rocksdb/late_syncs.h"
#include "storage/rocksdb/options.h"
#include "storage/rocksdb/stamp.h"
#include "storage/rocksdb/status.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <charconv>
#include <vector>

namespace restate::storage {
namespace {

constexpr std::string_view kFamilyPrefix = "data-";

std::string family_name(std::uint16_t partition) {
  return std::string(kFamilyPrefix) + std::to_string(partition);
}

std::optional<std::uint16_t> partition_of(std::string_view name) {
  if (!name.starts_with(kFamilyPrefix)) return std::nullopt;
  name.remove_prefix(kFamilyPrefix.size());
  std::uint16_t partition = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), partition);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return partition;
}

/// Where the rows of a family on disk end.
Result<Position> read_position(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle) {
  const std::string attempt = "opening " + handle->GetName();
  rocksdb::ReadOptions read;
  read.read_tier = rocksdb::kPersistedTier;  // what a memtable holds is not durable
  std::string value;
  const auto status =
      db.Get(read, handle, rocksdb::Slice(kPositionKey.data(), kPositionKey.size()), &value);
  if (status.ok()) {
    if (auto position = decode_position(value)) return *position;
    return Error{Code::kCorrupt, attempt + ": its position is not readable"};
  }
  if (!status.IsNotFound()) return error_of(status, attempt);
  rocksdb::ReadOptions all;
  all.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> first(db.NewIterator(all, handle));
  first->SeekToFirst();
  if (!first->status().ok()) return error_of(first->status(), attempt);
  if (first->Valid()) return Error{Code::kCorrupt, attempt + ": it has rows but no position"};
  return Position{};
}

}  // namespace

Database::Database(std::string path, RocksdbOptions options)
    : path_(std::move(path)),
      options_(std::move(options)),
      cache_(make_cache(options_)),
      buffers_(make_buffers(options_, cache_)),
      reclaims_(std::make_shared<Reclaims>(options_.memory / 16 * 6)),
      listener_(std::make_shared<StoreListener>(std::move(options_.on_failure))) {}

Database::~Database() {
  families_.clear();
  if (db_ != nullptr && default_family_ != nullptr) db_->DestroyColumnFamilyHandle(default_family_);
}

rocksdb::Env& Database::disk() const {
  return options_.env != nullptr ? *options_.env : *rocksdb::Env::Default();
}

Result<std::shared_ptr<Database>> Database::open(const std::string& path, RocksdbOptions options) {
  std::shared_ptr<Database> database(new Database(path, std::move(options)));
  RESTATE_TRY(const bool is_new, check_stamp(database->disk(), path));
  RESTATE_TRY_VOID(is_new ? database->make_db() : database->open_db(database->disk()));
  return database;
}

/// It is stamped by who claims it, or opens a partition: as long as nobody has, it counts for nothing.
Result<void> Database::make_db() {
  const auto syncs = std::make_shared<LateSyncs>(disk().GetFileSystem());
  env_ = std::make_unique<FilesEnv>(disk(), syncs);
  stamped_ = false;
  RESTATE_TRY_VOID(open_db(*env_));
  if (const auto status = syncs->settle(); !status.ok()) {
    return error_of(status, "making " + path_);
  }
  return sync_names(disk(), path_);
}

Result<void> Database::claim(const StoreOwner& owner) {
  const std::lock_guard lock(mutex_);
  if (stamped_) return claim_stamp(disk(), path_, owner);
  RESTATE_TRY_VOID(stamp_new(disk(), path_, owner));
  stamped_ = true;
  return {};
}

Result<void> Database::open_db(rocksdb::Env& env) {
  auto db_options = make_db_options(options_, listener_, buffers_);
  db_options.env = &env;
  const auto family_options = make_family_options(options_, cache_);
  std::vector<std::string> names;
  // Fails when there is no database yet, and then there is only the default family to open.
  if (!rocksdb::DB::ListColumnFamilies(db_options, path_, &names).ok()) names.clear();
  if (names.empty()) names.push_back(rocksdb::kDefaultColumnFamilyName);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) descriptors.emplace_back(name, family_options);

  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status = rocksdb::DB::Open(db_options, path_, descriptors, &handles, &db);
  if (status.IsIOError() && status.ToString().find("/LOCK") != std::string::npos) {
    return Error{Code::kAlreadyExists,
                 path_ + " is in use by another engine: " + status.ToString()};
  }
  if (!status.ok()) return error_of(status, "opening " + path_);
  db_.reset(db);
  Result<void> outcome;
  for (rocksdb::ColumnFamilyHandle* handle : handles) {
    auto adopted = adopt(handle);
    if (outcome) outcome = std::move(adopted);
  }
  if (outcome && options_.partitions > 0) return create_families(0, options_.partitions - 1);
  return outcome;
}

Result<void> Database::adopt(rocksdb::ColumnFamilyHandle* handle) {
  const auto partition = partition_of(handle->GetName());
  if (!partition) {
    if (handle->GetName() == rocksdb::kDefaultColumnFamilyName) {
      default_family_ = handle;
      return {};
    }
    const std::string name = handle->GetName();
    db_->DestroyColumnFamilyHandle(handle);
    return Error{Code::kUnsupported, "opening " + path_ + ": unknown column family " + name};
  }
  auto family = std::make_shared<Family>(*db_, handle, PartitionId{*partition});
  families_[*partition] = family;
  RESTATE_TRY(const Position position, read_position(*db_, handle));
  family->committed = position.value;
  family->durable->raise(position);
  listener_->track(handle->GetID(), family->durable);
  return {};
}

Result<void> Database::create_families(std::uint16_t first, std::uint16_t last) {
  std::vector<std::string> missing;
  for (unsigned partition = first; partition <= last; ++partition) {
    const auto id = static_cast<std::uint16_t>(partition);
    if (!families_.contains(id)) missing.push_back(family_name(id));
  }
  if (missing.empty()) return {};
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status =
      db_->CreateColumnFamilies(make_family_options(options_, cache_), missing, &handles);
  for (rocksdb::ColumnFamilyHandle* handle : handles) RESTATE_TRY_VOID(adopt(handle));
  if (!status.ok()) return failed(status, "creating " + missing.back());
  return {};
}

Result<void> Database::check() const {
  if (!listener_->failed()) return {};
  return Error{Code::kFailed, path_ + " failed before and must be opened anew"};
}

Error Database::failed(const rocksdb::Status& status, const std::string& attempt) {
  Error error = error_of(status, attempt);
  listener_->fail(error);
  error.code = Code::kFailed;
  return error;
}

Result<FamilyRef> Database::open_family(PartitionId partition) {
  RESTATE_TRY_VOID(check());
  const std::lock_guard lock(mutex_);
  if (!stamped_) {
    RESTATE_TRY_VOID(stamp_new(disk(), path_, {}));
    stamped_ = true;
  }
  RESTATE_TRY_VOID(create_families(partition.value, partition.value));
  auto& family = families_[partition.value];
  if (family->open) {
    return Error{Code::kAlreadyExists,
                 "opening partition " + std::to_string(partition.value) + ": it is open already"};
  }
  family->open = true;
  return FamilyRef{shared_from_this(), family};
}

void Database::close_family(Family& family) {
  const std::lock_guard lock(mutex_);
  family.open = false;
}

Result<void> Database::drop_family(PartitionId partition) {
  RESTATE_TRY_VOID(check());
  const std::lock_guard lock(mutex_);
  auto found = families_.find(partition.value);
  if (found == families_.end()) return {};
  const std::string attempt = "dropping partition " + std::to_string(partition.value);
  if (found->second->open) return Error{Code::kFailedPrecondition, attempt + ": it is open"};
  const auto status = db_->DropColumnFamily(found->second->handle);
  if (!status.ok()) return failed(status, attempt);
  listener_->forget(found->second->handle->GetID());
  families_.erase(found);  // snapshots of it live on
  return {};
}

Result<void> Database::flush(Family& family, Position upto) {
  RESTATE_TRY_VOID(check());
  if (family.durable->get() >= upto) return {};
  RESTATE_TRY_VOID(flush_family(family));
  // The listener says the same, but perhaps a moment after the wait has ended.
  family.durable->raise(upto);
  return {};
}

Result<void> Database::write_through(Family& family, rocksdb::WriteBatch& rows, Position upto) {
  RESTATE_TRY_VOID(check());
  rocksdb::WriteOptions options;
  options.disableWAL = true;  // the flush is the sync: a family has no other way to the disk
  const auto status = db_->Write(options, &rows);
  if (!status.ok()) {
    return failed(status, "writing to partition " + std::to_string(family.partition.value));
  }
  RESTATE_TRY_VOID(flush_family(family));
  family.durable->raise(upto);
  return {};
}

Result<void> Database::flush_family(Family& family) {
  rocksdb::FlushOptions options;
  options.wait = true;
  options.allow_write_stall = true;
  const auto status = db_->Flush(options, family.handle);
  const std::string attempt = "flushing partition " + std::to_string(family.partition.value);
  if (status.IsColumnFamilyDropped()) return Error{Code::kCancelled, attempt + ": dropped"};
  if (!status.ok()) return failed(status, attempt);
  const auto collected = collect_garbage(family, options_.memory);
  if (!collected.ok() && !collected.IsColumnFamilyDropped()) return failed(collected, attempt);
  return check();
}

// --- Memory --------------------------------------------------------------------------------------

void Database::keep_to_budget(Shard& shard) {
  if (buffers_->memory_usage() <= reclaims_->from) return;
  if (reclaims_->wanted.exchange(true)) return;
  shard.run_blocking(
      [this, reclaims = reclaims_] {
        {
          const std::lock_guard lock(reclaims->mutex);
          if (reclaims->over) return;
          reclaims->running = true;
        }
        reclaim();
        const std::lock_guard lock(reclaims->mutex);
        reclaims->running = false;
        // What readers hold stays: only what comes on top of it is a reason to look again.
        reclaims->from = std::max(options_.memory / 16 * 6,
                                  buffers_->memory_usage() + options_.memory / 16);
        reclaims->wanted = false;
        reclaims->ended.notify_all();
      },
      [] {});
}

void Database::end_reclaims() {
  std::unique_lock lock(reclaims_->mutex);
  reclaims_->over = true;
  reclaims_->ended.wait(lock, [this] { return !reclaims_->running; });
}

void Database::reclaim() {
  struct Sized {
    std::uint64_t bytes = 0;
    std::shared_ptr<Family> family;
  };
  std::vector<Sized> families;
  std::uint64_t left = 0;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [partition, family] : families_) families.push_back({0, family});
  }
  for (Sized& one : families) {
    db_->GetIntProperty(one.family->handle, rocksdb::DB::Properties::kCurSizeAllMemTables,
                        &one.bytes);
    left += one.bytes;
  }
  std::sort(families.begin(), families.end(),
            [](const Sized& a, const Sized& b) { return a.bytes > b.bytes; });
  for (const Sized& one : families) {
    if (left <= options_.memory / 16 * 3) break;
    if (!flush_family(*one.family)) break;  // those who commit hear of it
    left -= one.bytes;
  }
}

bool Database::overfull() const {
  // Once the flush is over it does not count any more what is left: readers may hold it for long.
  return reclaims_->wanted && buffers_->memory_usage() > options_.memory / 16 * 11;
}

Result<void> Database::flush_all() {
  RESTATE_TRY_VOID(check());
  std::vector<std::shared_ptr<Family>> families;
  {
    const std::lock_guard lock(mutex_);
    for (auto& [partition, family] : families_) families.push_back(family);
  }
  for (auto& family : families) {
    RESTATE_TRY_VOID(flush(*family, Position{family->committed.load()}));
  }
  return {};
}

}  // namespace restate::storage
