#pragma once

/// \file
/// The few file operations a log needs, so that a test can pull the plug between any two of them.
/// `posix_files()` is the real disk; `MemoryFiles` is the one that forgets.

#include "common/visibility.h"

#include <restate/bytes.h>
#include <restate/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace restate::storage {

/// An open file. Reads may run on several threads beside one writer. Destroying it closes it.
class File {
 public:
  virtual ~File() = default;

  /// Writes the pieces one after another at `position`. Durable only after `sync`.
  virtual Result<void> write(std::uint64_t position, std::span<const std::string_view> pieces) = 0;
  /// Reads up to `size` bytes; fewer only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t position, char* into, std::size_t size) const = 0;
  /// Makes content and length durable.
  virtual Result<void> sync() = 0;
  /// Reserves space up to `size` and makes the file at least that long; new bytes read as zero.
  virtual Result<void> allocate(std::uint64_t size) = 0;
  virtual Result<std::uint64_t> size() const = 0;
};

/// Held while a directory is in use by one process.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// Errors name the path. `kFailed` is the disk's refusal, a full one included.
class RESTATE_HIDDEN FileLayer {
 public:
  virtual ~FileLayer() = default;

  /// A new, empty file, or the old one emptied.
  virtual Result<std::unique_ptr<File>> create(const std::string& path) = 0;
  /// - `kNotFound`: there is none.
  virtual Result<std::unique_ptr<File>> open(const std::string& path) = 0;
  /// Durably: with the names of those that were missing.
  virtual Result<void> create_directories(const std::string& path) = 0;
  /// Names of the files in a directory, sorted.
  virtual Result<std::vector<std::string>> list(const std::string& directory) = 0;
  virtual Result<void> rename(const std::string& from, const std::string& to) = 0;
  virtual Result<void> unlink(const std::string& path) = 0;
  /// Makes creations, renames and unlinks in the directory durable.
  virtual Result<void> sync_directory(const std::string& path) = 0;
  /// - `kAlreadyExists`: another owner holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::string& path) = 0;
};

/// Where the name of a file or directory is written down.
std::string parent_of(const std::string& path);

/// The whole content of a small file.
Result<std::string> read_file(FileLayer& files, const std::string& path);

/// Creates the file with this content, durably and all at once: a crash leaves all of it or the
/// file that was there before.
Result<void> replace_file(FileLayer& files, const std::string& directory, const std::string& name,
                          std::string_view content);

/// The files of the operating system. Stateless.
FileLayer& posix_files();

}  // namespace restate::storage
