// What operators do to invocations: kill, cancel, pause, resume, restart.

#include "common/hash.h"
#include "support/catch.h"
#include "support/partition.h"
#include "unit/partition/cast.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;
using Operation = OperationResponse::Operation;
using Outcome = OperationOutcome;

namespace {

OperationResponse answer(Operation operation, Outcome outcome,
                         std::optional<InvocationId> fresh = std::nullopt) {
  return {make_request(1), operation, outcome, fresh};
}

std::optional<OperationResponse> response_of(const Actions& actions) {
  const auto* found = find_action<OperationResponse>(actions);
  if (found == nullptr) return std::nullopt;
  return *found;
}

wire::RestartAsNew restart(const InvocationId& id, const InvocationId& fresh,
                           std::uint32_t up_to = 0) {
  return {id, fresh, up_to, std::nullopt, make_request(1)};
}

// Brings A into a status.
void bring(TestPartition& partition, std::optional<Status> status) {
  if (!status) return;
  switch (*status) {
    case Status::kScheduled:
      partition.apply(invoke(kA, object("k"), {.at = WallTime{9000}, .retention = kDay}));
      return;
    case Status::kInboxed:
      partition.apply(invoke(kD, object("k")));
      partition.apply(invoke(kA, object("k"), {.retention = kDay}));
      return;
    case Status::kInvoked:
      partition.apply(invoke(kA, object("k"), {.retention = kDay}));
      return;
    case Status::kSuspended:
      bring(partition, Status::kInvoked);
      partition.apply(suspended(kA, {wire::SignalIndex{17}, wire::SignalIndex{1}}));
      return;
    case Status::kPaused:
      bring(partition, Status::kInvoked);
      partition.apply(effect(kA, wire::Paused{}));
      return;
    case Status::kCompleted:
      bring(partition, Status::kInvoked);
      partition.apply(output(kA, Bytes("out")));
      partition.apply(ended(kA));
      return;
  }
}

struct Expectation {
  std::optional<Status> status;
  Outcome kill, cancel, pause, resume, purge, restart;
};

}  // namespace

TEST_CASE("operators get the answer that fits the status", "[partition][operations]") {
  const Expectation expected = GENERATE(values<Expectation>(
      {{std::nullopt, Outcome::kNotFound, Outcome::kNotFound, Outcome::kNotFound,
        Outcome::kNotFound, Outcome::kNotFound, Outcome::kNotFound},
       {Status::kScheduled, Outcome::kOk, Outcome::kDone, Outcome::kNotRunning,
        Outcome::kNotStarted, Outcome::kNotCompleted, Outcome::kNotStarted},
       {Status::kInboxed, Outcome::kOk, Outcome::kDone, Outcome::kNotRunning, Outcome::kNotStarted,
        Outcome::kNotCompleted, Outcome::kNotStarted},
       {Status::kInvoked, Outcome::kOk, Outcome::kAppended, Outcome::kAccepted, Outcome::kOk,
        Outcome::kNotCompleted, Outcome::kStillRunning},
       {Status::kSuspended, Outcome::kOk, Outcome::kAppended, Outcome::kAlreadyPaused, Outcome::kOk,
        Outcome::kNotCompleted, Outcome::kStillRunning},
       {Status::kPaused, Outcome::kOk, Outcome::kAppended, Outcome::kAlreadyPaused, Outcome::kOk,
        Outcome::kNotCompleted, Outcome::kStillRunning},
       {Status::kCompleted, Outcome::kAlreadyCompleted, Outcome::kAlreadyCompleted,
        Outcome::kNotRunning, Outcome::kCompleted, Outcome::kOk, Outcome::kOk}}));
  const auto after = [&](wire::Command command) {
    TestPartition partition;
    bring(partition, expected.status);
    const auto status = partition.status(kA);
    REQUIRE((status ? std::optional(status->status) : std::nullopt) == expected.status);
    return response_of(partition.apply(std::move(command)));
  };
  CHECK(after(kill(kA, make_request(1))) == answer(Operation::kKill, expected.kill));
  CHECK(after(cancel(kA, make_request(1))) == answer(Operation::kCancel, expected.cancel));
  CHECK(after(wire::Pause{kA, make_request(1)}) == answer(Operation::kPause, expected.pause));
  CHECK(after(wire::Resume{kA, {}, make_request(1)}) ==
        answer(Operation::kResume, expected.resume));
  CHECK(after(wire::Purge{kA, {}, make_request(1)}) == answer(Operation::kPurge, expected.purge));
  CHECK(after(wire::PurgeJournal{kA, {}, make_request(1)}) ==
        answer(Operation::kPurgeJournal, expected.purge));
  const bool restarts = expected.restart == Outcome::kOk;
  CHECK(after(restart(kA, kB)) == answer(Operation::kRestartAsNew, expected.restart,
                                         restarts ? std::optional(kB) : std::nullopt));
}

TEST_CASE("killing or cancelling nobody still stops an attempt", "[partition][operations]") {
  TestPartition partition;
  CHECK(partition.apply(kill(kA, make_request(1))) ==
        Actions{AbortInvocation{kA}, answer(Operation::kKill, Outcome::kNotFound)});
  CHECK(partition.apply(cancel(kA)) == Actions{AbortInvocation{kA}});
}

TEST_CASE("a kill goes down the whole tree of calls", "[partition][operations]") {
  TestPartition partition;
  const InvocationId e = make_id(5);
  partition.apply(invoke(kA, service(), {.retention = kDay}));
  partition.apply(call(kA, 1, 2, kB, service()));
  partition.deliver_all();
  partition.apply(call(kB, 1, 2, kC, object("k")));
  partition.apply(one_way_call(kB, 3, kD, service()));
  partition.apply(one_way_call(kB, 4, e, service(), {99'000}));
  partition.deliver_all();
  for (const auto& id : {kA, kB, kC, kD}) CHECK(partition.status(id)->status == Status::kInvoked);
  CHECK(partition.status(e)->status == Status::kScheduled);

  partition.apply(kill(kA));
  const Actions actions = partition.deliver_all();
  for (const auto& id : {kB, kC, kD, e}) CHECK_FALSE(partition.status(id));
  CHECK(count_actions<AbortInvocation>(actions) == 3);
  CHECK(partition.status(kA)->result == wire::InvocationResult(wire::failures::killed()));
  CHECK(partition.count("ti") == 0);
  CHECK(partition.count("ss") == 0);
}

TEST_CASE("a cancellation waits for the first attempt", "[partition][operations]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  CHECK(count_actions<ForwardNotification>(partition.apply(cancel(kA))) == 1);
  CHECK(types(partition.journal(kA)) ==
        std::vector{wire::EntryType::kInput, wire::EntryType::kSignalNotification});
}

TEST_CASE("every cancellation is an entry", "[partition][operations]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(cancel(kA));
  partition.apply(cancel(kA));
  partition.apply(signal(kA, 1, wire::Void{}));
  CHECK(partition.status(kA)->journal.length == 4);
}

TEST_CASE("a cancellation wakes who waits for a call, a sleep or a promise",
          "[partition][operations]") {
  TestPartition partition;
  partition.apply(invoke(kA, workflow("k")));
  partition.apply(entry(kA, wire::EntryType::kGetPromise, wire::GetPromiseEntry{"p", {1}}));
  partition.apply(call(kA, 2, 3, kB, service()));
  partition.apply(sleep(kA, 4, {9000}));
  partition.apply(suspended(
      kA,
      {wire::CompletionId{1}, wire::CompletionId{3}, wire::CompletionId{4}, wire::SignalIndex{1}},
      5));
  CHECK(partition.apply(cancel(kA)) == Actions{partition.started(kA)});
  partition.apply(output(kA, Bytes("")));
  partition.apply(ended(kA));
  // Those it waited for come late and find nobody.
  CHECK(partition.apply(wire::InvocationResponse{kA, {}, 3, Bytes("x")}).empty());
  CHECK(partition.apply(sleep_over(kA, 4, {9000})).size() == 1);
  CHECK(partition.count("ti") == 0);
}

TEST_CASE("who waits for something that is cancelled before it started hears so",
          "[partition][operations]") {
  TestPartition partition;
  const Status status = GENERATE(Status::kScheduled, Status::kInboxed);
  bring(partition, status);
  partition.apply(invoke(kA, object("k"), {.reply = make_request(2)}));
  partition.apply(wire::Attach{kA, true, wire::InvocationSink{kC, {}, 5}});
  const Actions actions = partition.apply(cancel(kA, make_request(1)));
  REQUIRE(actions.size() >= 3);
  CHECK(actions[0] ==
        Action(IngressResponse{make_request(2), kA, std::nullopt, wire::failures::canceled()}));
  CHECK(std::get<NewOutboxMessage>(actions[1]).message ==
        wire::OutboxMessage(wire::InvocationResponse{kC, {}, 5, wire::failures::canceled()}));
  CHECK(actions.back() == Action(answer(Operation::kCancel, Outcome::kDone)));
  CHECK(count_actions<DeleteTimer>(actions) == (status == Status::kScheduled ? 1 : 0));
  CHECK_FALSE(partition.status(kA));
  CHECK(partition.count("ti") == 0);
  CHECK(partition.count("ib") == 0);
}

TEST_CASE("a signal that comes before the start is there at the start", "[partition][operations]") {
  TestPartition partition;
  const Status status = GENERATE(Status::kScheduled, Status::kInboxed);
  bring(partition, status);
  CHECK(partition.apply(signal(kA, 17, Bytes("early"))).empty());
  CHECK(partition.status(kA)->status == status);
  partition.apply(time_to_start(kA, {9000}));
  partition.apply(kill(kD));
  CHECK(partition.status(kA)->status == Status::kInvoked);
  CHECK(types(partition.journal(kA)) ==
        std::vector{wire::EntryType::kInput, wire::EntryType::kSignalNotification});
  CHECK(count_actions<InvokeAction>(partition.apply(suspended(kA, {wire::SignalIndex{17}}, 2))) ==
        1);
}

TEST_CASE("a pause keeps what comes, and only a human or a cancellation ends it",
          "[partition][operations]") {
  TestPartition partition;
  bring(partition, Status::kInvoked);
  partition.apply(sleep(kA, 1, {2000}));
  const Actions paused = partition.apply(wire::Pause{kA, make_request(1)});
  CHECK(paused == Actions{AbortInvocation{kA}, answer(Operation::kPause, Outcome::kAccepted)});
  CHECK(partition.count("je") == 1);
  CHECK(partition.count("ss") == 1);
  CHECK(partition.apply(sleep_over(kA, 1, {2000})).size() == 1);
  CHECK(partition.apply(signal(kA, 17, wire::Void{})).empty());
  CHECK(partition.status(kA)->status == Status::kPaused);
  CHECK(partition.status(kA)->journal.length == 4);
  SECTION("resumed") {
    CHECK(partition.apply(wire::Resume{kA, {}, make_request(1)}) ==
          Actions{partition.started(kA), answer(Operation::kResume, Outcome::kOk)});
  }
  SECTION("cancelled") {
    CHECK(partition.apply(cancel(kA)) == Actions{partition.started(kA)});
  }
  SECTION("cancelled by its caller") {
    CHECK(partition.apply(signal(kA, 1, wire::Void{})).size() == 1);
  }
  CHECK(partition.status(kA)->status == Status::kInvoked);
}

TEST_CASE("an end that comes before a pause wins", "[partition][operations]") {
  TestPartition partition;
  bring(partition, Status::kCompleted);
  CHECK(partition.apply(effect(kA, wire::Paused{})) == Actions{AbortInvocation{kA}});
  CHECK(partition.status(kA)->status == Status::kCompleted);
}

TEST_CASE("resuming on another deployment keeps the protocol", "[partition][operations]") {
  TestPartition partition;
  bring(partition, Status::kInvoked);
  const wire::PinnedDeployment other{make_deployment(2), 7};
  SECTION("it was pinned") {
    partition.apply(effect(kA, wire::Pinned{{make_deployment(1), 6}}));
    CHECK(response_of(partition.apply(wire::Resume{kA, other, make_request(1)})) ==
          answer(Operation::kResume, Outcome::kCannotChangeDeployment));
    CHECK(partition.status(kA)->pinned->id == make_deployment(1));
    partition.apply(effect(kA, wire::Paused{}));
    partition.apply(wire::Resume{kA, other, make_request(1)});
    CHECK(partition.status(kA)->pinned == wire::PinnedDeployment{make_deployment(2), 6});
  }
  SECTION("it was never pinned") {
    partition.apply(effect(kA, wire::Paused{}));
    CHECK(response_of(partition.apply(wire::Resume{kA, other, make_request(1)})) ==
          answer(Operation::kResume, Outcome::kOk));
    CHECK_FALSE(partition.status(kA)->pinned);
  }
}

TEST_CASE("a restart copies a prefix and the completions that belong to it",
          "[partition][operations]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.retention = kDay, .idempotency_key = "once"}));
  partition.apply(effect(kA, wire::Pinned{{make_deployment(1), 6}}));
  partition.apply(run(kA, 1));
  partition.apply(run(kA, 2));
  partition.apply(signal(kA, 17, Bytes("signal")));
  partition.apply(ran(kA, 2, Bytes("b")));
  partition.apply(ran(kA, 1, Bytes("a")));
  partition.apply(output(kA, Bytes("out")));
  partition.apply(ended(kA));
  const auto old = partition.status(kA);
  REQUIRE(old->journal.length == 7);

  using Type = wire::EntryType;
  SECTION("from the start") {
    const Actions actions = partition.apply(restart(kA, kB));
    CHECK(actions ==
          Actions{partition.started(kB), answer(Operation::kRestartAsNew, Outcome::kOk, kB)});
    CHECK(types(partition.journal(kB)) == std::vector{Type::kInput});
  }
  SECTION("from the middle: the completion behind the prefix comes along") {
    partition.apply(restart(kA, kB, 1));
    CHECK(types(partition.journal(kB)) ==
          std::vector{Type::kInput, Type::kRun, Type::kRunCompletion});
    CHECK(partition.status(kB)->journal.commands == 2);
    CHECK(partition.journal(kB)[2] == partition.journal(kA)[5]);
    // It is completed: a second result is not taken, and the attempt hears that it need not wait.
    CHECK(partition.apply(ran(kB, 1, Bytes("again"))) ==
          Actions{ForwardNotification{kB, 0, Type::kRunCompletion, wire::CompletionId{1}, {}}});
    CHECK(partition.status(kB)->journal.length == 3);
  }
  SECTION("signals inside the prefix come along") {
    partition.apply(restart(kA, kB, 3));
    CHECK(types(partition.journal(kB)) == std::vector{Type::kInput, Type::kRun, Type::kRun,
                                                      Type::kSignalNotification,
                                                      Type::kRunCompletion, Type::kRunCompletion});
  }
  SECTION("all of it") {
    partition.apply(restart(kA, kB, 6));
    CHECK(partition.journal(kB) == partition.journal(kA));
    CHECK(partition.status(kB)->journal == old->journal);
  }
  SECTION("beyond its end") {
    CHECK(partition.apply(restart(kA, kB, 7)) ==
          Actions{answer(Operation::kRestartAsNew, Outcome::kJournalIndexOutOfRange)});
    CHECK_FALSE(partition.status(kB));
    return;
  }
  const auto fresh = partition.status(kB);
  CHECK(fresh->source.kind == wire::Source::Kind::kRestartAsNew);
  CHECK(fresh->source.invocation == kA);
  CHECK_FALSE(fresh->idempotency_key);
  CHECK(fresh->retention == kDay);
  CHECK(fresh->pinned == old->pinned);
  CHECK(fresh->timestamps.created > old->timestamps.modified);
  CHECK(partition.status(kA) == old);
}

TEST_CASE("a restart may run on another deployment", "[partition][operations]") {
  TestPartition partition;
  bring(partition, Status::kInvoked);
  const bool pinned = GENERATE(true, false);
  if (pinned) partition.apply(effect(kA, wire::Pinned{{make_deployment(1), 6}}));
  partition.apply(kill(kA));
  auto again = restart(kA, kB);
  again.deployment = make_deployment(2);
  partition.apply(again);
  const auto expected =
      pinned ? std::optional(wire::PinnedDeployment{make_deployment(2), 6}) : std::nullopt;
  CHECK(partition.status(kB)->pinned == expected);
}

TEST_CASE("a restart of what never ran works, and waits for its object",
          "[partition][operations]") {
  TestPartition partition;
  partition.apply(invoke(kA, object("k"), {.retention = kDay}));
  partition.apply(kill(kA));
  partition.apply(invoke(kC, object("k")));
  CHECK(partition.apply(restart(kA, kB)) ==
        Actions{answer(Operation::kRestartAsNew, Outcome::kOk, kB)});
  CHECK(partition.status(kB)->status == Status::kInboxed);
  CHECK(partition.apply(kill(kC)).front() == Action(partition.started(kB)));
}

TEST_CASE("a restart without a journal has no input", "[partition][operations]") {
  TestPartition partition;
  bring(partition, Status::kCompleted);
  partition.apply(wire::PurgeJournal{kA, {}, std::nullopt});
  CHECK(partition.apply(restart(kA, kB)) ==
        Actions{answer(Operation::kRestartAsNew, Outcome::kMissingInput)});
}

TEST_CASE("a restart from the middle repeats the randomness that was journaled",
          "[partition][operations]") {
  TestPartition partition;
  partition.apply(wire::VersionBarrier{"0.1.0", "", {Features::kUniqueRandomSeeds}});
  partition.apply(invoke(kA, service(), {.retention = kDay}));
  partition.apply(run(kA, 1));
  partition.apply(ran(kA, 1, Bytes("a")));
  partition.apply(kill(kA));
  partition.apply(restart(kA, kB, 1));
  CHECK(partition.status(kB)->random_seed == partition.status(kA)->random_seed);
  partition.apply(restart(kA, kC));
  CHECK(partition.status(kC)->random_seed != partition.status(kA)->random_seed);
}

TEST_CASE("a restart repeats the randomness of an original from before the feature",
          "[partition][operations]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.retention = kDay}));
  partition.apply(run(kA, 1));
  partition.apply(ran(kA, 1, Bytes("a")));
  partition.apply(kill(kA));
  REQUIRE_FALSE(partition.status(kA)->random_seed);
  partition.apply(wire::VersionBarrier{"0.1.0", "", {Features::kUniqueRandomSeeds}});
  partition.apply(restart(kA, kB, 1));
  CHECK(partition.status(kB)->random_seed == seed_of(kA));
}
