#include "node/memory_plan.h"

#include "node/config.h"

#include <algorithm>

namespace restate::node {
namespace {

constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * kKiB;

/// A timer in memory: its key, its incarnation and a node of a tree.
constexpr std::size_t kTimerBytes = 128;

/// Nothing gains from more than what a server without a budget has; less than `least` is of no use.
std::size_t share(std::size_t bytes, std::size_t least, std::size_t most) {
  return std::clamp(bytes, least, most);
}

}  // namespace

std::size_t MemoryPlan::total(std::uint32_t partitions) const {
  const std::size_t each = log_cache + pending + proposals + batch + records + queued_inputs +
                           read_ahead + timers * kTimerBytes;
  return tables + attempts + requests + log_queue + 2 * log_write + partitions * each;
}

MemoryPlan plan_memory(std::size_t budget, std::uint32_t shards, std::uint32_t partitions) {
  budget = std::max(budget, kLeastBudget);
  const MemoryPlan most;
  const std::size_t part = std::max<std::uint32_t>(partitions, 1);
  const auto per_partition = [&](std::size_t parts) { return budget / 64 * parts / part; };

  MemoryPlan plan;
  // In 64ths of the budget: 16 tables, 8 attempts, 8 requests, 8 the log's way to the disk, 15 what
  // partitions hold, and 9 stay free: for one message that is larger than a share, for copies
  // between two of them, and for the holes that allocators leave.
  plan.tables = budget / 64 * 16;
  plan.attempts = share(budget / 64 * 8, 2 * kMiB, most.attempts);
  plan.requests = share(budget / 64 * 8, 2 * kMiB, most.requests);
  plan.log_queue = share(budget / 64 * 6, 2 * kMiB, most.log_queue);
  plan.log_write = share(budget / 64, 256 * kKiB, most.log_write);
  plan.proposals = share(per_partition(4), 32 * kKiB, most.proposals);

  plan.log_cache = share(per_partition(1), 8 * kKiB, most.log_cache);
  plan.pending = share(per_partition(3), 16 * kKiB, most.pending);
  plan.batch = share(per_partition(1), 8 * kKiB, most.batch);
  plan.records = share(per_partition(3), 16 * kKiB, most.records);
  plan.queued_inputs = share(per_partition(1), 8 * kKiB, most.queued_inputs);
  plan.read_ahead = share(per_partition(1), 8 * kKiB, most.read_ahead);
  plan.timers = share(per_partition(1) / kTimerBytes, 64, most.timers);

  // At least a few dozen attempts get under way on every shard.
  const std::size_t at_once = std::size_t{64} * std::max<std::uint32_t>(shards, 1);
  plan.attempt_initial = share(plan.attempts / at_once, 4 * kKiB, most.attempt_initial);
  plan.unstored = share(plan.attempts / 32, 32 * kKiB, most.unstored);
  // A message exists several times on its way into the tables.
  plan.message = share(budget / 8, 1 * kMiB, most.message);
  return plan;
}

void Config::use_budget(std::size_t bytes) {
  memory_budget = bytes;
  memory = plan_memory(bytes, shards, partitions);
  networking_message_size_limit = memory.message;
  message_size_limit = memory.message;
  request_size_limit = memory.message;
  message_size_warning = std::min(message_size_warning, memory.message);
  query.memory = std::clamp(bytes / 8, std::size_t{16} << 20, QueryConfig().memory);
}

}  // namespace restate::node
