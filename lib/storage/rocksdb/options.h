#pragma once

/// \file
/// How we set up RocksDB, in one place and with the reasons.

#include <restate/storage/rocksdb.h>

#include <rocksdb/listener.h>
#include <rocksdb/options.h>

#include <memory>

namespace restate::storage {

rocksdb::DBOptions make_db_options(const RocksdbOptions& options,
                                   std::shared_ptr<rocksdb::EventListener> listener,
                                   std::shared_ptr<rocksdb::Cache> cache);

/// For the family of one partition.
rocksdb::ColumnFamilyOptions make_family_options(const RocksdbOptions& options,
                                                 std::shared_ptr<rocksdb::Cache> cache);

std::shared_ptr<rocksdb::Cache> make_cache(const RocksdbOptions& options);

}  // namespace restate::storage
