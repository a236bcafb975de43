#include "common/metrics.h"
#include "storage/rocksdb/database.h"

#include <rocksdb/cache.h>
#include <rocksdb/write_buffer_manager.h>

#include <cstdlib>
#include <string>
#include <vector>

// What RocksDB knows about itself anyway. Its statistics, which cost something with every read and
// write, stay off.

namespace restate::storage {
namespace {

struct Property {
  const char* metric;    ///< behind `rocksdb_`
  const char* property;  ///< behind `rocksdb.`
};

constexpr Property kOfDatabase[] = {
    {"actual_delayed_write_rate_bytes", "actual-delayed-write-rate"},
    {"background_errors", "background-errors"},
    {"block_cache_capacity_bytes", "block-cache-capacity"},
    {"block_cache_pinned_usage_bytes", "block-cache-pinned-usage"},
    {"block_cache_usage_bytes", "block-cache-usage"},
    {"is_write_stopped", "is-write-stopped"},
    {"num_running_compactions", "num-running-compactions"},
    {"num_running_flushes", "num-running-flushes"},
};

constexpr Property kOfFamily[] = {
    {"compaction_pending", "compaction-pending"},
    {"cur_size_active_mem_table_bytes", "cur-size-active-mem-table"},
    {"cur_size_all_mem_tables_bytes", "cur-size-all-mem-tables"},
    {"estimate_live_data_size_bytes", "estimate-live-data-size"},
    {"estimate_num_keys", "estimate-num-keys"},
    {"estimate_pending_compaction_bytes", "estimate-pending-compaction-bytes"},
    {"estimate_table_readers_mem_bytes", "estimate-table-readers-mem"},
    {"live_sst_files_size_bytes", "live-sst-files-size"},
    {"mem_table_flush_pending", "mem-table-flush-pending"},
    {"num_deletes_active_mem_table", "num-deletes-active-mem-table"},
    {"num_deletes_imm_mem_tables", "num-deletes-imm-mem-tables"},
    {"num_entries_active_mem_table", "num-entries-active-mem-table"},
    {"num_entries_imm_mem_tables", "num-entries-imm-mem-tables"},
    {"num_files_at_level0", "num-files-at-level0"},
    {"num_files_at_level1", "num-files-at-level1"},
    {"num_files_at_level2", "num-files-at-level2"},
    {"num_files_at_level3", "num-files-at-level3"},
    {"num_files_at_level4", "num-files-at-level4"},
    {"num_files_at_level5", "num-files-at-level5"},
    {"num_files_at_level6", "num-files-at-level6"},
    {"num_immutable_mem_table", "num-immutable-mem-table"},
    {"num_live_versions", "num-live-versions"},
    {"obsolete_sst_files_size_bytes", "obsolete-sst-files-size"},
    {"size_all_mem_tables_bytes", "size-all-mem-tables"},
    {"total_sst_files_size_bytes", "total-sst-files-size"},
};

/// Also the numbers that RocksDB has as text only.
void add(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle, const Property& property,
         const MetricLabels& labels, MetricsSnapshot& out) {
  const std::string name = std::string("rocksdb.") + property.property;
  std::uint64_t value = 0;
  if (!db.GetIntProperty(handle, name, &value)) {
    std::string text;
    if (!db.GetProperty(handle, name, &text)) return;
    value = std::strtoull(text.c_str(), nullptr, 10);
  }
  out.gauge(std::string("rocksdb_") + property.metric, labels, static_cast<double>(value));
}

}  // namespace

void Database::collect(MetricsSnapshot& out) {
  std::vector<std::shared_ptr<Family>> families;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [partition, family] : families_) families.push_back(family);
  }
  for (const Property& property : kOfDatabase) {
    add(*db_, default_family_, property, {{"db", "db"}}, out);
  }
  for (const auto& family : families) {
    const MetricLabels labels{{"db", "db"}, {"cf", family->handle->GetName()}};
    for (const Property& property : kOfFamily) add(*db_, family->handle, property, labels, out);
  }
  if (const auto buffers = db_->GetDBOptions().write_buffer_manager) {
    out.gauge("rocksdb_memory_write_buffer_manager_capacity_bytes", {},
              static_cast<double>(buffers->buffer_size()));
    out.gauge("rocksdb_memory_write_buffer_manager_usage_bytes", {},
              static_cast<double>(buffers->memory_usage()));
  }
}

}  // namespace restate::storage
