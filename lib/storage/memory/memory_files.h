#pragma once

/// \file
/// Files in memory that forget, in a power failure, what a careless program never synced: sectors,
/// lengths, and names in directories.

#include "storage/file_layer.h"

#include <restate/runtime.h>

#include <map>
#include <mutex>
#include <set>

namespace restate::storage {

/// How it forgets: of the sectors overwritten since the last sync any subset may be on disk; what
/// was appended is there up to some point; of the changes to names any subset may have happened.
/// May be used from many threads.
class MemoryFiles final : public FileLayer {
 public:
  static constexpr std::uint64_t kSector = 512;

  /// The power fails. Files opened before answer `kFailed` from now on, locks are gone, and so are
  /// injected faults.
  void crash(std::uint64_t seed);
  /// The `nth` write or sync from now on fails, 1 being the next; those after it work again, as
  /// they do on real disks.
  void fail_write(std::uint32_t nth);
  void fail_sync(std::uint32_t nth);
  /// No more than this can be stored.
  void set_capacity(std::uint64_t bytes);
  /// Flips a bit, on disk as well. False if the file has no such byte.
  bool flip_bit(const std::string& path, std::uint64_t position);
  std::uint64_t syncs() const;
  bool exists(const std::string& path) const;
  bool is_directory(const std::string& path) const;

  Result<std::unique_ptr<File>> create(const std::string& path) override;
  Result<std::unique_ptr<File>> open(const std::string& path) override;
  Result<void> create_directories(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& directory) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> unlink(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  class OpenFile;
  class Lock;
  struct Inode {
    std::string content;
    std::string durable;
    std::set<std::uint64_t> dirty;  ///< sectors
    void crash(Random& random);
  };
  using InodePtr = std::shared_ptr<Inode>;
  /// A name that came or went; `inode` is null for a name that went.
  struct NameChange {
    std::string path;
    InodePtr inode;
    std::string moved_from;  ///< vanishes in the same step
  };

  void change_name(NameChange change);
  static void apply(const NameChange& change, std::map<std::string, InodePtr>& names);
  Result<void> strike(std::uint32_t& countdown, const std::string& path) const;

  mutable std::mutex mutex_;
  std::map<std::string, InodePtr> names_;
  std::map<std::string, InodePtr> durable_names_;
  std::vector<NameChange> changes_;
  std::set<std::string> directories_;
  std::set<std::string> locks_;
  std::uint64_t life_ = 0;
  std::uint64_t capacity_ = UINT64_MAX;
  std::uint64_t used_ = 0;
  std::uint64_t syncs_ = 0;
  std::uint32_t failing_write_ = 0;
  std::uint32_t failing_sync_ = 0;
};

}  // namespace restate::storage
