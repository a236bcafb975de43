#include "storage/rocksdb/late_syncs.h"

#include <utility>

namespace restate::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class LateFile final : public rocksdb::FSWritableFileWrapper {
 public:
  LateFile(std::string path, LateSyncs::Debts::File file, std::shared_ptr<LateSyncs::Debts> debts)
      : FSWritableFileWrapper(file.get()),
        path_(std::move(path)),
        file_(std::move(file)),
        debts_(std::move(debts)) {}

  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return debts_->owe(path_, file_) ? IOStatus::OK() : file_->Sync(options, debug);
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return debts_->owe(path_, file_) ? IOStatus::OK() : file_->Fsync(options, debug);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    // What is closed cannot be synced: it closes itself when the debt is paid.
    return debts_->owes(file_) ? IOStatus::OK() : file_->Close(options, debug);
  }

 private:
  const std::string path_;  ///< when it was made
  const LateSyncs::Debts::File file_;
  const std::shared_ptr<LateSyncs::Debts> debts_;
};

class LateDirectory final : public rocksdb::FSDirectoryWrapper {
 public:
  LateDirectory(std::unique_ptr<rocksdb::FSDirectory> directory,
                std::shared_ptr<LateSyncs::Debts> debts)
      : FSDirectoryWrapper(std::move(directory)), debts_(std::move(debts)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return debts_->late ? IOStatus::OK() : FSDirectoryWrapper::Fsync(options, debug);
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& what) override {
    return debts_->late ? IOStatus::OK()
                        : FSDirectoryWrapper::FsyncWithDirOptions(options, debug, what);
  }

 private:
  const std::shared_ptr<LateSyncs::Debts> debts_;
};

}  // namespace

bool LateSyncs::Debts::owe(const std::string& path, const File& file) {
  const std::lock_guard lock(mutex);
  if (!late) return false;
  for (const auto& [name, owed] : files) {
    if (owed == file) return true;  // it may have another name by now
  }
  files[path] = file;
  return true;
}

bool LateSyncs::Debts::owes(const File& file) {
  const std::lock_guard lock(mutex);
  for (const auto& [name, owed] : files) {
    if (owed == file) return true;
  }
  return false;
}

LateSyncs::LateSyncs(const std::shared_ptr<rocksdb::FileSystem>& target)
    : FileSystemWrapper(target) {}

IOStatus LateSyncs::settle() {
  const std::lock_guard lock(debts_->mutex);
  debts_->late = false;
  IOStatus status;
  for (auto& [path, file] : std::exchange(debts_->files, {})) {
    // A copy of the settings for people: nobody opens a database by it.
    if (path.find("/OPTIONS-") != std::string::npos) continue;
    if (status.ok()) status = file->Sync(IOOptions(), nullptr);
  }
  return status;
}

IOStatus LateSyncs::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    IODebugContext* debug) {
  auto status = FileSystemWrapper::NewWritableFile(path, options, result, debug);
  if (status.ok() && debts_->late) {
    *result = std::make_unique<LateFile>(path, Debts::File(std::move(*result)), debts_);
  }
  return status;
}

IOStatus LateSyncs::NewDirectory(const std::string& path, const IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 IODebugContext* debug) {
  auto status = FileSystemWrapper::NewDirectory(path, options, result, debug);
  if (status.ok() && debts_->late) {
    *result = std::make_unique<LateDirectory>(std::move(*result), debts_);
  }
  return status;
}

IOStatus LateSyncs::RenameFile(const std::string& from, const std::string& to,
                               const IOOptions& options, IODebugContext* debug) {
  auto status = FileSystemWrapper::RenameFile(from, to, options, debug);
  if (!status.ok() || !debts_->late) return status;
  const std::lock_guard lock(debts_->mutex);
  if (auto owed = debts_->files.extract(from)) debts_->files[to] = std::move(owed.mapped());
  return status;
}

IOStatus LateSyncs::DeleteFile(const std::string& path, const IOOptions& options,
                               IODebugContext* debug) {
  if (debts_->late) {
    const std::lock_guard lock(debts_->mutex);
    debts_->files.erase(path);
  }
  return FileSystemWrapper::DeleteFile(path, options, debug);
}

}  // namespace restate::storage
