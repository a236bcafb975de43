#pragma once

/// \file
/// Where copies of tables are kept: what a partition is restored from when its own tables are lost.

#include "worker/table_copy.h"

#include <restate/ids.h>
#include <restate/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace restate::storage {
class FileLayer;
}

namespace restate::worker {

/// A copy that is being written. Dropped before `finish` it leaves nothing. The store outlives it.
class CopyWriter {
 public:
  virtual ~CopyWriter() = default;
  virtual Result<void> write(std::string_view bytes) = 0;
  /// The copy is whole and goes up to `applied`; durable when this returns.
  virtual Result<void> finish(std::uint64_t applied) = 0;
};

/// Calls block: for the pool, on any of its threads. Several copies may be written at once, of one
/// partition as well: each is a draft of its own until it is finished.
class CopyStore {
 public:
  virtual ~CopyStore() = default;
  /// - `kOverloaded`: too many are being written.
  virtual Result<std::unique_ptr<CopyWriter>> create(PartitionId partition) = 0;
  /// The LSNs that the copies of a partition go up to, newest first. Drafts that nobody writes any
  /// more are removed.
  virtual Result<std::vector<std::uint64_t>> list(PartitionId partition) = 0;
  virtual Result<CopySource> open(PartitionId partition, std::uint64_t applied) = 0;
  virtual Result<void> remove(PartitionId partition, std::uint64_t applied) = 0;
};

/// Copies as files: `<directory>/<partition>/lsn_<twenty digits>.tables`, written as
/// `new_<number>.part` and renamed. One store at a time has the directory. `files` outlives the
/// store; null: the real disk.
std::unique_ptr<CopyStore> make_copy_directory(std::string directory,
                                               storage::FileLayer* files = nullptr);

}  // namespace restate::worker
