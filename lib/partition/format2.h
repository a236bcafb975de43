#pragma once

/// \file
/// From storage format 1 to 2. Until then a timer's key had the uuid of its invocation only, and two
/// invocations can have one: uuids of workflows and idempotency keys are hashes of texts that users
/// choose, joined by commas. The second of two such timers took the place of the first.
///
/// On its way it looks once for rows of journals whose invocation is gone, which nobody would ever
/// read or delete.

#include "partition/migration.h"

namespace restate::partition {

class ToFormat2 final : public Migration {
 public:
  /// Rows that one step looks at.
  static constexpr std::size_t kRowsPerStep = 4096;

  std::uint64_t from() const override { return 1; }
  /// A timer moves in one batch, so that a crash leaves it under one key or the other. Who reads
  /// tables of format 1 that were migrated in part refuses the new keys.
  Result<bool> step(PartitionId partition, const storage::View& rows, std::string& cursor,
                    storage::Batch& batch) const override;
};

}  // namespace restate::partition
