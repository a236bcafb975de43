#include "engine/disk.h"
#include "storage/file_layer.h"

#include <restate/engine.h>
#include <restate/storage/rocksdb.h>
#include <restate/storage/segment_log.h>

#include <filesystem>
#include <utility>

namespace restate {
namespace engine {
namespace {

/// Reference data looks different, and must not be guessed at.
Result<void> check_directory(const std::filesystem::path& directory) {
  for (const char* foreign : {".cluster-marker", "log-store", "replicated-metadata-server"}) {
    if (std::filesystem::exists(directory / foreign)) {
      return Error{Code::kFailedPrecondition,
                   "'" + directory.string() + "' holds data of another server ('" + foreign +
                       "'); choose another base-dir or node-name"};
    }
  }
  return storage::posix_files().create_directories(directory.string());
}

}  // namespace

Result<Disk> open_files(const std::string& directory, const node::Config& config,
                        std::function<void(const Error&)> on_failure) {
  RESTATE_TRY_VOID(check_directory(directory));
  Disk disk;
  // The log first: its lock is what keeps a second instance away.
  storage::SegmentLogOptions log_options;
  log_options.queue_bytes = config.memory.log_queue;
  log_options.write_bytes = config.memory.log_write;
  log_options.lose_records_on_power_failure = config.relaxed_durability;
  log_options.on_failure = on_failure;
  auto logs = storage::open_segment_log(directory + "/log", std::move(log_options));
  if (!logs && logs.error().code == Code::kAlreadyExists) {
    return std::move(logs).error().within("the data directory '" + directory + "' is in use");
  }
  RESTATE_TRY(disk.logs, std::move(logs));
  RESTATE_TRY(disk.metadata, storage::open_durable_space(directory + "/metadata"));
  storage::RocksdbOptions table_options;
  table_options.memory = config.memory.tables;
  table_options.partitions = config.partitions;
  table_options.on_failure = std::move(on_failure);
  RESTATE_TRY(disk.tables, storage::open_rocksdb_store(directory + "/db", std::move(table_options)));
  return disk;
}

}  // namespace engine

const engine::Files& DataDir::files() {
  static constexpr engine::Files kFiles{engine::open_files};
  return kFiles;
}

}  // namespace restate
