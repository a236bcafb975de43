// The partition as a function of its log: dedup, leadership, versions, time.

#include "partition/machine/create.h"
#include "partition/rows.h"
#include "support/catch.h"
#include "support/partition.h"
#include "unit/partition/cast.h"

#include <algorithm>

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

wire::SelfDedup self(std::uint64_t epoch, std::uint64_t sequence) {
  return {LeaderEpoch{epoch}, sequence};
}

}  // namespace

TEST_CASE("what was proposed by nobody's leadership survives a change of leaders", "[partition]") {
  TestPartition partition;
  partition.apply(wire::AnnounceLeader{{}, {1}}, self(1, 0));
  partition.apply(invoke(kA, service()), self(1, 1));
  partition.apply(wire::AnnounceLeader{{}, {2}}, self(2, 0));
  // The old leader acknowledged it on append; it lands behind the new one's announcement.
  partition.apply(signal(kA, 17, Bytes("answer")));
  CHECK(partition.status(kA)->journal.length == 2);
}

TEST_CASE("what an old leader proposed for itself is dropped behind the new announcement",
          "[partition]") {
  TestPartition partition;
  partition.apply(wire::AnnounceLeader{{}, {1}}, self(1, 0));
  partition.apply(invoke(kA, service()), self(1, 1));
  partition.apply(wire::AnnounceLeader{{NodeId{3}, 1}, {2}}, self(2, 0));
  CHECK(partition.machine().leader()->epoch == LeaderEpoch{2});
  CHECK(partition.applied().leader->node.node == NodeId{3});

  CHECK(partition.apply(ended(kA), self(1, 2)).empty());
  CHECK(partition.applied().duplicate);
  CHECK(partition.status(kA)->status == Status::kInvoked);
  CHECK(partition.apply(wire::AnnounceLeader{{}, {1}}, self(1, 3)).empty());
  partition.reopen();
  CHECK(partition.machine().leader()->epoch == LeaderEpoch{2});
  CHECK(partition.apply(ended(kA), self(1, 4)).empty());
  partition.apply(ended(kA), self(2, 1));
  CHECK_FALSE(partition.status(kA));
}

TEST_CASE("each producer has a high-water mark of its own, with gaps", "[partition]") {
  TestPartition partition;
  const auto send = [&](wire::Dedup dedup) {
    partition.apply(signal(kA, 17, wire::Void{}), dedup);
    return !partition.applied().duplicate;
  };
  CHECK(send(wire::PartitionDedup{{1}, 0}));
  CHECK_FALSE(send(wire::PartitionDedup{{1}, 0}));
  CHECK(send(wire::PartitionDedup{{1}, 7}));
  CHECK_FALSE(send(wire::PartitionDedup{{1}, 3}));
  CHECK(send(wire::PartitionDedup{{2}, 3}));
  const Uuid producer = make_request(1).uuid;
  CHECK(send(wire::ProducerDedup{producer, 5}));
  partition.reopen();
  CHECK_FALSE(send(wire::ProducerDedup{producer, 5}));
  CHECK(send(wire::ProducerDedup{producer, 6}));
  CHECK_FALSE(send(wire::PartitionDedup{{1}, 7}));
  CHECK(send(wire::NoDedup{}));
  CHECK(send(wire::NoDedup{}));
}

TEST_CASE("records of a neighbour's keys only advance the LSN", "[partition]") {
  TestPartition partition({}, {100, 200});
  CHECK(partition.apply(invoke(kA, service())).empty());
  CHECK_FALSE(partition.status(kA));
  CHECK(partition.machine().applied() == partition.lsn());
  partition.apply(invoke(make_id(1, 100), service()));
  CHECK(partition.status(make_id(1, 100)));
}

TEST_CASE("a hole in the log advances the LSN", "[partition]") {
  TestPartition partition;
  partition.machine().skip_to(50);
  partition.commit();
  CHECK(partition.tables().applied_lsn().value() == 50);
  partition.machine().skip_to(20);
  CHECK(partition.machine().applied() == 50);
}

TEST_CASE("times come from the log and never run backwards", "[partition]") {
  TestPartition partition;
  partition.set_now({10'000});
  partition.apply(invoke(kA, service(), {.retention = {1000, 1000}}));
  CHECK(partition.journal(kA)[0].appended_at == WallTime{10'001});
  partition.set_now({3000});
  partition.apply(output(kA, Bytes("x")));
  partition.apply(ended(kA));
  const Timestamps times = partition.status(kA)->timestamps;
  CHECK(times.created == WallTime{10'001});
  CHECK(times.modified == WallTime{10'001});
  CHECK(times.completed == WallTime{10'001});
}

TEST_CASE("features come from the log, never from configuration", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  CHECK_FALSE(partition.status(kA)->random_seed);
  partition.apply(wire::VersionBarrier{"0.1.0", "seeds", {Features::kUniqueRandomSeeds}});
  CHECK(partition.applied().barrier);
  partition.reopen();
  const InvocationId b = make_id(2);
  partition.apply(invoke(b, service()));
  CHECK(partition.status(b)->random_seed == unique_seed(b, partition.now()));
  CHECK(unique_seed(b, {1}) != unique_seed(b, {2}));
  CHECK(partition.tables().features()->unique_random_seeds());
  CHECK(partition.tables().features()->has(Features::kJournalV2));
}

TEST_CASE("a barrier that this version cannot pass stops it and persists nothing", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  const auto before = partition.rows();
  wire::VersionBarrier barrier{"0.1.0", "test", {}};
  SECTION("a newer version") { barrier.min_version = "99.0.0"; }
  SECTION("no version") { barrier.min_version = "soon"; }
  SECTION("an unknown feature") { barrier.features = {Features::kUniqueRandomSeeds, 57}; }
  Actions actions;
  CHECK(partition.try_apply({{}, barrier}, actions) == Code::kUnsupported);
  CHECK(partition.rows() == before);
  CHECK_FALSE(partition.machine().tables().barrier().value());
  CHECK_FALSE(partition.machine().tables().features()->unique_random_seeds());
}

TEST_CASE("barriers only rise, and rows behind a higher one stay closed", "[partition]") {
  TestPartition partition;
  partition.apply(wire::VersionBarrier{"0.1.0", "high", {}});
  partition.apply(wire::VersionBarrier{"0.0.9", "low", {}});
  CHECK(partition.tables().barrier().value()->reason == "high");

  partition.rows().put(keys::variable({}, keys::Variable::kBarrier),
                       rows::encode(Barrier{"99.0.0", "from the future"}));
  Machine machine({}, {}, partition.rows());
  CHECK(machine.open() == Code::kUnsupported);
}

TEST_CASE("rows in another storage format stay closed", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.rows().put(keys::variable({}, keys::Variable::kStorageFormat), rows::encode_number(9));
  Machine machine({}, {}, partition.rows());
  CHECK(machine.open() == Code::kUnsupported);
}

TEST_CASE("the registry survives a restart, and only grows", "[partition]") {
  TestPartition partition;
  CHECK(partition.apply(wire::UpsertSchema{3, "three"}) == Actions{SchemaChanged{3, "three"}});
  CHECK(partition.apply(wire::UpsertSchema{2, "two"}).empty());
  partition.reopen();
  CHECK(partition.apply(wire::UpsertSchema{3, "other three"}).empty());
  CHECK(partition.tables().schema().value() == StoredSchema{3, "three"});
}

TEST_CASE("the rule book survives a restart, and only grows", "[partition]") {
  TestPartition partition;
  CHECK(partition.apply(wire::UpsertRuleBook{3, "three"}) == Actions{RulesChanged{3, "three"}});
  CHECK(partition.apply(wire::UpsertRuleBook{2, "two"}).empty());
  partition.reopen();
  CHECK(partition.apply(wire::UpsertRuleBook{3, "other three"}).empty());
  CHECK(partition.tables().rule_book().value() == StoredRuleBook{3, "three"});
  CHECK_FALSE(partition.tables().schema().value());
}

TEST_CASE("durability only grows", "[partition]") {
  TestPartition partition;
  partition.apply(wire::UpdateDurability{10, {1}});
  CHECK(partition.applied().durability->durable_lsn == 10);
  partition.apply(wire::UpdateDurability{9, {2}});
  CHECK_FALSE(partition.applied().durability);
  CHECK(partition.tables().durability().value()->durable_lsn == 10);
  SECTION("what is durable of another partition is none of ours") {
    partition.apply(wire::UpdateDurability{11, {3}, PartitionId{1}});
    CHECK_FALSE(partition.applied().durability);
    partition.apply(wire::UpdateDurability{11, {3}, PartitionId{0}});
    CHECK(partition.applied().durability->durable_lsn == 11);
  }
}

TEST_CASE("an invocation says which version proposed it, and so do those it causes",
          "[partition]") {
  TestPartition partition;
  wire::Invoke command = invoke(kA, service(), {.retention = {1000, 1000}});
  command.invocation.created_by = "0.1.0";
  partition.apply(std::move(command));
  CHECK(partition.status(kA)->created_by == "0.1.0");
  partition.apply(call(kA, 1, 2, kB, service()));
  const auto messages = partition.outbox();
  REQUIRE(messages.size() == 1);
  CHECK(std::get<wire::Invoke>(messages[0]).invocation.created_by == "0.1.0");
  partition.apply(kill(kA));
  partition.apply(wire::RestartAsNew{kA, make_id(3), 0, std::nullopt, std::nullopt});
  CHECK(partition.status(make_id(3))->created_by == "0.1.0");
}

TEST_CASE("a batch commits rows, dedup and LSN together, in key order", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()), wire::PartitionDedup{{1}, 4});
  const auto& batch = partition.last_batch();
  std::vector<std::string> keys;
  for (const auto& op : batch.operations()) keys.emplace_back(batch.key(op));
  CHECK(std::is_sorted(keys.begin(), keys.end()));
  CHECK(std::count(keys.begin(), keys.end(), keys::variable({}, keys::Variable::kAppliedLsn)) == 1);
  CHECK(std::count(keys.begin(), keys.end(), keys::dedup_partition({}, {1})) == 1);
  CHECK(std::count(keys.begin(), keys.end(), keys::status(kA)) == 1);
}
