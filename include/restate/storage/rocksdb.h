#pragma once

/// \file
/// Tables on disk. One RocksDB database holds all partitions of a node, a column family each,
/// without RocksDB's own log: what a crash takes is applied again from the partition's log
/// (docs/formats/storage.md).

#include <restate/error.h>
#include <restate/function.h>
#include <restate/storage/durable_space.h>
#include <restate/storage/store.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace rocksdb {
class Env;
}

#pragma GCC visibility push(default)

namespace restate::storage {

/// What a database may take, and whom it tells.
struct RocksdbOptions {
  /// Bytes for rows that are not flushed yet and for cached blocks, together. Three eighths of it may
  /// be unflushed before flushes begin on their own.
  std::size_t memory = std::size_t{64} << 20;
  /// Partitions 0 to n - 1 are created with the database, which is cheaper than one by one.
  std::uint16_t partitions = 0;
  int background_threads = 2;  ///< for flushes and compactions
  /// Called once, from any thread, when the disk refused and the store entered its failed state.
  Function<void(const Error&)> on_failure;
  /// Where the files are; null: the real disk. Outlives the store.
  rocksdb::Env* env = nullptr;
};

/// Opens the database in the directory `path`, creating both when they are new. Blocks.
/// - `kAlreadyExists`: another engine has it open.
/// - `kFailedPrecondition`: the directory holds something else.
/// - `kUnsupported`: a newer version wrote it; nothing was touched.
/// - `kCorrupt`, `kFailed`: the disk.
Result<std::unique_ptr<Store>> open_rocksdb_store(const std::string& path,
                                                  RocksdbOptions options = {});

}  // namespace restate::storage

#pragma GCC visibility pop
