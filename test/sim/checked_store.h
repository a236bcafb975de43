#pragma once

// The tables of a simulated node, with somebody who looks: after a commit the rows of its partition
// must keep all invariants, by themselves and against those seen before.

#include "partition/invariants.h"

#include <restate/storage/memory.h>

#include <map>
#include <memory>
#include <optional>

namespace sim {

class CheckedStore final : public restate::storage::Store {
 public:
  /// The first broken invariant goes to `broken`; later ones are its consequences.
  CheckedStore(restate::storage::MemoryDisk& disk, std::optional<restate::Error>& broken)
      : tables_(disk), broken_(broken) {}

  restate::Result<void> claim(const restate::storage::StoreOwner& owner) override {
    return tables_.claim(owner);
  }
  restate::Result<std::unique_ptr<restate::storage::PartitionSpace>> open(
      restate::PartitionId partition, restate::Shard& shard) override {
    return tables_.open(partition, shard);
  }
  restate::Result<void> commit(std::span<const restate::storage::Commit> commits) override;
  restate::Result<void> drop(restate::PartitionId partition) override {
    return tables_.drop(partition);
  }
  restate::Result<void> close() override { return tables_.close(); }

 private:
  /// A look reads every row of a partition. It is paid for by commits, so that a partition with many
  /// rows is looked at less often and a run takes about as long as without.
  struct Watched {
    restate::partition::InvariantChecker checker;
    std::size_t rows = 0;   ///< at the last look
    std::size_t saved = 0;  ///< rows that the commits since have paid for
  };

  void look(const restate::storage::Commit& commit);

  restate::storage::MemoryStore tables_;
  std::optional<restate::Error>& broken_;
  std::map<restate::PartitionId, Watched> watched_;
};

}  // namespace sim
