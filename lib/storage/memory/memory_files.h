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
  /// The power goes during the `nth` change from now on, 1 being the next. A write or a new name
  /// may still have reached the disk, a sync has not happened; everything after it answers
  /// `kFailed`.
  void cut_power(std::uint32_t nth);
  /// Whether the power is gone.
  bool dark() const;
  /// Below this path changes to names reach the disk in their order, and the sync of a file takes
  /// those of its own name and all before it along: what journalling file systems do, what POSIX
  /// does not promise, and what RocksDB relies on.
  void journal_names(std::string below);
  /// Syncs below this path do nothing and say they are done. For tests that must notice it.
  void lie_about_syncs(std::string below);
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
  /// Before anything: is there power?
  Result<void> powered(const std::string& path) const;
  /// Counts a change of `path`; fails if the power goes in it.
  Result<void> count_change(const std::string& path);
  bool lies_about(const std::string& path) const;
  bool journaled(const std::string& path) const;
  void commit_names_of(const Inode& inode);

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
  std::uint32_t changes_to_cut_ = 0;  ///< 0: the power stays
  bool dark_ = false;
  std::string lies_below_;
  std::string journaled_below_;
};

}  // namespace restate::storage
