#include "support/catch.h"
#include "support/partition.h"
#include "unit/partition/cast.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;
using wire::CompletionId;
using wire::SignalIndex;

namespace {

bool woken(const Actions& actions) { return count_actions<InvokeAction>(actions) == 1; }

wire::Suspended await(wire::AwaitTree tree) { return {std::move(tree), 0}; }

}  // namespace

TEST_CASE("a suspension that comes after what it waits for starts a new attempt", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(sleep(kA, 1, {2000}));
  CHECK(count_actions<ForwardNotification>(partition.apply(sleep_over(kA, 1, {2000}))) == 1);
  CHECK(woken(partition.apply(suspended(kA, {CompletionId{1}, SignalIndex{1}}))));
  CHECK(partition.status(kA)->status == Status::kInvoked);
}

TEST_CASE("either of two completions wakes, and both are in the journal", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(run(kA, 1));
  partition.apply(sleep(kA, 2, {2000}));
  partition.apply(suspended(kA, {CompletionId{1}, CompletionId{2}}));
  CHECK(partition.status(kA)->status == Status::kSuspended);
  CHECK(woken(partition.apply(sleep_over(kA, 2, {2000}))));
  CHECK(types(partition.journal(kA)).back() == wire::EntryType::kSleepCompletion);
}

TEST_CASE("an awakeable may be completed before the handler makes it", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(signal(kA, 17, Bytes("early")));
  CHECK(woken(partition.apply(suspended(kA, {SignalIndex{17}}, 9))));
}

TEST_CASE("an awakeable completed twice is journaled twice, in order", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(suspended(kA, {SignalIndex{17}, SignalIndex{1}}));
  CHECK(woken(partition.apply(signal(kA, 17, Bytes("one")))));
  const Actions again = partition.apply(signal(kA, 17, wire::Failure{500, "two", {}}));
  CHECK(count_actions<ForwardNotification>(again) == 1);
  const auto journal = partition.journal(kA);
  REQUIRE(journal.size() == 3);
  CHECK(journal[1].type == wire::EntryType::kSignalNotification);
  CHECK(journal[1].body != journal[2].body);
}

TEST_CASE("effects of an attempt that was overtaken are refused", "[partition]") {
  TestPartition partition;
  const std::vector<wire::InvokerEffect> late = {output(kA, Bytes("x"), 1),
                                                 suspended(kA, {CompletionId{1}}),
                                                 ended(kA),
                                                 effect(kA, wire::Failed{{500, "", {}}}),
                                                 effect(kA, wire::Paused{}),
                                                 effect(kA, wire::Pinned{{make_deployment(1), 6}})};
  SECTION("of nobody") {}
  SECTION("scheduled") { partition.apply(invoke(kA, service(), {.at = WallTime{9000}})); }
  SECTION("suspended") {
    partition.apply(invoke(kA, service()));
    partition.apply(suspended(kA, {CompletionId{1}}));
  }
  SECTION("paused") {
    partition.apply(invoke(kA, service()));
    partition.apply(effect(kA, wire::Paused{}));
  }
  SECTION("completed") {
    partition.apply(invoke(kA, service(), {.retention = {1000, 1000}}));
    partition.apply(kill(kA));
  }
  const auto before = partition.status(kA);
  for (const auto& one : late) {
    CHECK(partition.apply(one) == Actions{AbortInvocation{kA}});
    CHECK(partition.status(kA) == before);
  }
}

TEST_CASE("a cancellation that was caught does not wake later suspensions", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(sleep(kA, 1, {9000}));
  partition.apply(suspended(kA, {CompletionId{1}, SignalIndex{1}}, 2));
  CHECK(woken(partition.apply(cancel(kA))));

  // The attempt saw entries 0 to 2, the cancellation among them, and sleeps again.
  partition.apply(sleep(kA, 2, {9500}));
  CHECK(partition.apply(suspended(kA, {CompletionId{2}, SignalIndex{1}}, 4)).empty());
  CHECK(partition.status(kA)->status == Status::kSuspended);

  SECTION("the next one does") { CHECK(woken(partition.apply(cancel(kA)))); }
  SECTION("one that arrived while it suspended does") {
    CHECK(woken(partition.apply(signal(kA, 1, wire::Void{}))));
    CHECK(woken(partition.apply(suspended(kA, {CompletionId{2}, SignalIndex{1}}, 4))));
  }
  SECTION("what it waits for does") { CHECK(woken(partition.apply(sleep_over(kA, 2, {9500})))); }
}

TEST_CASE("completions count however much was delivered", "[partition]") {
  // An endpoint may suspend before it has read what was written to its stream.
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(sleep(kA, 1, {2000}));
  partition.apply(sleep_over(kA, 1, {2000}));
  CHECK(woken(partition.apply(suspended(kA, {CompletionId{1}}, 100))));
}

TEST_CASE("a named signal wakes once per signal", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(signal(kA, "go", Bytes("1")));
  CHECK(woken(partition.apply(suspended(kA, {wire::SignalName{"go"}}, 1))));
  CHECK(partition.apply(suspended(kA, {wire::SignalName{"go"}}, 2)).empty());
  CHECK(woken(partition.apply(signal(kA, "go", Bytes("2")))));
}

TEST_CASE("two notifications for one suspended invocation make one attempt", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(sleep(kA, 1, {2000}));
  partition.apply(sleep(kA, 2, {2000}));
  partition.apply(suspended(kA, {CompletionId{1}, CompletionId{2}}));
  const Actions actions =
      partition.apply_batch({{sleep_over(kA, 1, {2000}), {}}, {sleep_over(kA, 2, {2000}), {}}});
  CHECK(count_actions<InvokeAction>(actions) == 1);
  CHECK(count_actions<ForwardNotification>(actions) == 1);
}

TEST_CASE("a tree that came true in part is stored as what is left", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  for (const std::uint32_t completion : {1u, 2u}) partition.apply(sleep(kA, completion, {2000}));
  partition.apply(
      effect(kA, await({wire::Combinator::kAllCompleted, {CompletionId{1}, CompletionId{2}}, {}})));
  CHECK_FALSE(woken(partition.apply(sleep_over(kA, 1, {2000}))));
  CHECK(partition.status(kA)->awaiting.leaves.size() == 1);
  partition.reopen();
  CHECK(woken(partition.apply(sleep_over(kA, 2, {2000}))));
}

TEST_CASE("only protocol 7 leaves an event of what is awaited", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  const std::uint16_t protocol = GENERATE(std::uint16_t{6}, std::uint16_t{7});
  partition.apply(effect(kA, wire::Pinned{{make_deployment(1), protocol}}));
  partition.apply(sleep(kA, 1, {2000}));
  partition.apply(effect(kA, await({wire::Combinator::kFirstCompleted, {CompletionId{1}}, {}})));
  std::vector<EventRow> events;
  partition.tables()
      .scan_events(kA,
                   [&](EventRow&& row) {
                     events.push_back(std::move(row));
                     return true;
                   })
      .value();
  REQUIRE(events.size() == (protocol == 7 ? 1 : 0));
  if (protocol == 6) return;
  CHECK(events[0].event.type == wire::JournalEvent::Type::kSuspended);
  CHECK(events[0].after_entry == 1);
  CHECK(events[0].event.json ==
        R"({"ty":"Suspended","awaiting_on":{"FirstCompleted":[{"Single":{"CompletionId":1}}]}})");
}

TEST_CASE("a tree deeper than the limit pauses the invocation", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  wire::AwaitTree tree{wire::Combinator::kUnknown, {CompletionId{1}}, {}};
  for (int i = 0; i < 1001; ++i) {
    wire::AwaitTree outer;
    outer.nested.push_back(std::move(tree));
    tree = std::move(outer);
  }
  partition.apply(effect(kA, await(std::move(tree))));
  CHECK(partition.status(kA)->status == Status::kPaused);
}

TEST_CASE("an end without an output is a failure for all who wait", "[partition]") {
  TestPartition partition;
  const auto target = object("k");
  partition.apply(invoke(kA, target, {.reply = make_request(1)}));
  const Actions actions = partition.apply(ended(kA));
  const auto* response = find_action<IngressResponse>(actions);
  REQUIRE(response != nullptr);
  CHECK(std::get<wire::Failure>(response->result).code == 500);
  CHECK_FALSE(partition.status(kA));
  CHECK(partition.count("ss") == 0);
}

TEST_CASE("of two outputs the last one counts", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.reply = make_request(1)}));
  partition.apply(output(kA, Bytes("first")));
  partition.apply(output(kA, Bytes("second")));
  partition.reopen();
  const Actions actions = partition.apply(ended(kA));
  CHECK(actions == Actions{IngressResponse{make_request(1), kA, std::nullopt, Bytes("second")}});
}

TEST_CASE("lazy reads are answered in the journal", "[partition]") {
  TestPartition partition;
  const auto target = object("k");
  partition.apply(patch(target, {{"a", "1"}, {"b", ""}}));
  partition.apply(invoke(kA, target));
  const auto read = [&](const char* key, std::uint32_t completion) {
    partition.apply(
        entry(kA, wire::EntryType::kGetLazyState, wire::GetLazyStateEntry{key, {completion}}));
    const auto last = partition.journal(kA).back();
    CHECK(last.type == wire::EntryType::kGetLazyStateCompletion);
    return std::get<wire::Notification>(wire::decode_entry(last.type, last.body).value()).result;
  };
  CHECK(read("a", 1) == wire::NotificationResult(Bytes("1")));
  CHECK(read("b", 2) == wire::NotificationResult(Bytes("")));  // empty is a value
  CHECK(read("c", 3) == wire::NotificationResult(wire::Void{}));

  partition.apply(entry(kA, wire::EntryType::kGetLazyStateKeys, wire::GetLazyStateKeysEntry{{4}}));
  const auto last = partition.journal(kA).back();
  CHECK(last.type == wire::EntryType::kGetLazyStateKeysCompletion);
  CHECK(std::get<wire::Notification>(wire::decode_entry(last.type, last.body).value()).result ==
        wire::NotificationResult(wire::StateKeys{{"a", "b"}}));
}

TEST_CASE("an entry that is none ends the invocation instead of stopping the partition",
          "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.reply = make_request(1)}));
  wire::NewEntry broken{wire::EntryType::kSleep, Bytes("\xff\xff\xff"), {}, 1, false};
  SECTION("bytes that are no message") {}
  SECTION("a second input") { broken.type = wire::EntryType::kInput; }
  SECTION("a completion that only we may give") { broken.type = wire::EntryType::kSleepCompletion; }
  SECTION("a type from the future") { broken.type = static_cast<wire::EntryType>(0x0777); }
  SECTION("a call without a callee") {
    broken.type = wire::EntryType::kCall;
    broken.body = wire::encode_entry(wire::EntryType::kCall, wire::CallEntry{{}, {1}, {2}});
  }
  const Actions actions = partition.apply(effect(kA, broken));
  const auto* response = find_action<IngressResponse>(actions);
  REQUIRE(response != nullptr);
  CHECK(std::get<wire::Failure>(response->result).code == 571);
  CHECK(count_actions<AbortInvocation>(actions) == 1);
  CHECK_FALSE(partition.status(kA));
}

TEST_CASE("a deployment is pinned once", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  const wire::PinnedDeployment first{make_deployment(1), 6};
  partition.apply(effect(kA, wire::Pinned{first}));
  CHECK(partition.apply(effect(kA, wire::Pinned{first})).empty());
  const Actions actions = partition.apply(effect(kA, wire::Pinned{{make_deployment(2), 7}}));
  CHECK(actions == Actions{AbortInvocation{kA}, partition.started(kA)});
  CHECK(partition.status(kA)->pinned == first);
}

TEST_CASE("effects of an earlier life do not touch the one that took its id", "[partition]") {
  TestPartition partition;
  const InvocationId kW = kA;
  partition.apply(invoke(kW, workflow("k")));
  const wire::Incarnation first = partition.status(kW)->incarnation;
  partition.apply(kill(kW));
  REQUIRE_FALSE(partition.status(kW));
  partition.apply(invoke(kW, workflow("k")));
  const auto before = partition.status(kW);
  REQUIRE(before->incarnation != first);
  const std::vector<wire::InvokerEffect> late = {
      set_state(kW, "n", Bytes("old")),
      output(kW, Bytes("old"), 1),
      sleep(kW, 1, {9000}),
      suspended(kW, {CompletionId{1}}),
      ended(kW),
      effect(kW, wire::Failed{{500, "", {}}}),
      effect(kW, wire::Paused{}),
      effect(kW, wire::NewEvent{{wire::JournalEvent::Type::kTransientError, "{}"}}),
      effect(kW, wire::Pinned{{make_deployment(1), 6}})};
  for (wire::InvokerEffect command : late) {
    CAPTURE(command.effect.index());
    command.incarnation = first;
    // Nor is the attempt of the new life aborted.
    CHECK(partition.apply(command).empty());
    CHECK(partition.status(kW) == before);
    CHECK(partition.journal(kW).size() == 1);
    CHECK(partition.state(workflow("k")).empty());
  }
  // Its own are taken, and so are those of logs that did not say whose they are.
  wire::InvokerEffect own = set_state(kW, "n", Bytes("new"));
  own.incarnation = before->incarnation;
  partition.apply(own);
  CHECK(partition.journal(kW).size() == 2);
  partition.apply(set_state(kW, "m", Bytes("new")));
  CHECK(partition.state(workflow("k")).size() == 2);
}

TEST_CASE("an attempt that yields is started again", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  CHECK(woken(partition.apply(effect(kA, wire::Yielded{"memory"}))));
}
