// Ids that are asked for again: idempotency keys, workflows, attaching, purging.

#include "support/catch.h"
#include "support/partition.h"
#include "unit/partition/cast.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

void finish(TestPartition& partition, const InvocationId& id, Bytes value = "out") {
  partition.apply(output(id, std::move(value)));
  partition.apply(ended(id));
}

wire::Purge by_cleaner(const TestPartition& partition, const InvocationId& id) {
  return {id, partition.status(id)->incarnation, std::nullopt};
}

}  // namespace

TEST_CASE("the same request sent twice is accepted twice and runs once", "[partition]") {
  TestPartition partition;
  const InvokeOptions options{.submit = make_request(1)};
  CHECK(partition.apply(invoke(kA, service(), options)).size() == 2);
  CHECK(partition.apply(invoke(kA, service(), options)) ==
        Actions{SubmitNotification{make_request(1), std::nullopt, true}});
  CHECK(partition.apply(invoke(kA, service(), {.submit = make_request(2)})) ==
        Actions{SubmitNotification{make_request(2), std::nullopt, false}});
}

TEST_CASE("an id is taken whether or not it is the newest of its key", "[partition]") {
  // Once some ids of a key were asked for, the newest one stands for the others: of this batch, of
  // those before, and of what another process has written.
  const bool one_batch = GENERATE(true, false);
  const bool reopens = GENERATE(true, false);
  CAPTURE(one_batch, reopens);
  TestPartition partition;
  const std::vector<std::uint8_t> numbers{90, 10, 40, 20, 30};
  std::vector<Record> records;
  for (const std::uint8_t number : numbers) {
    records.push_back({invoke(make_id(number), service(), {.retention = kDay}), {}});
  }
  if (one_batch) {
    CHECK(partition.apply_batch(records).size() == numbers.size());
  } else {
    for (const Record& record : records) CHECK(partition.apply(record.command).size() == 1);
  }
  for (const std::uint8_t number : numbers) finish(partition, make_id(number));
  if (reopens) partition.reopen();

  const auto ask = [&](const InvocationId& id) {
    const Actions actions = partition.apply(invoke(id, service(), {.reply = make_request(1)}));
    REQUIRE(actions.size() == 1);
    return std::holds_alternative<InvokeAction>(actions.front());
  };
  for (int round = 0; round < 3; ++round) {
    for (const std::uint8_t number : numbers) CHECK_FALSE(ask(make_id(number)));
  }
  CHECK(ask(make_id(5)));
  CHECK(ask(make_id(50)));
  CHECK(ask(make_id(91)));
  CHECK_FALSE(ask(make_id(90)));
  // What is no time is looked for each time, and moves nothing.
  InvocationId hashed = make_id(1);
  hashed.uuid.bytes[0] = 0xff;
  CHECK(ask(hashed));
  CHECK(ask(make_id(92)));
  CHECK(partition.status(hashed));
}

TEST_CASE("what is at hand is what the rows say", "[partition]") {
  TestPartition partition;
  CHECK(partition.machine().known(kA) == nullptr);
  partition.apply(invoke(kA, service(), {.retention = kDay}));
  REQUIRE(partition.machine().known(kA) != nullptr);
  CHECK(partition.machine().known(kA)->status == Status::kInvoked);
  CHECK(partition.machine().known(kA)->incarnation == partition.status(kA)->incarnation);
  finish(partition, kA);
  CHECK(partition.machine().known(kA) == nullptr);  // hardly anybody asks for it again
  CHECK(partition.status(kA)->status == Status::kCompleted);
}

TEST_CASE("a delayed send repeated with another delay keeps the first", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.submit = make_request(1), .at = WallTime{5000}}));
  CHECK(partition.apply(invoke(kA, service(), {.submit = make_request(2), .at = WallTime{9000}})) ==
        Actions{SubmitNotification{make_request(2), WallTime{5000}, false}});
  CHECK(partition.count("ti") == 1);
}

TEST_CASE("a delay that is over is told only to who asks the same again", "[partition]") {
  TestPartition partition;
  const auto send = [](std::uint8_t request) {
    return invoke(kA, service(), {.submit = make_request(request), .at = WallTime{5000}});
  };
  partition.apply(send(1));
  partition.apply(time_to_start(kA, {5000}));
  CHECK(partition.apply(send(2)) ==
        Actions{SubmitNotification{make_request(2), std::nullopt, false}});
  CHECK(partition.apply(send(1)) ==
        Actions{SubmitNotification{make_request(1), WallTime{5000}, true}});
}

TEST_CASE("everyone who asked while it ran is answered once, in the order of asking",
          "[partition]") {
  TestPartition partition;
  InvokeOptions first{.reply = make_request(1), .retention = kDay};
  SECTION("running") {}
  SECTION("scheduled") { first.at = WallTime{5000}; }
  SECTION("inboxed") { partition.apply(invoke(kB, object("k"))); }
  partition.apply(invoke(kA, object("k"), first));
  for (const std::uint8_t request : {std::uint8_t{3}, std::uint8_t{2}, std::uint8_t{3}}) {
    CHECK(partition.apply(invoke(kA, object("k"), {.reply = make_request(request)})).empty());
  }
  partition.apply(wire::Attach{kA, true, wire::IngressSink{make_request(9)}});
  CHECK(partition.status(kA)->sinks.size() == 4);
  partition.apply(time_to_start(kA, {5000}));
  partition.apply(kill(kB));
  partition.apply(output(kA, Bytes("out")));
  CHECK(partition.apply(ended(kA)) ==
        Actions{IngressResponse{make_request(1), kA, std::nullopt, Bytes("out")},
                IngressResponse{make_request(3), kA, std::nullopt, Bytes("out")},
                IngressResponse{make_request(2), kA, std::nullopt, Bytes("out")},
                IngressResponse{make_request(9), kA, std::nullopt, Bytes("out")}});
}

TEST_CASE("a retained result is given with its id and expiry", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.retention = kDay}));
  const wire::Failure failure{500, "boom", {{"k", "v"}}};
  partition.apply(effect(kA, wire::Failed{failure}));
  partition.reopen();
  const WallTime expiry = partition.status(kA)->completion_expiry();
  CHECK(partition.apply(wire::Attach{kA, true, wire::IngressSink{make_request(1)}}) ==
        Actions{IngressResponse{make_request(1), kA, expiry, failure}});
  CHECK(partition.apply(wire::Attach{kA, false, wire::IngressSink{make_request(2)}}) ==
        Actions{IngressResponse{make_request(2), kA, expiry, failure}});
  CHECK(partition.apply(invoke(kA, service(), {.reply = make_request(3)})) ==
        Actions{IngressResponse{make_request(3), kA, expiry, failure}});
}

TEST_CASE("looking at a result does not wait for it", "[partition]") {
  TestPartition partition;
  const wire::Attach look{kA, false, wire::IngressSink{make_request(1)}};
  CHECK(partition.apply(look) ==
        Actions{IngressResponse{make_request(1), std::nullopt, std::nullopt,
                                wire::failures::not_found()}});
  partition.apply(invoke(kA, service()));
  CHECK(partition.apply(look) ==
        Actions{IngressResponse{make_request(1), kA, std::nullopt, wire::Void{}}});
  CHECK(partition.status(kA)->sinks.empty());
}

TEST_CASE("an invocation waits for another, or looks at it, through the outbox", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(invoke(kB, service()));
  const auto last_result = [&] {
    const auto last = partition.journal(kA).back();
    return std::get<wire::Notification>(wire::decode_entry(last.type, last.body).value()).result;
  };
  constexpr auto kLook = wire::EntryType::kGetInvocationOutput;
  constexpr auto kAttach = wire::EntryType::kAttachInvocation;
  partition.apply(entry(kA, kLook, wire::GetInvocationOutputEntry{kB.str(), {1}}));
  partition.deliver_all();
  CHECK(last_result() == wire::NotificationResult(wire::Void{}));

  partition.apply(entry(kA, kAttach, wire::AttachInvocationEntry{kB.str(), {2}}));
  partition.deliver_all();
  CHECK(partition.status(kA)->journal.length == 4);
  finish(partition, kB);
  partition.deliver_all();
  CHECK(last_result() == wire::NotificationResult(Bytes("out")));

  partition.apply(entry(kA, kLook, wire::GetInvocationOutputEntry{kB.str(), {3}}));
  partition.deliver_all();
  CHECK(last_result() == wire::NotificationResult(wire::failures::not_found()));

  partition.apply(entry(kA, kAttach, wire::AttachInvocationEntry{"nobody's id", {4}}));
  CHECK(last_result() == wire::NotificationResult(wire::failures::not_found()));

  // Where the proposer says so, the result is asked for elsewhere than the reference says.
  partition.apply(invoke(kB, service()));
  auto resolved = entry(kA, kLook,
                        wire::GetInvocationOutputEntry{
                            wire::IdempotentRef{"Raw", "echo", "idem", {}, {}}, {5}});
  std::get<wire::NewEntry>(resolved.effect).call.emplace().callee = kB;
  partition.apply(resolved);
  partition.deliver_all();
  CHECK(last_result() == wire::NotificationResult(wire::Void{}));
}

TEST_CASE("a workflow runs once per key while it is retained", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, workflow("k"), {.retention = kDay}));
  const InvokeOptions again{.reply = make_request(1), .submit = make_request(2)};
  const Actions refused{SubmitNotification{make_request(2), std::nullopt, false},
                        IngressResponse{make_request(1), kA, std::nullopt,
                                        wire::failures::workflow_already_invoked()}};
  CHECK(partition.apply(invoke(kA, workflow("k"), again)) == refused);
  finish(partition, kA);
  CHECK(partition.apply(invoke(kA, workflow("k"), again)) == refused);
  const Actions attached =
      partition.apply(wire::Attach{kA, true, wire::IngressSink{make_request(3)}});
  CHECK(std::get<Bytes>(std::get<IngressResponse>(attached.at(0)).result) == Bytes("out"));
}

TEST_CASE("a request that starts a workflow may be repeated until it is answered", "[partition]") {
  TestPartition partition;
  const auto start = [] {
    return invoke(kA, workflow("k"), {.reply = make_request(1), .retention = kDay});
  };
  partition.apply(start());
  CHECK(partition.apply(start()).empty());
  partition.apply(output(kA, Bytes("out")));
  CHECK(partition.apply(ended(kA)) ==
        Actions{IngressResponse{make_request(1), kA, std::nullopt, Bytes("out")}});
  const Actions again = partition.apply(start());
  REQUIRE(again.size() == 1);
  CHECK(std::get<Bytes>(std::get<IngressResponse>(again[0]).result) == Bytes("out"));
}

TEST_CASE("promises wake everyone who waits, once and for good", "[partition]") {
  TestPartition partition;
  const InvocationId c = make_id(3);
  partition.apply(invoke(kA, workflow("k")));
  partition.apply(invoke(kB, workflow("k", false)));
  partition.apply(invoke(c, workflow("k", false)));
  const auto last_result = [&](const InvocationId& id) {
    const auto last = partition.journal(id).back();
    return std::get<wire::Notification>(wire::decode_entry(last.type, last.body).value()).result;
  };
  const auto peek = [&](std::uint32_t completion) {
    partition.apply(
        entry(c, wire::EntryType::kPeekPromise, wire::PeekPromiseEntry{"p", {completion}}));
    return last_result(c);
  };
  CHECK(peek(1) == wire::NotificationResult(wire::Void{}));
  for (const auto& id : {kA, kB}) {
    partition.apply(entry(id, wire::EntryType::kGetPromise, wire::GetPromiseEntry{"p", {1}}));
    CHECK(partition.status(id)->journal.length == 2);
  }
  CHECK(peek(2) == wire::NotificationResult(wire::Void{}));
  partition.apply(kill(kB));  // its answer will find nobody
  const auto complete = [&](std::uint32_t completion, wire::InvocationResult value) {
    partition.apply(entry(c, wire::EntryType::kCompletePromise,
                          wire::CompletePromiseEntry{"p", std::move(value), {completion}}));
    return last_result(c);
  };
  CHECK(complete(3, wire::Failure{400, "no", {}}) == wire::NotificationResult(wire::Void{}));
  partition.deliver_all();
  CHECK(last_result(kA) == wire::NotificationResult(wire::Failure{400, "no", {}}));
  CHECK(complete(4, Bytes("yes")) ==
        wire::NotificationResult(wire::failures::promise_already_completed()));
  CHECK(peek(5) == wire::NotificationResult(wire::Failure{400, "no", {}}));
  partition.apply(entry(c, wire::EntryType::kGetPromise, wire::GetPromiseEntry{"p", {6}}));
  CHECK(last_result(c) == wire::NotificationResult(wire::Failure{400, "no", {}}));
}

TEST_CASE("promises outside of workflows are empty", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(entry(kA, wire::EntryType::kGetPromise, wire::GetPromiseEntry{"p", {1}}));
  partition.apply(entry(kA, wire::EntryType::kPeekPromise, wire::PeekPromiseEntry{"p", {2}}));
  partition.apply(entry(kA, wire::EntryType::kCompletePromise,
                        wire::CompletePromiseEntry{"p", Bytes("v"), {3}}));
  CHECK(partition.count("pr") == 0);
  CHECK(partition.status(kA)->journal.length == 7);
}

TEST_CASE("a purged workflow starts clean under the same id", "[partition]") {
  TestPartition partition;
  partition.apply(wire::VersionBarrier{"0.1.0", "", {Features::kUniqueRandomSeeds}});
  partition.apply(invoke(kA, workflow("k"), {.retention = kDay}));
  const auto first = partition.status(kA);
  partition.apply(set_state(kA, "v", "1"));
  partition.apply(sleep(kA, 1, {9000}));
  partition.apply(entry(kA, wire::EntryType::kCompletePromise,
                        wire::CompletePromiseEntry{"p", Bytes("x"), {2}}));
  partition.apply(patch(workflow("other"), {{"v", "9"}}));
  finish(partition, kA);
  partition.apply(wire::Purge{kA, {}, std::nullopt});
  CHECK_FALSE(partition.status(kA));
  CHECK(partition.count("j2") + partition.count("jc") + partition.count("jn") == 0);
  CHECK(partition.count("pr") == 0);
  CHECK(partition.state(workflow("k")).empty());
  CHECK(partition.state(workflow("other")).size() == 1);

  partition.apply(invoke(kA, workflow("k"), {.retention = kDay}));
  const auto second = partition.status(kA);
  CHECK(second->random_seed != first->random_seed);
  CHECK(second->incarnation != first->incarnation);

  // The old life's sleep and answers must not touch the new one.
  partition.apply(sleep(kA, 1, {9999}));
  partition.apply(sleep_over(kA, 1, {9000}, first->incarnation));
  partition.apply(wire::InvocationResponse{kA, first->incarnation, 1, Bytes("late")});
  CHECK(partition.status(kA)->journal.length == 2);
  CHECK(partition.count("ti") == 1);
  CHECK(partition.apply(wire::Terminate{kA, wire::Terminate::Flavor::kKill, first->incarnation, {}})
            .empty());
  partition.apply(sleep_over(kA, 1, {9999}, second->incarnation));
  CHECK(partition.status(kA)->journal.length == 3);
}

TEST_CASE("a timer of another life under the same key stays", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, workflow("k"), {.retention = kDay}));
  partition.apply(sleep(kA, 1, {9000}));
  const auto first = partition.status(kA)->incarnation;
  finish(partition, kA);
  partition.apply(wire::Purge{kA, {}, std::nullopt});
  partition.apply(invoke(kA, workflow("k")));
  partition.apply(sleep(kA, 1, {9000}));
  CHECK(partition.apply(sleep_over(kA, 1, {9000}, first)).empty());
  CHECK(partition.count("ti") == 1);
  const Actions actions =
      partition.apply(sleep_over(kA, 1, {9000}, partition.status(kA)->incarnation));
  CHECK(count_actions<ForwardNotification>(actions) == 1);
  CHECK(partition.count("ti") == 0);
}

TEST_CASE("the cleaner purges what it saw, when it is due, and nothing else", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.retention = {1000, 500}}));
  finish(partition, kA);
  const wire::Purge purge = by_cleaner(partition, kA);
  const wire::PurgeJournal purge_journal{kA, purge.incarnation, std::nullopt};
  const WallTime completed = *partition.status(kA)->timestamps.completed;

  partition.apply(purge);
  CHECK(partition.status(kA));
  partition.apply(purge_journal);
  CHECK(partition.status(kA)->journal.length == 2);
  partition.set_now(completed.plus(600));
  partition.apply(purge_journal);
  CHECK(partition.status(kA)->journal.length == 0);
  CHECK(partition.count("j2") == 0);

  SECTION("the row goes when its time has come") {
    partition.set_now(completed.plus(1000));
    partition.apply(purge);
    CHECK_FALSE(partition.status(kA));
  }
  SECTION("a row that came back in between stays") {
    partition.apply(wire::Purge{kA, {}, std::nullopt});
    partition.apply(invoke(kA, service(), {.retention = {1, 0}}));
    finish(partition, kA);
    partition.set_now(completed.plus(100'000));
    partition.apply(purge);
    CHECK(partition.status(kA));
  }
}

TEST_CASE("a retention for ever never ends", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.retention = {UINT64_MAX, UINT64_MAX}}));
  finish(partition, kA);
  CHECK(partition.status(kA)->completion_expiry() == WallTime{UINT64_MAX});
  partition.set_now({UINT64_MAX / 2});
  partition.apply(by_cleaner(partition, kA));
  CHECK(partition.status(kA));
}

TEST_CASE("a purged journal leaves the result and the id", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.retention = kDay}));
  partition.apply(sleep(kA, 1, {9000}));
  partition.apply(effect(kA, wire::NewEvent{{wire::JournalEvent::Type::kTransientError, "{}"}}));
  finish(partition, kA);
  CHECK(partition.count("je") == 1);
  CHECK(partition.apply(wire::PurgeJournal{kA, {}, make_request(1)}) ==
        Actions{OperationResponse{make_request(1),
                                  OperationResponse::Operation::kPurgeJournal,
                                  OperationOutcome::kOk,
                                  {}}});
  CHECK(partition.count("j2") + partition.count("jc") + partition.count("je") == 0);
  CHECK(partition.status(kA)->journal == JournalMetadata{});
  const Actions again = partition.apply(invoke(kA, service(), {.reply = make_request(2)}));
  REQUIRE(again.size() == 1);
  CHECK(std::get<Bytes>(std::get<IngressResponse>(again[0]).result) == Bytes("out"));
}

TEST_CASE("a result may outlive its journal from the start", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.retention = {1000, 0}}));
  partition.apply(effect(kA, wire::NewEvent{{wire::JournalEvent::Type::kTransientError, "{}"}}));
  finish(partition, kA);
  CHECK(partition.status(kA)->journal == JournalMetadata{});
  CHECK(partition.count("j2") + partition.count("je") == 0);
}

TEST_CASE("without retention all are answered and nothing is left", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.reply = make_request(1)}));
  partition.apply(wire::Attach{kA, true, wire::InvocationSink{kB, {}, 4}});
  partition.apply(sleep(kA, 1, {2000}));
  partition.apply(sleep_over(kA, 1, {2000}));
  partition.apply(signal(kA, "s", Bytes("x")));
  partition.apply(output(kA, Bytes("out")));
  const Actions actions = partition.apply(ended(kA));
  REQUIRE(actions.size() == 2);
  CHECK(std::get<NewOutboxMessage>(actions[1]).message ==
        wire::OutboxMessage(wire::InvocationResponse{kB, {}, 4, Bytes("out")}));
  for (const char* tag : {"iS", "j2", "jc", "jn", "je", "ti", "ss", "ib"}) {
    CAPTURE(tag);
    CHECK(partition.count(tag) == 0);
  }
}

TEST_CASE("answers that nobody asked for change nothing", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(sleep(kA, 1, {9000}));
  partition.apply(run(kA, 2));
  partition.apply(call(kA, 3, 4, kB, service()));
  const auto before = partition.status(kA);
  SECTION("a completion that no command announced") {
    partition.apply(wire::InvocationResponse{kA, {}, 77, Bytes("x")});
  }
  SECTION("a completion that answers of others cannot give") {
    partition.apply(wire::InvocationResponse{kA, {}, 1, Bytes("x")});
    partition.apply(wire::InvocationResponse{kA, {}, 2, Bytes("x")});
    partition.apply(wire::InvocationResponse{kA, {}, 3, Bytes("x")});
  }
  SECTION("nothing, for a call") {
    partition.apply(wire::InvocationResponse{kA, {}, 4, wire::Void{}});
  }
  SECTION("a run that never was") { partition.apply(ran(kA, 9, Bytes("x"))); }
  SECTION("another life") { partition.apply(wire::InvocationResponse{kA, {999}, 4, Bytes("x")}); }
  SECTION("nobody") { partition.apply(wire::InvocationResponse{kB, {}, 4, Bytes("x")}); }
  CHECK(partition.status(kA) == before);
}

TEST_CASE("a completion comes once, whoever sends it again", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(run(kA, 1));
  CHECK(count_actions<ForwardNotification>(partition.apply(ran(kA, 1, Bytes("x")))) == 1);
  // The attempt hears of it, and of nothing to pass on.
  const Actions not_taken{
      ForwardNotification{kA, 0, wire::EntryType::kRunCompletion, wire::CompletionId{1}, {}}};
  CHECK(partition.apply(ran(kA, 1, Bytes("y"))) == not_taken);
  // A second command under the same number: its completion was given before.
  partition.apply(run(kA, 1));
  CHECK(partition.apply(ran(kA, 1, Bytes("z"))) == not_taken);
  CHECK(partition.status(kA)->journal.length == 4);
}

TEST_CASE("texts that are none become readable before an SDK sees them", "[partition]") {
  TestPartition partition;
  auto start = invoke(kA, service());
  start.invocation.headers = {{"x-bytes", "caf\xe9"}};
  partition.apply(start);
  partition.apply(signal(kA, 17, wire::Failure{500, "\xff", {{"\xfe", "v"}}}));
  partition.apply(signal(kA, "\xff", Bytes("x")));  // nobody can await such a name
  const auto journal = partition.journal(kA);
  REQUIRE(journal.size() == 2);
  CHECK(wire::decode_entry(journal[0].type, journal[0].body));
  const auto content = wire::decode_entry(journal[1].type, journal[1].body);
  REQUIRE(content);
  const auto& notification = std::get<wire::Notification>(content.value());
  CHECK(std::get<wire::Failure>(notification.result).message == "\xef\xbf\xbd");
}
