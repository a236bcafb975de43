#include "engine/disk.h"
#include "runtime/thread.h"
#include "storage/file_layer.h"

#include <restate/engine.h>
#include <restate/storage/rocksdb.h>
#include <restate/storage/segment_log.h>

#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace restate {
namespace engine {
namespace {

/// Reference data looks different, and must not be guessed at.
Result<void> check_directory(const std::filesystem::path& directory) {
  for (const char* foreign : {".cluster-marker", "log-store", "replicated-metadata-server"}) {
    if (std::filesystem::exists(directory / foreign)) {
      return Error{Code::kFailedPrecondition, "'" + directory.string() +
                                                  "' holds data of another server ('" + foreign +
                                                  "'); choose another base-dir or node-name"};
    }
  }
  return storage::posix_files().create_directories(directory.string());
}

/// Makes the directories of the parts. Their names become durable together: a sync for all three.
Result<void> make_parts(const std::string& directory) {
  // The first thing that is written once they are.
  if (std::filesystem::exists(directory + "/log/FORMAT")) return {};
  for (const char* part : {"/log", "/metadata", "/db"}) {
    std::error_code error;
    std::filesystem::create_directory(directory + part, error);
    if (error) {
      return Error{Code::kFailed, "creating " + directory + part + ": " + error.message()};
    }
  }
  return storage::posix_files().sync_directory(directory);
}

storage::RocksdbOptions table_options(const node::Config& config,
                                      const std::function<void(const Error&)>& on_failure) {
  storage::RocksdbOptions options;
  options.memory = config.memory.tables;
  options.partitions = config.partitions;
  options.on_failure = on_failure;
  return options;
}

/// Waits for its threads.
struct Openers {
  ~Openers() { join(); }
  void join() {
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }
  std::vector<std::thread> threads;
};

}  // namespace

Result<Disk> open_files(const std::string& directory, const node::Config& config,
                        std::function<void(const Error&)> on_failure) {
  RESTATE_TRY_VOID(check_directory(directory));
  RESTATE_TRY_VOID(make_parts(directory));
  Disk disk;
  std::optional<Result<std::unique_ptr<storage::DurableSpace>>> metadata;
  std::optional<Result<std::unique_ptr<storage::Store>>> tables;
  Openers openers;
  // The log first: its lock is what keeps a second instance away. Then all three at once, because
  // each of them waits for the disk most of the time.
  storage::SegmentLogOptions log_options;
  log_options.on_locked = [&] {
    openers.threads.push_back(start_thread("restate-open", [&] {
      metadata.emplace(storage::open_durable_space(directory + "/metadata", nullptr, on_failure));
    }));
    openers.threads.push_back(start_thread("restate-open", [&] {
      tables.emplace(
          storage::open_rocksdb_store(directory + "/db", table_options(config, on_failure)));
    }));
  };
  log_options.queue_bytes = config.memory.log_queue;
  log_options.write_bytes = config.memory.log_write;
  log_options.on_failure = on_failure;
  auto logs = storage::open_segment_log(directory + "/log", std::move(log_options));
  openers.join();
  if (!logs && logs.error().code == Code::kAlreadyExists) {
    return std::move(logs).error().within("the data directory '" + directory + "' is in use");
  }
  RESTATE_TRY(disk.logs, std::move(logs));
  RESTATE_TRY(disk.metadata, std::move(*metadata));
  RESTATE_TRY(disk.tables, std::move(*tables));
  constexpr std::string_view kFiles = "file://";
  if (config.snapshot_destination.starts_with(kFiles)) {
    disk.copies = worker::make_copy_directory(config.snapshot_destination.substr(kFiles.size()));
  }
  return disk;
}

}  // namespace engine

const engine::Files& DataDir::files() {
  static constexpr engine::Files kFiles{engine::open_files};
  return kFiles;
}

}  // namespace restate
