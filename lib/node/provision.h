#pragma once

/// \file
/// How a node enters its cluster: it finds or makes the documents that everyone agrees on, and takes
/// its next generation.

#include "node/config.h"

#include <restate/completion.h>
#include <restate/ids.h>
#include <restate/metadata/partition_table.h>
#include <restate/metadata/store.h>

namespace restate::node {

struct Joined {
  GenerationalNodeId node;
  std::uint64_t cluster_fingerprint = 0;
  metadata::PartitionTable partitions;
  /// Chosen when the cluster was made: ids of idempotent calls depend on it.
  bool controlled_idempotent_sharding = true;
};

/// - `kFailedPrecondition`: the metadata belongs to a cluster of another name.
void join(metadata::Store& store, Shard& shard, const Config& config, Completion<Joined> done);

}  // namespace restate::node
