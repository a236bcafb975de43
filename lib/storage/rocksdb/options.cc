#include "storage/rocksdb/options.h"

#include "storage/keys.h"
#include "storage/rocksdb/position.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/merge_operator.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

namespace restate::storage {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;
/// Bytes from which a value is kept outside of the tables. Smaller ones cost more as a read of
/// their own than as a copy in a compaction.
constexpr std::size_t kLargeValue = 4 * kKiB;

rocksdb::CompressionType best_of(std::initializer_list<rocksdb::CompressionType> wanted) {
  const auto supported = rocksdb::GetSupportedCompressions();
  for (rocksdb::CompressionType type : wanted) {
    if (std::find(supported.begin(), supported.end(), type) != supported.end()) return type;
  }
  return rocksdb::kNoCompression;
}

/// Rows that are numbered within something (a journal, an inbox) arrive in order: the next one
/// belongs right behind the last, and need not be looked for from the top of a memtable. Where the
/// last one lies is remembered, at some cost in memory, so only for what has a few rows by now.
/// The same with the short keys, the few variables of a partition: every commit writes some again.
class NumberedRows final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "restate.numbered-rows"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return is_variable(key) ? key : rocksdb::Slice(key.data(), key.size() - kNumber);
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    if (is_variable(key)) return true;
    std::uint32_t number = 0;
    for (std::size_t i = key.size() - kNumber; i < key.size(); ++i) {
      number = number << 8 | static_cast<std::uint8_t>(key[i]);
    }
    return number >= kFew && number < kNotText;
  }

 private:
  static constexpr std::size_t kNumber = 4;
  static constexpr std::uint32_t kFew = 4;
  /// Keys that end in four letters look like larger numbers.
  static constexpr std::uint32_t kNotText = 1 << 24;

  static bool is_variable(const rocksdb::Slice& key) {
    return key.size() < kKeyPrefixSize + kNumber;
  }
};

/// Nobody merges rows here. Without an operator RocksDB would end the process over a row that a newer
/// program has merged; with this one such a row is damaged, and found out by who reads it.
class NoMerge final : public rocksdb::MergeOperator {
 public:
  const char* Name() const override { return "restate.none"; }
  bool FullMergeV2(const MergeOperationInput&, MergeOperationOutput*) const override {
    return false;
  }
};

}  // namespace

std::shared_ptr<rocksdb::Cache> make_cache(const RocksdbOptions& options) {
  // Few shards: a small cache cut into many pieces holds no large block in any of them.
  return rocksdb::NewLRUCache(options.memory, 2);
}

std::shared_ptr<rocksdb::WriteBufferManager> make_buffers(const RocksdbOptions& options,
                                                          std::shared_ptr<rocksdb::Cache> cache) {
  // RocksDB flushes the oldest family at seven eighths of this. `Database` comes before, with the
  // largest.
  return std::make_shared<rocksdb::WriteBufferManager>(options.memory / 4 * 3, std::move(cache));
}

rocksdb::DBOptions make_db_options(const RocksdbOptions& options,
                                   std::shared_ptr<rocksdb::EventListener> listener,
                                   std::shared_ptr<rocksdb::WriteBufferManager> buffers) {
  rocksdb::DBOptions db;
  if (options.env != nullptr) db.env = options.env;
  db.create_if_missing = true;
  db.listeners.push_back(std::move(listener));
  db.write_buffer_manager = std::move(buffers);

  // An idle store does nothing: no statistics, no periodic work, few threads, little log.
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.max_background_jobs = options.background_threads;
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.max_log_file_size = kMiB;
  db.keep_log_file_num = 2;
  db.manifest_preallocation_size = 64 * kKiB;
  db.max_manifest_file_size = 4 * kMiB;

  // A quick start: sizes and statistics of table files are checked when they are read.
  db.skip_stats_update_on_db_open = true;
  db.skip_checking_sst_file_sizes_on_db_open = true;
  db.avoid_unnecessary_blocking_io = true;
  // The destructor must not write: `close` does, and a crash test wants neither.
  db.avoid_flush_during_shutdown = true;
  // Per file of a compaction, outside of the budget: a small store must not read far ahead.
  db.compaction_readahead_size = std::clamp(options.memory / 128, 64 * kKiB, kMiB);
  // The same for each file that is written.
  db.writable_file_max_buffer_size = std::clamp(options.memory / 128, 64 * kKiB, kMiB);
  db.max_bgerror_resume_count = 0;
  return db;
}

rocksdb::ColumnFamilyOptions make_family_options(const RocksdbOptions& options,
                                                 std::shared_ptr<rocksdb::Cache> cache) {
  rocksdb::ColumnFamilyOptions family;
  family.merge_operator = std::make_shared<NoMerge>();
  // A bloom filter per memtable would cost a share of every buffer, even of an empty one.
  family.memtable_prefix_bloom_size_ratio = 0;
  family.memtable_insert_with_hint_prefix_extractor = std::make_shared<NumberedRows>();
  family.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kKeyPrefixSize));
  family.write_buffer_size = std::max(kMiB, options.memory / 8);
  // Two dozen partitions are mostly idle, and each that is not holds at least one arena block.
  family.arena_block_size = 64 * kKiB;
  // Flushing two buffers at once drops what lives shortly (timers, inbox, outbox) before it ever
  // reaches the disk.
  family.min_write_buffer_number_to_merge = 2;
  family.max_write_buffer_number = 4;

  family.level0_file_num_compaction_trigger = 2;
  // Compaction debt is to be reported, never to stop apply.
  family.level0_slowdown_writes_trigger = 1 << 30;
  family.level0_stop_writes_trigger = 1 << 30;
  family.soft_pending_compaction_bytes_limit = std::uint64_t{512} << 30;
  family.hard_pending_compaction_bytes_limit = std::uint64_t{2} << 40;
  family.level_compaction_dynamic_level_bytes = true;
  family.max_bytes_for_level_base = 64 * kMiB;
  family.target_file_size_base = 16 * kMiB;

  const auto quick = best_of({rocksdb::kLZ4Compression, rocksdb::kSnappyCompression});
  const auto dense = best_of({rocksdb::kZSTD, rocksdb::kLZ4Compression});
  family.compression_per_level = {quick, quick, dense, dense, dense, dense, dense};

  // Large values (payloads in journals, state) are written once, beside the tables: a compaction
  // moves their keys only. `collect_garbage` (large_values.h) says when their files are rewritten.
  family.enable_blob_files = true;
  family.min_blob_size = kLargeValue;
  family.blob_compression_type = quick;
  family.blob_cache = cache;
  family.blob_garbage_collection_age_cutoff = 1.0;
  family.blob_garbage_collection_force_threshold = 0.25;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
  table.block_size = 16 * kKiB;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.whole_key_filtering = true;
  // Indexes and filters count against the budget, too.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

  family.table_properties_collector_factories.push_back(
      std::make_shared<PositionCollectorFactory>());
  // Queues leave dense runs of tombstones behind: files full of them are rewritten early.
  family.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(1024, 512, 0.5));
  return family;
}

}  // namespace restate::storage
