#pragma once

/// \file
/// The state machine of a partition: records in, table rows and actions out. Pure: the same records
/// over the same rows give the same rows and actions on every replica, whatever the hour.

#include <restate/partition/actions.h>
#include <restate/storage/batch.h>
#include <restate/storage/view.h>
#include <restate/wire/commands.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#pragma GCC visibility push(default)

namespace restate::partition {

struct InvocationStatus;
class Tables;

/// What one record did, beside rows and actions.
struct Applied {
  bool duplicate = false;  ///< the record was applied before; nothing changed
  std::optional<wire::AnnounceLeader> leader;            ///< somebody announced leadership
  std::optional<wire::VersionBarrier> barrier;  ///< from here on older versions stop
  std::optional<wire::UpdateDurability> durability;  ///< somebody's stores are durable up to an LSN
};

/// Usage: `open` once; then per batch of records `apply` for each, `take_batch`, commit the batch
/// with `applied()`, `committed`, and only then run the actions. Not thread safe; calls nothing that
/// waits. Reads what it needs from the view given, which must show everything committed so far.
class Machine {
 public:
  /// `rows` outlives the machine.
  Machine(PartitionId partition, KeyRange keys, const storage::View& rows);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// Bytes of decoded invocations kept between batches, roughly. What it holds never changes what
  /// apply does.
  void set_cache_bytes(std::size_t bytes);

  /// Reads counters and the applied LSN. `kUnsupported`: a newer version wrote these rows.
  Result<void> open();

  /// Applies one record. `created_at` is the log's stamp on the record, the only clock there is.
  /// Appends to `actions`. An error stops the partition: `kCorrupt` for what cannot be,
  /// `kUnsupported` for a barrier of a newer version. Nothing a user sends leads here.
  Result<Applied> apply(std::uint64_t lsn, WallTime created_at, const wire::Envelope& envelope,
                        Actions& actions);

  /// Passes a hole in the log: positions up to `lsn` hold nothing for this partition.
  void skip_to(std::uint64_t lsn);

  /// Moves every row changed since the last call into `batch`, the applied LSN included.
  void take_batch(storage::Batch& batch);

  /// Roughly what `take_batch` would move, in keys and values: a small record may make large rows.
  std::size_t batch_bytes() const;

  /// The batch taken is committed: what is only cached may now be dropped.
  void committed();

  /// The last LSN applied; 0 for an empty store.
  std::uint64_t applied() const;
  /// The newest leadership seen.
  std::optional<wire::AnnounceLeader> leader() const;

  /// Of the registry in the log; 0: there is none yet.
  std::uint64_t schema_version() const;
  /// What the log has switched on, a bit per feature.
  std::uint64_t feature_bits() const;
  /// The oldest version that may apply the log from here on; empty: any.
  std::string min_version() const;

  /// Typed reading, uncommitted changes included: what leaders rebuild their work from, and what
  /// the invoker and the query layer read.
  const Tables& tables() const;

  /// The row of an invocation as `tables` has it, if it happens to be at hand; null says nothing.
  /// Valid until something is applied or committed.
  const InvocationStatus* known(const InvocationId& id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::partition

#pragma GCC visibility pop
