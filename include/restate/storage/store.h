#pragma once

/// \file
/// Where tables live. A store holds one space of ordered rows per partition. It keeps no log of its
/// own: what a crash takes is applied again from the partition's log (docs/formats/storage.md).

#include <restate/completion.h>
#include <restate/ids.h>
#include <restate/storage/batch.h>
#include <restate/storage/view.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace restate {
class MetricsSnapshot;
}

#pragma GCC visibility push(default)

namespace restate::storage {

/// A position in a partition's log as the store sees it: rows up to here are in it.
struct Position {
  std::uint64_t value = 0;  ///< an LSN; 0: nothing was committed
  auto operator<=>(const Position&) const = default;
};

/// A frozen view; destroy it soon, it pins memory. May be used and destroyed on any thread.
class Snapshot : public View {};

/// The rows of one partition. Lives on the shard that opened it.
class PartitionSpace : public View {
 public:
  virtual PartitionId partition() const = 0;  ///< whose rows
  /// The rows as they are now, committed ones only.
  virtual std::unique_ptr<const Snapshot> snapshot() const = 0;
  /// The position passed with the last commit that a crash can no longer take.
  virtual Position durable() const = 0;
  /// Position of the last commit, durable or not.
  virtual Position committed() const = 0;
  /// Writes everything committed so far to disk; completes when `durable()` says so.
  virtual void flush(Completion<void> done) = 0;
  /// Writes rows about this copy of the tables, which no log knows. Completes once they, and what
  /// was committed before, are on disk; the position stays. While it runs nothing else is committed.
  virtual void write_local(const Batch& batch, Completion<void> done) = 0;
  /// Bytes held in memory for rows that are not durable yet.
  virtual std::size_t unflushed_bytes() const = 0;
};

/// One partition's share of a commit.
struct Commit {
  PartitionSpace* space = nullptr;  ///< of the shard that commits
  const Batch* batch = nullptr;     ///< lives until the call returns
  Position position;                ///< written with the batch, in the same atomic step
};

/// Whose tables a store holds.
struct StoreOwner {
  std::string cluster;            ///< its name
  std::uint64_t fingerprint = 0;  ///< tells clusters of one name apart
  NodeId node;                    ///< of that cluster
  bool operator==(const StoreOwner&) const = default;
};

/// The tables of all partitions of a node. May be used from every shard; a space only on its own.
class Store {
 public:
  virtual ~Store() = default;

  /// Says who opened the store. The first owner is noted beside the tables for good; anybody else
  /// is refused with `kFailedPrecondition`, since the logs that go with the tables are elsewhere.
  /// Before any partition is opened; blocks.
  virtual Result<void> claim(const StoreOwner& owner) = 0;

  /// Opens the space of a partition, creating it when it is new. A space is opened once at a time.
  virtual Result<std::unique_ptr<PartitionSpace>> open(PartitionId partition, Shard& shard) = 0;

  /// Commits several partitions of one shard at once. Each partition's share is atomic, and after a
  /// crash each partition holds a prefix of its commits. Never blocks for long:
  /// - `kOverloaded`: the store is stalled by its own housekeeping. Some may have their share; the
  ///   same commit is to be tried again after a pause, and changes nothing there.
  /// - `kFailed`: the disk refused. Nothing is to be acknowledged any more.
  virtual Result<void> commit(std::span<const Commit> commits) = 0;

  /// Removes every row of a partition that is not open.
  virtual Result<void> drop(PartitionId partition) = 0;

  /// Flushes every space and waits for it. For orderly shutdown; may block.
  virtual Result<void> close() = 0;

  /// Adds figures for operators. From any thread; may take a few milliseconds.
  virtual void collect(MetricsSnapshot& out) const { static_cast<void>(out); }
};

/// Rows that must survive by themselves, such as metadata: each write is synced before it returns.
/// Small and rare data only; calls block.
class DurableSpace : public View {
 public:
  /// Writes all of it or nothing, and syncs. `kFailed`: the disk refused; so do all later calls.
  virtual Result<void> write(const Batch& batch) = 0;
};

}  // namespace restate::storage

#pragma GCC visibility pop
