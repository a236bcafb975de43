#pragma once

/// \file
/// A new database is worth nothing until all of it is on disk, and then nobody has written to it
/// yet. RocksDB syncs each step of making one, a dozen times; here that is put off, and done once
/// for each file that is left in the end.

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace restate::storage {

/// Between `RocksDB` and the files of `target`. From `settle` on it only passes on.
class LateSyncs final : public rocksdb::FileSystemWrapper {
 public:
  explicit LateSyncs(const std::shared_ptr<rocksdb::FileSystem>& target);

  /// Syncs what is owed, and every later sync happens when it is asked for. Directories are up to
  /// the caller.
  rocksdb::IOStatus settle();

  const char* Name() const override { return "restate.late-syncs"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

  /// What files share with the system that they come from.
  struct Debts {
    using File = std::shared_ptr<rocksdb::FSWritableFile>;

    /// True: the sync of `file` is put off.
    bool owe(const std::string& path, const File& file);
    bool owes(const File& file);

    std::atomic<bool> late{true};
    std::mutex mutex;
    std::map<std::string, File> files;  ///< to be synced, by their names now
  };

 private:
  const std::shared_ptr<Debts> debts_ = std::make_shared<Debts>();
};

/// `target` with other files: threads, clock and all else stay.
class FilesEnv final : public rocksdb::EnvWrapper {
 public:
  FilesEnv(rocksdb::Env& target, std::shared_ptr<rocksdb::FileSystem> files) : EnvWrapper(&target) {
    file_system_ = std::move(files);
    system_clock_ = target.GetSystemClock();
  }
};

}  // namespace restate::storage
