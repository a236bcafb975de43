#pragma once

/// \file
/// The loglets of a single node. A provider is shared by the Bifrosts of all shards of a node.

#include <restate/bifrost/loglet.h>
#include <restate/runtime.h>

#include <cstddef>
#include <memory>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::storage {
class LogStore;
}

namespace restate::bifrost {

/// The records of in-memory loglets. Lives as long as its owner keeps it: through the crash of a
/// simulated node, say.
struct MemoryLogs;
/// Empty content for a node with this many shards.
std::shared_ptr<MemoryLogs> make_memory_logs(std::size_t shards);

/// Kind `in-memory`. Records stay until they are trimmed. `shards` are all those of the node, which
/// never change; `content` was made for as many.
std::shared_ptr<LogletProvider> make_memory_provider(std::vector<Shard*> shards,
                                                     std::shared_ptr<MemoryLogs> content = nullptr);

/// What a node's local loglets may take.
struct LocalLogOptions {
  /// Records of one loglet kept in memory after they became durable, for readers close to the tail:
  /// a node has dozens of logs, and readers that keep up need only the last batch.
  std::size_t recent_bytes = std::size_t{512} << 10;
};

/// Kind `local`: durable in `store`, which outlives the provider. Nobody else writes to its loglets.
std::shared_ptr<LogletProvider> make_local_provider(std::vector<Shard*> shards,
                                                    storage::LogStore& store,
                                                    LocalLogOptions options = {});

}  // namespace restate::bifrost

#pragma GCC visibility pop
