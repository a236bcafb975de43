#include "fixture.h"

#include "partition/keys.h"
#include "partition/rows.h"

using namespace restate;
using namespace std::chrono_literals;
using Role = worker::PartitionProcessor::Role;

namespace {

using partition::keys::Variable;

/// Writes a number into the tables of a partition that is closed.
void write_number(testing::WorkerNode& node, std::uint16_t id, Variable variable,
                  std::uint64_t value, storage::Position position) {
  storage::MemoryStore tables(node.node.disk());
  const auto space = tables.open(PartitionId{id}, node.world.shard());
  REQUIRE(space);
  storage::Batch batch;
  batch.put(partition::keys::variable(PartitionId{id}, variable),
            partition::rows::encode_number(value));
  const storage::Commit commit{space->get(), &batch, position};
  REQUIRE(tables.commit({&commit, 1}));
}

constexpr const char* kStopped = "the partition stopped, it starts again after a pause";
constexpr const char* kStays = "the partition stopped and stays so";

}  // namespace

TEST_CASE("a partition that stopped is opened again and serves", "[worker][supervisor]") {
  testing::WorkerNode node(1);
  REQUIRE(node.all_lead());
  REQUIRE(node.patch(0));
  const LeaderEpoch epoch = node.processor(0).leader()->epoch();

  node.world.set_fault("worker/partition/stops", 1'000'000);
  REQUIRE(node.patch(0));
  REQUIRE(node.world.run_until([&] { return node.processor(0).role() == Role::kStopped; }, 1s));
  node.world.set_fault("worker/partition/stops", 0);
  CHECK(node.leads(1));
  CHECK(node.patch(1));
  CHECK(node.patch(0) == Code::kNotLeader);
  CHECK(node.lines.count(kStopped) == 1);

  node.world.run_for(900ms);
  CHECK(node.processor(0).role() == Role::kStopped);
  REQUIRE(node.all_lead());
  CHECK(node.lines.count("the partition starts again") == 1);
  CHECK(epoch < node.processor(0).leader()->epoch());
  CHECK(node.patch(0));
}

TEST_CASE("the pause before a restart doubles up to half a minute", "[worker][supervisor]") {
  testing::WorkerNode node(2);
  REQUIRE(node.all_lead());
  const Bytes record =
      wire::encode(wire::Envelope{{}, wire::VersionBarrier{"99.0.0", "cut short", {}}});
  node.append_raw(0, std::string(record.view().substr(0, record.size() / 2)));
  // 1, 2, 4, 8, 16, 30, 30 ...
  node.world.run_for(500ms);
  CHECK(node.lines.count(kStopped) == 1);
  node.world.run_for(1s);
  CHECK(node.lines.count(kStopped) == 2);
  node.world.run_for(1s);
  CHECK(node.lines.count(kStopped) == 2);
  node.world.run_for(1s);
  CHECK(node.lines.count(kStopped) == 3);
  node.world.run_for(28s);
  CHECK(node.lines.count(kStopped) == 6);
  node.world.run_for(10min);
  CHECK(node.lines.count(kStopped) == 6 + 20);
  // It never went past the record, and its neighbour never noticed.
  CHECK(node.processor(0).machine().applied() < 3);
  CHECK(node.leads(1));
  CHECK(node.patch(1));
}

TEST_CASE("after a minute of health the pauses begin anew", "[worker][supervisor]") {
  testing::WorkerNode node(3);
  REQUIRE(node.all_lead());
  const auto break_once = [&] {
    node.world.set_fault("worker/partition/stops", 1'000'000);
    REQUIRE(node.patch(0));
    REQUIRE(node.world.run_until([&] { return node.processor(0).role() == Role::kStopped; }, 1s));
    node.world.set_fault("worker/partition/stops", 0);
    const Instant stopped = node.world.now();
    REQUIRE(node.all_lead());
    return node.world.now() - stopped;
  };
  CHECK(break_once() < 1500ms);
  const Duration second = break_once();
  CHECK(second > 1900ms);
  CHECK(second < 2500ms);
  node.world.run_for(61s);
  CHECK(break_once() < 1500ms);
}

TEST_CASE("a log that needs a newer program is tried every half minute", "[worker][supervisor]") {
  testing::WorkerNode node(4);
  REQUIRE(node.all_lead());
  node.append(0, wire::VersionBarrier{"99.0.0", "a test", {}});
  node.world.run_for(29s);
  CHECK(node.lines.count(kStopped) == 1);
  node.world.run_for(2s);
  CHECK(node.lines.count(kStopped) == 2);
  CHECK(node.processor(0).stopped()->code == Code::kUnsupported);
  CHECK(node.leads(1));
}

TEST_CASE("tables ahead of their log are left alone", "[worker][supervisor]") {
  testing::WorkerNode node(5);
  REQUIRE(node.all_lead());
  node.close();
  write_number(node, 0, Variable::kAppliedLsn, 1000, {1000});
  node.open();
  REQUIRE(node.world.run_until([&] { return node.leads(1); }, 1min));
  node.world.run_for(1h);
  CHECK(node.processor(0).role() == Role::kStopped);
  CHECK(node.lines.count(kStays) == 1);
  CHECK(node.lines.count("the partition starts again") == 0);
  CHECK(node.patch(0) == Code::kNotLeader);
  CHECK(node.patch(1));
}

TEST_CASE("tables with a feature of a newer program are left alone until it is there",
          "[worker][supervisor]") {
  testing::WorkerNode node(6);
  REQUIRE(node.all_lead());
  const storage::Position applied{node.processor(0).machine().applied()};
  node.close();
  write_number(node, 0, Variable::kFeatures, 1u << 1 | std::uint64_t{1} << 40, applied);
  node.open();
  REQUIRE(node.world.run_until([&] { return node.leads(1); }, 1min));
  CHECK(node.processor(0).stopped()->code == Code::kUnsupported);
  node.close();
  write_number(node, 0, Variable::kFeatures, 1u << 1, applied);
  node.open();
  CHECK(node.all_lead());
}
