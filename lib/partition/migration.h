#pragma once

/// \file
/// From one storage format of a partition's tables to the next. A migration works through the rows
/// in bounded batches, and its last batch both removes what is old and raises the format: after a
/// crash the tables are of the old format, whatever was copied, or of the new one.

#include <restate/ids.h>
#include <restate/result.h>
#include <restate/storage/batch.h>
#include <restate/storage/view.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace restate::partition {

/// The layout of keys and rows that this program writes. It grows when a store must be migrated
/// before it can be read; fields that are appended to a row need no new one.
inline constexpr std::uint64_t kStorageFormat = 2;

class Migration {
 public:
  virtual ~Migration() = default;
  /// It leads from this format to the next one.
  virtual std::uint64_t from() const = 0;
  /// Puts the next changes, about a megabyte at most, into `batch`. Answers true if nothing comes
  /// behind them. `cursor` is empty at the start and then what the last step left there; it is lost
  /// in a crash, so steps must come to the same rows when they are done again.
  virtual Result<bool> step(PartitionId partition, const storage::View& rows, std::string& cursor,
                            storage::Batch& batch) const = 0;
};

/// From each older format to the next one. They outlive whoever asks.
std::vector<const Migration*> migrations();

/// Leads the tables of one partition to `kStorageFormat`. The caller commits each batch, at the
/// position where the tables are, before it asks for the next.
class Migrator {
 public:
  /// `rows` outlives this, and shows what was committed.
  Migrator(PartitionId partition, const storage::View& rows,
           std::vector<const Migration*> migrations);

  /// Looks at the format. `kUnsupported`: a newer program wrote it, or one that is too old.
  Result<void> open();
  bool done() const { return format_ == kStorageFormat; }
  std::uint64_t format() const { return format_; }
  /// Fills `batch`, which is empty. Not once it is done.
  Result<void> next(storage::Batch& batch);

 private:
  const Migration* find(std::uint64_t from) const;

  const PartitionId partition_;
  const storage::View& rows_;
  const std::vector<const Migration*> migrations_;
  std::uint64_t format_ = kStorageFormat;
  std::string cursor_;
};

}  // namespace restate::partition
