#pragma once

/// \file
/// A partition's tables as one stream of bytes, for backups: written from a snapshot while the
/// partition runs, and read into an empty space of any store. The log behind the copy is not in it:
/// whoever restores needs the records from `applied + 1` on (docs/formats/tables.md).

#include <restate/bytes.h>
#include <restate/completion.h>
#include <restate/runtime.h>
#include <restate/storage/store.h>

#include <cstdint>
#include <memory>
#include <string>

namespace restate::worker {

/// What a copy is of.
struct TableCopy {
  PartitionId partition;
  KeyRange keys;
  std::uint64_t fingerprint = 0;  ///< of the cluster
  std::uint64_t format = 0;       ///< the storage format of the rows
  std::uint64_t applied = 0;      ///< the last LSN whose effects are in it
  std::uint64_t rows = 0;
  bool operator==(const TableCopy&) const = default;
};

/// What a restore asks of a copy.
struct WantedCopy {
  PartitionId partition;
  KeyRange keys;                  ///< rows of other keys may be in the copy
  std::uint64_t fingerprint = 0;
  std::uint64_t min_applied = 0;  ///< the log has nothing before the record behind this one
};

/// Takes the next bytes. An error ends the copy.
using CopySink = Function<Result<void>(std::string_view)>;
/// Answers the next bytes, as many as it likes; none at the end.
using CopySource = Function<Result<Bytes>()>;

/// Writes a copy of `rows`, without those that are about this node alone. Blocks: for the pool.
/// - `kFailedPrecondition`: nothing was ever applied.
/// - The errors of the snapshot and of the sink.
Result<TableCopy> export_tables(const storage::Snapshot& rows, PartitionId partition, KeyRange keys,
                                std::uint64_t fingerprint, CopySink sink);

/// Reads a copy into the space of a partition that is closed, and has no rows: `Store::drop` makes
/// it so. The pool reads, the shard commits. Completes once all rows are on disk. What is left behind
/// by an error, or a crash, is refused when it is opened, until it is dropped.
/// - `kFailedPrecondition`: the copy is of something else, or too old, or the space has rows.
/// - `kUnsupported`: a newer version wrote it.
/// - `kCorrupt`: it is damaged, or cut short.
class TableImport {
 public:
  TableImport(storage::Store& store, Shard& shard, const WantedCopy& wanted, CopySource source,
              Completion<TableCopy> done);
  /// Before the end: the space is closed, and the completion hears `kShutdown`.
  ~TableImport();
  TableImport(const TableImport&) = delete;
  TableImport& operator=(const TableImport&) = delete;

  void start();

 private:
  struct Reading;

  void read();
  void on_read();
  /// Answers false if the store asks for a pause; then it is tried again.
  bool commit();
  void flush();
  void finish(Result<TableCopy> result);

  storage::Store& store_;
  Shard& shard_;
  std::shared_ptr<Reading> reading_;  ///< what the pool works on
  std::unique_ptr<storage::PartitionSpace> space_;
  bool taken_ = false;  ///< the space has rows
  Completion<TableCopy> done_;
  std::unique_ptr<Timer> retry_timer_;
  Scope scope_;
};

}  // namespace restate::worker
