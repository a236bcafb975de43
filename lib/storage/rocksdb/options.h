#pragma once

/// \file
/// How we set up RocksDB, in one place and with the reasons.

#include <restate/storage/rocksdb.h>

#include <rocksdb/listener.h>
#include <rocksdb/options.h>
#include <rocksdb/write_buffer_manager.h>

#include <memory>

namespace restate::storage {

rocksdb::DBOptions make_db_options(const RocksdbOptions& options,
                                   std::shared_ptr<rocksdb::EventListener> listener,
                                   std::shared_ptr<rocksdb::WriteBufferManager> buffers);

/// For the family of one partition.
rocksdb::ColumnFamilyOptions make_family_options(const RocksdbOptions& options,
                                                 std::shared_ptr<rocksdb::Cache> cache);

std::shared_ptr<rocksdb::Cache> make_cache(const RocksdbOptions& options);

/// Counts what is not flushed, and charges it to the cache: both together stay within one budget.
std::shared_ptr<rocksdb::WriteBufferManager> make_buffers(const RocksdbOptions& options,
                                                          std::shared_ptr<rocksdb::Cache> cache);

}  // namespace restate::storage
