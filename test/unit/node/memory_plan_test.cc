#include "node/memory_plan.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::node;

namespace {
constexpr std::size_t kMiB = std::size_t{1} << 20;
}

TEST_CASE("the shares of a budget are within it", "[node][memory]") {
  const std::size_t budget = GENERATE(32, 48, 64, 100, 256, 512, 1024, 8192, 65'536) * kMiB;
  const std::uint32_t partitions = GENERATE(1u, 4u, 24u, 64u);
  const std::uint32_t shards = GENERATE(1u, 4u);
  CAPTURE(budget / kMiB, partitions, shards);
  const MemoryPlan plan = plan_memory(budget, shards, partitions);
  CHECK(plan.total(partitions) <= budget / 64 * 56);
  CHECK(plan.tables >= budget / 64 * 16);
  CHECK(plan.message <= budget / 8);
  CHECK(plan.message <= plan.requests);
  CHECK(plan.attempt_initial * 2 <= plan.attempts);
  CHECK(plan.timers >= 1);
}

TEST_CASE("no share is larger than that of a server without a budget", "[node][memory]") {
  const MemoryPlan most;
  MemoryPlan plan = plan_memory(std::size_t{1} << 40, 4, 24);
  CHECK(plan.tables > most.tables);  // but for the cache, which always has a use for more
  plan.tables = most.tables;
  plan.read_ahead = most.read_ahead;
  CHECK(plan == most);
}

TEST_CASE("a budget below the least is the least", "[node][memory]") {
  CHECK(plan_memory(0, 1, 4) == plan_memory(kLeastBudget, 1, 4));
  CHECK(plan_memory(kLeastBudget, 0, 0) == plan_memory(kLeastBudget, 1, 1));
}
