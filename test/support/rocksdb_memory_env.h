#pragma once

// RocksDB on a disk that forgets: its file system on top of `MemoryFiles`.

#include "storage/memory/memory_files.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>
#include <rocksdb/system_clock.h>

#include <memory>
#include <string>

namespace restate::testing {

inline rocksdb::IOStatus io_status(const Result<void>& result) {
  if (result) return rocksdb::IOStatus::OK();
  if (result == Code::kNotFound) return rocksdb::IOStatus::NotFound(result.error().message);
  return rocksdb::IOStatus::IOError(result.error().message);
}

template <class T>
Result<void> outcome_of(const Result<T>& result) {
  return result ? Result<void>() : Result<void>(result.error());
}

class MemoryReader final : public rocksdb::FSSequentialFile, public rocksdb::FSRandomAccessFile {
 public:
  explicit MemoryReader(std::unique_ptr<storage::File> file) : file_(std::move(file)) {}

  rocksdb::IOStatus Read(std::uint64_t offset, std::size_t n, const rocksdb::IOOptions&,
                         rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext*) const override {
    auto got = file_->read(offset, scratch, n);
    if (got) *result = rocksdb::Slice(scratch, *got);
    return io_status(outcome_of(got));
  }
  rocksdb::IOStatus Read(std::size_t n, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                         char* scratch, rocksdb::IODebugContext* debug) override {
    auto status = Read(at_, n, options, result, scratch, debug);
    if (status.ok()) at_ += result->size();
    return status;
  }
  rocksdb::IOStatus Skip(std::uint64_t n) override {
    at_ += n;
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus InvalidateCache(std::size_t, std::size_t) override {
    return rocksdb::IOStatus::OK();
  }

 private:
  std::unique_ptr<storage::File> file_;
  std::uint64_t at_ = 0;
};

class MemoryWriter final : public rocksdb::FSWritableFile {
 public:
  MemoryWriter(std::unique_ptr<storage::File> file, std::uint64_t end)
      : file_(std::move(file)), end_(end) {}

  using FSWritableFile::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions&,
                           rocksdb::IODebugContext*) override {
    const std::string_view piece = data.ToStringView();
    const auto status = io_status(file_->write(end_, {&piece, 1}));
    if (status.ok()) end_ += piece.size();
    return status;
  }
  rocksdb::IOStatus Truncate(std::uint64_t, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Close(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Flush(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return io_status(file_->sync());
  }
  std::uint64_t GetFileSize(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return end_;
  }

 private:
  std::unique_ptr<storage::File> file_;
  std::uint64_t end_;
};

class MemoryDirectory final : public rocksdb::FSDirectory {
 public:
  MemoryDirectory(storage::MemoryFiles& files, std::string path)
      : files_(files), path_(std::move(path)) {}
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return io_status(files_.sync_directory(path_));
  }

 private:
  storage::MemoryFiles& files_;
  const std::string path_;
};

class MemoryFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit MemoryFileSystem(storage::MemoryFiles& files)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), files_(files) {}

  const char* Name() const override { return "MemoryFileSystem"; }

  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions&,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* result,
                                      rocksdb::IODebugContext*) override {
    auto file = files_.open(clean(path));
    if (file) *result = std::make_unique<MemoryReader>(std::move(*file));
    return io_status(outcome_of(file));
  }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions&,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
                                        rocksdb::IODebugContext*) override {
    auto file = files_.open(clean(path));
    if (file) *result = std::make_unique<MemoryReader>(std::move(*file));
    return io_status(outcome_of(file));
  }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                    std::unique_ptr<rocksdb::FSWritableFile>* result,
                                    rocksdb::IODebugContext*) override {
    auto file = files_.create(clean(path));
    if (file) *result = std::make_unique<MemoryWriter>(std::move(*file), 0);
    return io_status(outcome_of(file));
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions&,
                                       std::unique_ptr<rocksdb::FSWritableFile>* result,
                                       rocksdb::IODebugContext*) override {
    auto file = files_.open(clean(path));
    if (!file) return io_status(outcome_of(file));
    const auto size = (*file)->size();  // the power may have gone since
    if (size) *result = std::make_unique<MemoryWriter>(std::move(*file), *size);
    return io_status(outcome_of(size));
  }
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions&,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext*) override {
    *result = std::make_unique<MemoryDirectory>(files_, clean(path));
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus FileExists(const std::string& path, const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override {
    return files_.exists(clean(path)) || files_.is_directory(clean(path))
               ? rocksdb::IOStatus::OK()
               : rocksdb::IOStatus::NotFound(path);
  }
  rocksdb::IOStatus GetChildren(const std::string& path, const rocksdb::IOOptions&,
                                std::vector<std::string>* result,
                                rocksdb::IODebugContext*) override {
    auto names = files_.list(clean(path));
    if (names) *result = std::move(*names);
    return io_status(outcome_of(names));
  }
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override {
    return io_status(files_.unlink(clean(path)));
  }
  rocksdb::IOStatus CreateDir(const std::string& path, const rocksdb::IOOptions&,
                              rocksdb::IODebugContext*) override {
    return io_status(files_.create_directories(clean(path)));
  }
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions&,
                                       rocksdb::IODebugContext*) override {
    return io_status(files_.create_directories(clean(path)));
  }
  rocksdb::IOStatus GetFileSize(const std::string& path, const rocksdb::IOOptions&,
                                std::uint64_t* size, rocksdb::IODebugContext*) override {
    auto file = files_.open(clean(path));
    if (!file) return io_status(outcome_of(file));
    const auto bytes = (*file)->size();  // the power may have gone since
    if (bytes) *size = *bytes;
    return io_status(outcome_of(bytes));
  }
  rocksdb::IOStatus GetFileModificationTime(const std::string&, const rocksdb::IOOptions&,
                                            std::uint64_t* time,
                                            rocksdb::IODebugContext*) override {
    *time = 0;
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return io_status(files_.rename(clean(from), clean(to)));
  }
  rocksdb::IOStatus LinkFile(const std::string&, const std::string&, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::NotSupported("links");
  }
  rocksdb::IOStatus LockFile(const std::string& path, const rocksdb::IOOptions&,
                             rocksdb::FileLock** lock, rocksdb::IODebugContext*) override {
    auto held = files_.lock(clean(path));
    if (held) *lock = new HeldLock(std::move(*held));
    return io_status(outcome_of(held));
  }
  rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions&,
                               rocksdb::IODebugContext*) override {
    delete lock;
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus NewLogger(const std::string&, const rocksdb::IOOptions&,
                              std::shared_ptr<rocksdb::Logger>* result,
                              rocksdb::IODebugContext*) override {
    *result = std::make_shared<Silence>();
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus GetAbsolutePath(const std::string& path, const rocksdb::IOOptions&,
                                    std::string* result, rocksdb::IODebugContext*) override {
    *result = path;
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus IsDirectory(const std::string& path, const rocksdb::IOOptions&, bool* yes,
                                rocksdb::IODebugContext*) override {
    *yes = files_.is_directory(clean(path));
    return rocksdb::IOStatus::OK();
  }

 private:
  struct HeldLock final : rocksdb::FileLock {
    explicit HeldLock(std::unique_ptr<storage::FileLock> l) : lock(std::move(l)) {}
    std::unique_ptr<storage::FileLock> lock;
  };
  struct Silence final : rocksdb::Logger {
    using Logger::Logv;
    void Logv(const char*, va_list) override {}
    std::size_t GetLogFileSize() const override { return 0; }
  };

  /// RocksDB is generous with slashes.
  static std::string clean(const std::string& path) {
    std::string cleaned;
    for (const char c : path) {
      if (c != '/' || !cleaned.ends_with('/')) cleaned.push_back(c);
    }
    if (cleaned.size() > 1 && cleaned.ends_with('/')) cleaned.pop_back();
    return cleaned;
  }

  storage::MemoryFiles& files_;
};

/// RocksDB sleeps for a second after an error in the background; a test has no second to spare.
class SleeplessClock final : public rocksdb::SystemClockWrapper {
 public:
  SleeplessClock() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
  const char* Name() const override { return "SleeplessClock"; }
  void SleepForMicroseconds(int) override {}
};

class MemoryEnv final : public rocksdb::EnvWrapper {
 public:
  explicit MemoryEnv(storage::MemoryFiles& files)
      : EnvWrapper(rocksdb::NewCompositeEnv(std::make_shared<MemoryFileSystem>(files))) {
    system_clock_ = std::make_shared<SleeplessClock>();
  }
};

}  // namespace restate::testing
