#include "partition/invariants.h"
#include "support/catch.h"
#include "wire/codec.h"
#include "workload.h"

#include <cstdlib>

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

constexpr int kRecords = 400;

// RESTATE_SEED=n runs that one alone and looks at the rows after every record; RESTATE_SEEDS=n runs
// n of them.
const char* only_seed() { return std::getenv("RESTATE_SEED"); }

std::vector<std::uint64_t> seeds() {
  if (only_seed() != nullptr) return {std::strtoull(only_seed(), nullptr, 10)};
  const char* wanted = std::getenv("RESTATE_SEEDS");
  const std::uint64_t count = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 20;
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

struct Run {
  std::vector<std::pair<WallTime, wire::Envelope>> records;
  Actions actions;
};

// One record per batch, and every now and then a look at all that must hold.
Run run_and_check(std::uint64_t seed, TestPartition& partition) {
  Workload workload(seed);
  InvariantChecker checker;
  Run run;
  for (int i = 0; i < kRecords; ++i) {
    CAPTURE(i);
    Record record = workload.next(partition);
    const WallTime time = workload.next_time();
    run.records.emplace_back(time, wire::Envelope{record.dedup, std::move(record.command)});
    const wire::Envelope& envelope = run.records.back().second;
    INFO(wire::command_name(envelope.command));
    partition.set_now({time.ms - 1});
    const auto applied = partition.try_apply(envelope, run.actions);
    if (!applied) FAIL(applied.error().describe());
    partition.commit();
    if (only_seed() == nullptr && i % 8 != 7) continue;
    const auto held = checker.observe(partition.rows());
    if (!held) FAIL(held.error().describe());
  }
  return run;
}

}  // namespace

TEST_CASE("no record a user can cause stops the partition or breaks an invariant", "[partition]") {
  for (const std::uint64_t seed : seeds()) {
    CAPTURE(seed);
    TestPartition partition;
    run_and_check(seed, partition);
  }
}

TEST_CASE("batches, restarts and the trip through the log change nothing", "[partition]") {
  for (const std::uint64_t seed : seeds()) {
    CAPTURE(seed);
    TestPartition one_by_one;
    const Run run = run_and_check(seed, one_by_one);

    TestPartition batched;
    Workload coin(seed + 1000);
    Actions actions;
    for (const auto& [time, envelope] : run.records) {
      const Bytes bytes = wire::encode(envelope);
      const auto decoded = wire::decode(bytes);
      if (!decoded) FAIL(decoded.error().describe() << " " << wire::command_name(envelope.command));
      REQUIRE(decoded.value() == envelope);
      batched.set_now({time.ms - 1});
      REQUIRE(batched.try_apply(decoded.value(), actions));
      if (coin.chance(10)) static_cast<void>(batched.machine().tables());
      if (coin.chance(80)) continue;
      batched.commit();
      if (coin.chance(30)) batched.reopen();
    }
    batched.commit();
    CHECK(batched.rows() == one_by_one.rows());
    REQUIRE(actions.size() == run.actions.size());
    for (std::size_t i = 0; i < actions.size(); ++i) {
      if (actions[i] == run.actions[i]) continue;
      FAIL(describe(actions[i]) << " instead of " << describe(run.actions[i]));
    }
  }
}

TEST_CASE("a record that was applied before changes nothing but the LSN", "[partition]") {
  TestPartition partition;
  const Run run = run_and_check(99, partition);
  partition.apply(wire::AnnounceLeader{{}, LeaderEpoch{1'000'000}},
                  wire::SelfDedup{LeaderEpoch{1'000'000}, 0});
  const auto before = partition.rows();
  int duplicates = 0;
  for (const auto& [time, envelope] : run.records) {
    if (!std::holds_alternative<wire::SelfDedup>(envelope.dedup)) continue;
    ++duplicates;
    Actions actions;
    const auto applied = partition.try_apply(envelope, actions);
    REQUIRE(applied);
    CHECK(applied->duplicate);
    CHECK(actions.empty());
  }
  CHECK(duplicates > 50);
  partition.commit();
  CHECK(partition.last_batch().size() == 1);
}
