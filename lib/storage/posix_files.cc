#include "storage/file_layer.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

namespace restate::storage {
namespace {

Error system_error(const std::string& attempt, const std::string& path, int number = errno) {
  return Error{number == ENOENT ? Code::kNotFound : Code::kFailed,
               attempt + " " + path + ": " + std::generic_category().message(number)};
}

/// A file descriptor that is closed in the end.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

class PosixFile final : public File {
 public:
  PosixFile(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  Result<void> write(std::uint64_t position, std::span<const std::string_view> pieces) override {
    std::array<iovec, 256> vectors;
    std::size_t skip = 0;  // bytes of the first piece that are written already
    while (!pieces.empty()) {
      const std::size_t count = std::min(pieces.size(), vectors.size());
      for (std::size_t i = 0; i < count; ++i) {
        const std::string_view piece = pieces[i].substr(i == 0 ? skip : 0);
        vectors[i] = {const_cast<char*>(piece.data()), piece.size()};
      }
      const ssize_t written = ::pwritev(fd_.get(), vectors.data(), static_cast<int>(count),
                                        static_cast<off_t>(position));
      if (written < 0) {
        if (errno == EINTR) continue;
        return system_error("writing", path_);
      }
      position += static_cast<std::uint64_t>(written);
      skip += static_cast<std::size_t>(written);
      while (!pieces.empty() && skip >= pieces.front().size()) {
        skip -= pieces.front().size();
        pieces = pieces.subspan(1);
      }
    }
    return {};
  }

  Result<std::size_t> read(std::uint64_t position, char* into, std::size_t size) const override {
    std::size_t got = 0;
    while (got < size) {
      const ssize_t part =
          ::pread(fd_.get(), into + got, size - got, static_cast<off_t>(position + got));
      if (part < 0) {
        if (errno == EINTR) continue;
        return system_error("reading", path_);
      }
      if (part == 0) break;
      got += static_cast<std::size_t>(part);
    }
    return got;
  }

  Result<void> sync() override {
    // Never tried again: after a failed sync the kernel may have dropped the pages.
    if (::fdatasync(fd_.get()) != 0) return system_error("syncing", path_);
    return {};
  }

  Result<void> allocate(std::uint64_t size) override {
    int failure = 0;
    do {
      failure = ::posix_fallocate(fd_.get(), 0, static_cast<off_t>(size));
    } while (failure == EINTR);
    if (failure != 0) return system_error("allocating", path_, failure);
    return {};
  }

  Result<std::uint64_t> size() const override {
    struct stat info {};
    if (::fstat(fd_.get(), &info) != 0) return system_error("measuring", path_);
    return static_cast<std::uint64_t>(info.st_size);
  }

 private:
  const Descriptor fd_;
  const std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int fd) : fd_(fd) {}

 private:
  const Descriptor fd_;  // closing it unlocks
};

class PosixFiles final : public FileLayer {
 public:
  Result<std::unique_ptr<File>> create(const std::string& path) override {
    return open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, "creating");
  }
  Result<std::unique_ptr<File>> open(const std::string& path) override {
    return open(path, O_RDWR | O_CLOEXEC, "opening");
  }

  Result<void> create_directories(const std::string& path) override {
    // A directory is there after a power cut if its name was synced, which is its parent's business.
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
      const std::string directory = path.substr(0, slash);
      std::error_code error;
      if (std::filesystem::create_directory(directory, error)) {
        RESTATE_TRY_VOID(sync_directory(parent_of(directory)));
      }
      if (error) return system_error("creating", directory, error.value());
      if (slash == std::string::npos) return {};
    }
  }

  Result<std::vector<std::string>> list(const std::string& directory) override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator at(directory, error);
    for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) {
      names.push_back(at->path().filename().string());
    }
    if (error) return system_error("listing", directory, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return system_error("renaming", from);
    return {};
  }

  Result<void> unlink(const std::string& path) override {
    if (::unlink(path.c_str()) != 0) return system_error("removing", path);
    return {};
  }

  Result<void> sync_directory(const std::string& path) override {
    const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0) return system_error("opening", path);
    if (::fsync(directory.get()) != 0) return system_error("syncing", path);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return system_error("opening", path);
    auto lock = std::make_unique<PosixLock>(fd);
    // Belongs to this open file, so a second engine in the same process is refused as well.
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return system_error("locking", path);
      return Error{Code::kAlreadyExists, path + " is held by another engine"};
    }
    return std::unique_ptr<FileLock>(std::move(lock));
  }

 private:
  static Result<std::unique_ptr<File>> open(const std::string& path, int flags,
                                            const std::string& attempt) {
    const int fd = ::open(path.c_str(), flags, 0644);
    if (fd < 0) return system_error(attempt, path);
    return std::unique_ptr<File>(std::make_unique<PosixFile>(fd, path));
  }
};

}  // namespace

FileLayer& posix_files() {
  static PosixFiles files;
  return files;
}

}  // namespace restate::storage
