#pragma once

/// \file
/// One number of bytes for a whole node, cut into shares. This is the only place that knows how
/// (docs/memory.md); the parts are told their shares and hold them.

#include <cstddef>
#include <cstdint>

namespace restate::node {

/// What each part may hold. The defaults are those of a server to which nobody gave a budget.
struct MemoryPlan {
  // Of the node.
  std::size_t tables = std::size_t{256} << 20;     ///< RocksDB: cache and unflushed rows
  std::size_t attempts = std::size_t{1536} << 20;  ///< messages between us and deployments
  std::size_t requests = std::size_t{256} << 20;   ///< bodies of requests that wait
  std::size_t log_queue = std::size_t{256} << 20;  ///< records on their way to the disk
  std::size_t log_write = std::size_t{4} << 20;    ///< one write to the log

  // Of one partition.
  std::size_t log_cache = std::size_t{512} << 10;     ///< records that were just written
  std::size_t pending = std::size_t{8} << 20;         ///< records read, not applied
  std::size_t proposals = std::size_t{64} << 20;      ///< beyond, requests are turned away
  std::size_t batch = std::size_t{1} << 20;           ///< applied in one commit
  std::size_t records = std::size_t{8} << 20;         ///< invocations kept decoded
  std::size_t queued_inputs = std::size_t{4} << 20;   ///< of invocations without a slot
  std::size_t read_ahead = std::size_t{4} << 20;      ///< while it catches up from the disk
  std::size_t timers = 65'536;                        ///< in number: the others stay in the table

  // Of one attempt.
  std::size_t attempt_initial = std::size_t{32} << 10;
  std::size_t unstored = std::size_t{1} << 20;  ///< said by the endpoint, not yet in the log

  /// The largest message, and the largest body of a request.
  std::size_t message = std::size_t{32} << 20;

  /// The sum of what can be held at once, all partitions together; what is in numbers is weighed.
  std::size_t total(std::uint32_t partitions) const;

  bool operator==(const MemoryPlan&) const = default;
};

/// Below this much a node works, but does not keep to it.
inline constexpr std::size_t kLeastBudget = std::size_t{32} << 20;

/// Cuts `budget` bytes for a node of so many shards and partitions. The budget does not cover the
/// program itself, its threads, and what handlers in the same process allocate.
MemoryPlan plan_memory(std::size_t budget, std::uint32_t shards, std::uint32_t partitions);

}  // namespace restate::node
