// Partition processors from the outside: what they make of a log, and of each other.

#include "worker/processor.h"

#include "partition/keys.h"
#include "partition/migration.h"
#include "partition/rows.h"
#include "support/migration.h"
#include "unit/worker/stage.h"

#include <algorithm>

using namespace restate;
using namespace restate::worker;
using namespace restate::worker::testing;
using restate::testing::make_id;
using restate::testing::make_request;

namespace {

const InvocationId kA = make_id(1);
const InvocationId kB = make_id(2);

wire::Invoke greet(const InvocationId& id, wire::Retention retention = {}) {
  return ::restate::testing::invoke(id, ::restate::testing::service(), {.retention = retention});
}

wire::Envelope announcement(std::uint32_t node, std::uint64_t epoch) {
  return {wire::SelfDedup{{epoch}, 0}, wire::AnnounceLeader{{NodeId{node}, 1}, {epoch}}};
}

wire::InvokerEffect pinned(const InvocationId& id, std::uint16_t protocol) {
  return ::restate::testing::effect(
      id, wire::Pinned{{::restate::testing::make_deployment(1), protocol}});
}

std::size_t invocations(const Member& member) {
  std::size_t found = 0;
  member.processor->machine()
      .tables()
      .scan_invocations(KeyRange{},
                        [&](const InvocationId&, const partition::StatusHeader&, std::string_view) {
                          ++found;
                          return true;
                        })
      .value();
  return found;
}

}  // namespace

TEST_CASE("what a record asks for is left to the leader that is announced behind it", "[worker]") {
  WorkerStage stage(1);
  Member& member = stage.leader();
  stage.write({record(greet(kA)), announcement(9, 99), record(greet(kB))});
  stage.settle();
  CHECK_FALSE(member.leads());
  CHECK(member.endpoints.attempts.empty());
  // The rows are there, for the new leader to find.
  CHECK(member.status(kA)->status == partition::Status::kInvoked);
  CHECK(member.status(kB)->status == partition::Status::kInvoked);
}

TEST_CASE("what is in the log before an announcement is started once", "[worker]") {
  WorkerStage stage(2);
  stage.write({record(greet(kA))});
  Member& member = stage.add();
  member.start();
  // The others come at any moment of the campaign.
  for (std::uint8_t number = 2; number < 40; ++number) {
    stage.write({record(greet(make_id(number)))});
  }
  REQUIRE(stage.world.run_until([&] { return member.leads(); }));
  stage.settle();
  CHECK(member.endpoints.attempts.size() == 39);
  for (const auto& [id, attempts] : member.endpoints.attempts) CHECK(attempts == 1);
}

TEST_CASE("actions wait for a commit that is refused, and none is lost", "[worker]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    CAPTURE(seed);
    WorkerStage stage(seed);
    Member& member = stage.leader();
    stage.world.set_fault("storage/commit/overloaded", 900'000);
    for (std::uint8_t number = 1; number <= 20; ++number) {
      stage.write({record(greet(make_id(number)))});
      stage.world.run_for(1ms);
    }
    stage.world.set_fault("storage/commit/overloaded", 0);
    stage.settle();
    CHECK(stage.world.fault_counts().at("storage/commit/overloaded").fired > 0);
    CHECK(member.endpoints.attempts.size() == 20);
    for (const auto& [id, attempts] : member.endpoints.attempts) CHECK(attempts == 1);
  }
}

TEST_CASE("a candidate whose metadata cannot be written says so, and stays a follower", "[worker]") {
  WorkerStage stage(3);
  Member& member = stage.add();
  REQUIRE(stage.logs.ensure_log(kLog));
  stage.logs.disk().fail_sync();  // that of the claim
  member.start();
  stage.settle();
  REQUIRE(member.failed);
  CHECK(member.failed->code == Code::kFailed);
  CHECK_FALSE(member.stopped);
  CHECK(member.processor->role() == PartitionProcessor::Role::kFollower);
  member.failed.reset();
  stage.world.run_for(1min);
  CHECK_FALSE(member.failed);
}

TEST_CASE("of two candidates the one with the later claim leads", "[worker]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    WorkerStage stage(seed);
    Member& one = stage.add();
    Member& other = stage.add();
    one.start();
    stage.world.run_for(Duration(std::chrono::microseconds(stage.world.random().below(3000))));
    other.start();
    stage.world.run_for(10s);
    REQUIRE(one.leads() != other.leads());
    CHECK(one.processor->role() != other.processor->role());

    // What is appended now is run by the leader alone, and known to both.
    stage.write({record(greet(kA))});
    stage.settle();
    Member& leader = one.leads() ? one : other;
    Member& follower = one.leads() ? other : one;
    CHECK(leader.endpoints.attempts == std::map<InvocationId, int>{{kA, 1}});
    CHECK(follower.endpoints.attempts.empty());
    CHECK(follower.status(kA) == leader.status(kA));
    CHECK(follower.processor->machine().applied() == leader.processor->machine().applied());
  }
}

TEST_CASE("a resume never changes the protocol under a journal", "[worker]") {
  WorkerStage stage(3);
  Member& member = stage.leader();
  stage.write({record(greet(kA)), record(pinned(kA, 6)),
               record(::restate::testing::effect(kA, wire::Paused{}))});
  stage.settle();
  const auto before = member.status(kA);
  REQUIRE(before->status == partition::Status::kPaused);
  const auto resume = [&](DeploymentChoice choice) {
    return stage
        .ask<OperationReply>([&](Completion<OperationReply> done) {
          member.client.resume(kA, choice, make_request(1), std::move(done));
        })
        .value();
  };
  using Kind = DeploymentChoice::Kind;
  for (const DeploymentChoice& choice :
       {DeploymentChoice{Kind::kId, ::restate::testing::make_deployment(2)},
        DeploymentChoice{Kind::kLatest, {}}}) {
    const OperationReply refused = resume(choice);
    CHECK(refused.kind == OperationReply::Kind::kIncompatibleDeployment);
    CHECK(refused.message.find("version 6") != std::string::npos);
    CHECK(refused.message.find("5 to 5") != std::string::npos);
    CHECK(member.status(kA) == before);
  }
  const OperationReply unknown = resume({Kind::kId, ::restate::testing::make_deployment(7)});
  CHECK(unknown.kind == OperationReply::Kind::kDeploymentNotFound);
  CHECK(member.status(kA) == before);

  const OperationReply resumed = resume({Kind::kId, ::restate::testing::make_deployment(1)});
  CHECK(resumed.kind == OperationReply::Kind::kOutcome);
  CHECK(resumed.outcome == partition::OperationOutcome::kOk);
  CHECK(member.status(kA)->status == partition::Status::kInvoked);
}

TEST_CASE("a restart of what was never pinned refuses a deployment that is not there", "[worker]") {
  WorkerStage stage(8);
  Member& member = stage.leader();
  stage.write({record(greet(kA, {86'400'000, 86'400'000})),
               record(::restate::testing::kill(kA))});
  stage.settle();
  REQUIRE_FALSE(member.status(kA)->pinned);
  const auto restart = [&](DeploymentChoice choice) {
    return stage
        .ask<OperationReply>([&](Completion<OperationReply> done) {
          member.client.restart_as_new(kA, 0, choice, make_request(1), std::move(done));
        })
        .value();
  };
  using Kind = DeploymentChoice::Kind;
  CHECK(restart({Kind::kId, ::restate::testing::make_deployment(7)}).kind ==
        OperationReply::Kind::kDeploymentNotFound);
  CHECK(invocations(member) == 1);
  // One that is there is accepted, and changes nothing: the first attempt chooses.
  const OperationReply restarted = restart({Kind::kId, ::restate::testing::make_deployment(2)});
  REQUIRE(restarted.new_invocation);
  CHECK_FALSE(member.status(*restarted.new_invocation)->pinned);
}

TEST_CASE("a restart copies no command that has no result yet", "[worker]") {
  WorkerStage stage(4);
  Member& member = stage.leader();
  const wire::Retention day{86'400'000, 86'400'000};
  using ::restate::testing::ended;
  using ::restate::testing::output;
  using ::restate::testing::ran;
  using ::restate::testing::run;
  // 0 input, 1 run, 2 its result, 3 run without a result, 4 output
  stage.write({record(greet(kA, day)), record(pinned(kA, 6)), record(run(kA, 1)),
               record(ran(kA, 1, Bytes("v"))), record(run(kA, 2)), record(output(kA, Bytes("out"))),
               record(ended(kA))});
  stage.settle();
  REQUIRE(member.status(kA)->status == partition::Status::kCompleted);
  REQUIRE(member.status(kA)->journal.length == 5);
  const auto restart = [&](std::uint32_t from) {
    return stage
        .ask<OperationReply>([&](Completion<OperationReply> done) {
          member.client.restart_as_new(kA, from, {}, make_request(1), std::move(done));
        })
        .value();
  };
  for (const std::uint32_t from : {3u, 4u, 5u, UINT32_MAX}) {
    CHECK(restart(from).kind == OperationReply::Kind::kCopyRangeInvalid);
    CHECK(invocations(member) == 1);
  }
  const OperationReply restarted = restart(1);  // its result lies behind it, and comes along
  CHECK(restarted.kind == OperationReply::Kind::kOutcome);
  REQUIRE(restarted.new_invocation);
  CHECK(member.status(*restarted.new_invocation)->journal.length == 3);
  CHECK(restart(0).new_invocation.has_value());
}

namespace {

/// Gives `to` the tables that `from` has, as if its log had been left behind.
void copy_tables(Member& from, Member& to, World& world) {
  auto space = to.store.open(kPartition, world.shard()).value();
  storage::Batch batch;
  storage::RowCallback copy([&](std::string_view key, std::string_view value) {
    batch.put(key, value);
    return true;
  });
  REQUIRE(from.processor->space().scan("", "", copy));
  const storage::Commit commit{space.get(), &batch, from.processor->space().committed()};
  REQUIRE(to.store.commit({&commit, 1}));
  bool flushed = false;
  space->flush(Completion<void>(world.shard(), [&](Result<void>) { flushed = true; }));
  REQUIRE(world.run_until([&] { return flushed; }));
}

}  // namespace

TEST_CASE("tables that are ahead of their log are not served", "[worker]") {
  WorkerStage stage(5);
  Member& member = stage.leader();
  stage.write({record(greet(kA))});
  stage.settle();
  // The same tables, and a log that has lost everything.
  WorkerStage other(6);
  Member& lost = other.add();
  copy_tables(member, lost, other.world);
  lost.start();
  other.world.run_for(1min);
  CHECK_FALSE(lost.leads());
  CHECK(lost.processor->role() == PartitionProcessor::Role::kStopped);
  REQUIRE(lost.processor->stopped());
  CHECK(lost.processor->stopped()->code == Code::kCorrupt);
  CHECK(lost.stopped == Recovery::kNone);
  CHECK(lost.endpoints.attempts.empty());
  CHECK(other.logs.find_tail(kLog)->next == bifrost::kOldestLsn);  // it has written nothing
  const auto refused = other.ask<void>([&](Completion<void> done) {
    lost.client.signal(::restate::testing::signal(kA, 17, Bytes("v")), std::move(done));
  });
  CHECK(refused == Code::kNotLeader);
}

TEST_CASE("a seal outlives the power, and the log's growth beyond the tables", "[worker]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    WorkerStage stage(seed);
    Member& member = stage.leader();
    stage.write({record(greet(kA)), record(greet(kB))});
    stage.settle();
    WorkerStage other(seed + 100);
    Member& lost = other.add();
    copy_tables(member, lost, other.world);
    lost.disk.set_sync_time(1ms, 1ms);
    lost.start();
    // The power fails at any moment until it has stopped.
    bool stopped = false;
    for (std::uint64_t life = 0; life < 4 && !stopped; ++life) {
      other.world.run_for(Duration(std::chrono::microseconds(other.world.random().below(4000))));
      stopped = lost.processor->role() == PartitionProcessor::Role::kStopped;
      lost.close();
      lost.disk.crash(seed + life);
      lost.start();
    }
    other.world.run_for(1s);
    REQUIRE(lost.processor->role() == PartitionProcessor::Role::kStopped);
    lost.close();
    lost.disk.crash(seed);
    // Other records stand where those were that the tables hold.
    for (int i = 0; i < 20; ++i) other.write({record(greet(make_id(9)))});
    lost.start();
    other.world.run_for(1min);
    CHECK(lost.processor->role() == PartitionProcessor::Role::kStopped);
    CHECK(lost.stopped == Recovery::kNone);
    REQUIRE(lost.processor->stopped());
    CHECK(lost.processor->stopped()->message.find("sealed") != std::string::npos);
    CHECK(lost.endpoints.attempts.empty());
  }
}

TEST_CASE("tables of an older format are migrated when they are opened", "[worker]") {
  const ::restate::testing::TurnRound turn_round;
  WorkerOptions options;
  options.migrations.push_back(&turn_round);
  const auto rows_of = [](const storage::View& view) {
    std::vector<std::pair<std::string, std::string>> rows;
    storage::RowCallback collect([&](std::string_view key, std::string_view value) {
      if (key.starts_with("x")) rows.emplace_back(key, value);
      return true;
    });
    REQUIRE(view.scan("", "", collect));
    return rows;
  };
  std::vector<std::pair<std::string, std::string>> undisturbed;
  for (std::uint64_t seed = 0; seed <= 40; ++seed) {
    CAPTURE(seed);
    WorkerStage stage(seed);
    stage.world.set_fault("storage/flush/early", 100'000);
    Member& member = stage.add(options);
    {
      auto space = member.store.open(kPartition, stage.world.shard()).value();
      storage::Batch batch;
      ::restate::testing::TurnRound::fill(batch, kPartition, 50);
      batch.put(partition::keys::variable(kPartition, partition::keys::Variable::kAppliedLsn),
                partition::rows::encode_number(0));
      bool written = false;
      space->write_local(batch, Completion<void>(stage.world.shard(),
                                                 [&](Result<void>) { written = true; }));
      REQUIRE(stage.world.run_until([&] { return written; }));
    }
    member.start();
    // Seed 0 is left alone. The others lose power in the middle, and begin again.
    for (std::uint64_t life = 0; seed > 0 && life < 5; ++life) {
      for (std::uint64_t events = stage.world.random().below(40); events > 0; --events) {
        stage.world.run_for(Duration(1));
      }
      member.close();
      member.disk.crash(seed * 10 + life);
      member.start();
    }
    REQUIRE(stage.world.run_until([&] { return member.leads(); }));
    const auto rows = rows_of(member.processor->space());
    CHECK(rows.size() == 50);
    if (seed == 0) undisturbed = rows;
    CHECK(rows == undisturbed);
    const auto format =
        member.processor->machine().tables().number(partition::keys::Variable::kStorageFormat);
    CHECK(format.value() == partition::kStorageFormat);
  }
}

TEST_CASE("what ran is found step by step while newer records are applied", "[worker]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    WorkerStage stage(seed);
    Member& member = stage.leader();
    constexpr std::uint8_t kMany = 60;
    std::vector<wire::Envelope> many;
    for (std::uint8_t number = 1; number <= kMany; ++number) {
      many.push_back(record(greet(make_id(number))));
    }
    many.push_back(record(::restate::testing::effect(make_id(7), wire::Paused{})));
    stage.write(std::move(many));
    stage.settle();
    member.close();
    member.endpoints.attempts.clear();

    stage.world.set_fault("worker/start-scan/short-step", 1'000'000);
    member.start();
    REQUIRE(stage.world.run_until([&] { return member.leads(); }));
    CHECK(member.endpoints.attempts.size() < kMany / 2);
    // It serves. What is decided now comes before what the scan will find.
    const InvocationId killed = make_id(kMany);
    const InvocationId again = make_id(kMany - 1);
    const InvocationId fresh = make_id(kMany + 1);
    stage.write({record(::restate::testing::kill(killed)), record(::restate::testing::kill(again)),
                 record(greet(again)), record(greet(fresh))});
    const auto paused = stage.ask<OperationReply>([&](Completion<OperationReply> done) {
      member.client.pause(make_id(kMany - 2), make_request(1), std::move(done));
    });
    CHECK(paused.value().outcome == partition::OperationOutcome::kAccepted);
    REQUIRE(stage.world.run_until([&] { return member.endpoints.attempts.contains(fresh); }));
    CHECK(member.endpoints.attempts.size() < kMany / 2);

    stage.settle();
    CHECK_FALSE(member.status(killed));
    CHECK_FALSE(member.endpoints.attempts.contains(killed));
    CHECK_FALSE(member.endpoints.attempts.contains(make_id(7)));  // somebody paused it
    CHECK(member.endpoints.attempts.size() == kMany - 1);
    for (const auto& [id, attempts] : member.endpoints.attempts) CHECK(attempts == 1);
  }
}

TEST_CASE("a partition that goes while its cleaner looks leaves nothing behind", "[worker]") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    WorkerStage stage(seed);
    Member& member = stage.leader({.cleanup_interval = 5ms});
    for (std::uint8_t number = 1; number <= 10; ++number) {
      const InvocationId id = make_id(number);
      stage.write({record(greet(id, {number * 2u, 1})),
                   record(::restate::testing::output(id, Bytes("out"))),
                   record(::restate::testing::ended(id))});
    }
    stage.world.run_for(Duration(std::chrono::microseconds(stage.world.random().below(20'000))));
    member.close();
    REQUIRE(member.store.drop(kPartition));
    stage.world.run_for(1s);  // what the pool was doing comes to its end
    auto space = member.store.open(kPartition, stage.world.shard()).value();
    std::size_t rows = 0;
    storage::RowCallback count([&](std::string_view, std::string_view) { return ++rows > 0; });
    REQUIRE(space->scan("", "", count));
    CHECK(rows == 0);
    CHECK_FALSE(member.failed);
  }
}

TEST_CASE("the cleaner forgets what is due", "[worker]") {
  WorkerStage stage(7);
  Member& member = stage.leader({.cleanup_interval = 100ms});
  stage.write({record(greet(kA, {1, 1})), record(::restate::testing::output(kA, Bytes("out"))),
               record(::restate::testing::ended(kA))});
  stage.write({record(greet(kB, {86'400'000, 1})),
               record(::restate::testing::output(kB, Bytes("out"))),
               record(::restate::testing::ended(kB))});
  REQUIRE(stage.world.run_until([&] { return !member.status(kA); }));
  stage.settle();
  REQUIRE(member.status(kB));
  CHECK(member.status(kB)->journal.length == 0);
}
