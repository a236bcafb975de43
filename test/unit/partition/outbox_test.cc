// Timers, the outbox, and what is said between invocations.

#include "partition/machine/respond.h"
#include "support/catch.h"
#include "support/partition.h"
#include "unit/partition/cast.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

std::vector<std::uint64_t> sequences(const TestPartition& partition) {
  std::vector<std::uint64_t> found;
  partition.tables()
      .scan_outbox(0,
                   [&](std::uint64_t sequence, wire::OutboxMessage&&) {
                     found.push_back(sequence);
                     return true;
                   })
      .value();
  return found;
}

}  // namespace

TEST_CASE("a sleep may last as long as time itself", "[partition][timers]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  const WallTime never{UINT64_MAX};
  const Actions actions = partition.apply(sleep(kA, 1, never));
  CHECK(find_action<RegisterTimer>(actions)->key.at == never);
  std::vector<TimerRow> timers;
  partition.tables()
      .scan_timers({},
                   [&](TimerRow&& row) {
                     timers.push_back(row);
                     return true;
                   })
      .value();
  REQUIRE(timers.size() == 1);
  CHECK(timers[0].key == find_action<RegisterTimer>(actions)->key);
  CHECK(timers[0].incarnation == partition.status(kA)->incarnation);
}

TEST_CASE("a sleep into the past is over once", "[partition][timers]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(sleep(kA, 1, {1}));
  CHECK(count_actions<ForwardNotification>(partition.apply(sleep_over(kA, 1, {1}))) == 1);
  CHECK(count_actions<ForwardNotification>(partition.apply(sleep_over(kA, 1, {1}))) == 0);
  CHECK(partition.status(kA)->journal.length == 3);
}

TEST_CASE("timers are read in order, from any of them on", "[partition][timers]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(sleep(kA, 1, {500}));
  partition.apply(sleep(kA, 2, {300}));
  partition.apply(sleep(kA, 3, {400}));
  partition.apply(invoke(kB, service(), {.at = WallTime{400}}));
  std::vector<std::uint32_t> order;
  const auto collect = [&](TimerRow&& row) {
    order.push_back(row.key.completion);
    CHECK(row.key.invocation.key == PartitionKey{7});
    return true;
  };
  partition.tables().scan_timers({}, collect).value();
  CHECK(order == std::vector<std::uint32_t>{2, 3, 0, 1});
  order.clear();
  partition.tables()
      .scan_timers(wire::TimerKey{{400}, wire::TimerKind::kStartScheduled, kB, 0}, collect)
      .value();
  CHECK(order == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("a timer for what is gone is deleted and does nothing", "[partition][timers]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.at = WallTime{5000}}));
  partition.apply(kill(kA));
  CHECK(partition.apply(time_to_start(kA, {5000})) ==
        Actions{DeleteTimer{time_to_start(kA, {5000}).key}});
  CHECK_FALSE(partition.status(kA));

  partition.apply(invoke(kA, service()));
  partition.apply(sleep(kA, 1, {6000}));
  partition.apply(kill(kA));
  CHECK(partition.count("ti") == 1);
  CHECK(partition.apply(sleep_over(kA, 1, {6000})).size() == 1);
  CHECK(partition.count("ti") == 0);
}

TEST_CASE("invocations of one uuid have their own timers", "[partition][timers]") {
  // Uuids of workflows and idempotency keys are hashes of texts that users choose.
  const InvocationId twin = make_id(1, 8);
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.at = WallTime{5000}}));
  partition.apply(invoke(twin, service(), {.at = WallTime{5000}}));
  CHECK(partition.count("ti") == 2);
  partition.apply(time_to_start(kA, {5000}));
  CHECK(partition.status(kA)->status == Status::kInvoked);
  CHECK(partition.status(twin)->status == Status::kScheduled);
  CHECK(partition.count("ti") == 1);
  partition.apply(kill(kA));
  partition.apply(time_to_start(twin, {5000}));
  CHECK(partition.status(twin)->status == Status::kInvoked);
  CHECK(partition.count("ti") == 0);
}

TEST_CASE("a timer of another time does not start what is scheduled", "[partition][timers]") {
  TestPartition partition;
  partition.apply(invoke(kA, service(), {.at = WallTime{5000}}));
  partition.apply(time_to_start(kA, {4000}));
  CHECK(partition.status(kA)->status == Status::kScheduled);
  CHECK(partition.count("ti") == 1);
}

TEST_CASE("the outbox is truncated from its head, once", "[partition][outbox]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  for (std::uint32_t i = 0; i < 5; ++i) {
    partition.apply(one_way_call(kA, 1 + i, make_id(static_cast<std::uint8_t>(10 + i)), service()));
  }
  CHECK(sequences(partition) == std::vector<std::uint64_t>{0, 1, 2, 3, 4});
  partition.apply(wire::TruncateOutbox{2});
  CHECK(sequences(partition) == std::vector<std::uint64_t>{3, 4});
  partition.apply(wire::TruncateOutbox{1});
  CHECK(sequences(partition) == std::vector<std::uint64_t>{3, 4});
  partition.reopen();
  CHECK(partition.tables().outbox_head().value() == 3);
  partition.apply(wire::TruncateOutbox{UINT64_MAX});
  CHECK(sequences(partition).empty());
  partition.apply(one_way_call(kA, 9, kB, service()));
  CHECK(sequences(partition) == std::vector<std::uint64_t>{5});
  CHECK(partition.tables().outbox_tail().value() == 6);
}

TEST_CASE("what is sent again is dropped by its number", "[partition][outbox]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(call(kA, 1, 2, kB, service()));
  const auto messages = partition.outbox();
  REQUIRE(messages.size() == 1);
  const auto deliver = [&] {
    return partition.apply(std::get<wire::Invoke>(messages[0]), wire::PartitionDedup{{0}, 0});
  };
  CHECK(deliver().size() == 1);
  CHECK(deliver().empty());
  partition.reopen();
  CHECK(deliver().empty());
}

TEST_CASE("a call carries everything its target needs", "[partition][outbox]") {
  TestPartition partition;
  partition.apply(invoke(kA, service("Caller")));
  wire::CallEntry content{{}, {1}, {2}};
  content.request.parameter = "in";
  content.request.headers = {{"h", "v"}};
  content.request.idempotency_key = "once";
  content.request.limit_key = "l1/l2/";
  auto made = entry(kA, wire::EntryType::kCall, content, 1);
  const wire::CallInfo info{kB, object("k"), {5, 4}, {"trace", "state"}};
  std::get<wire::NewEntry>(made.effect).call = info;
  partition.apply(made);

  const auto sent = std::get<wire::Invoke>(partition.outbox().at(0)).invocation;
  CHECK(sent.id == kB);
  CHECK(sent.target == object("k"));
  CHECK(sent.argument == Bytes("in"));
  CHECK(sent.headers == content.request.headers);
  CHECK(sent.idempotency_key == "once");
  CHECK(sent.limit_key == "l1/l2");
  CHECK(sent.retention == info.retention);
  CHECK(sent.span == info.span);
  CHECK(sent.source.kind == wire::Source::Kind::kService);
  CHECK(sent.source.invocation == kA);
  CHECK(sent.source.target == service("Caller"));
  CHECK(sent.response_sink ==
        wire::ResponseSink(wire::InvocationSink{kA, partition.status(kA)->incarnation, 2}));
  CHECK_FALSE(sent.execution_time);
}

TEST_CASE("a one-way call waits for nobody, and for its time if it has one",
          "[partition][outbox]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(one_way_call(kA, 1, kB, service()));
  partition.apply(one_way_call(kA, 2, kB, service(), {9000}));
  const auto messages = partition.outbox();
  CHECK_FALSE(std::get<wire::Invoke>(messages.at(0)).invocation.response_sink);
  CHECK_FALSE(std::get<wire::Invoke>(messages.at(0)).invocation.execution_time);
  CHECK(std::get<wire::Invoke>(messages.at(1)).invocation.execution_time == WallTime{9000});
}

TEST_CASE("signals and awakeables travel through the outbox", "[partition][outbox]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(invoke(kB, service()));
  constexpr auto kSignal = wire::EntryType::kSendSignal;
  constexpr auto kAwakeable = wire::EntryType::kCompleteAwakeable;
  partition.apply(
      entry(kA, kSignal, wire::SendSignalEntry{kB.str(), wire::SignalName{"go"}, Bytes("1")}));
  partition.apply(
      entry(kA, kAwakeable,
            wire::CompleteAwakeableEntry{AwakeableId{kB, 17}.str(), wire::Failure{500, "no", {}}}));
  partition.apply(
      entry(kA, kSignal, wire::SendSignalEntry{"nobody", wire::SignalIndex{1}, wire::Void{}}));
  partition.apply(entry(kA, kAwakeable, wire::CompleteAwakeableEntry{"nothing", Bytes("")}));
  const auto messages = partition.outbox();
  REQUIRE(messages.size() == 2);
  CHECK(messages[0] == wire::OutboxMessage(signal(kB, "go", Bytes("1"))));
  CHECK(messages[1] == wire::OutboxMessage(signal(kB, 17, wire::Failure{500, "no", {}})));
  partition.deliver_all();
  CHECK(partition.status(kB)->journal.length == 3);
}

TEST_CASE("the same event reported by two leaders is two rows at most", "[partition]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  const wire::NewEvent event{{wire::JournalEvent::Type::kTransientError, R"({"ty":"x"})"}};
  partition.apply(effect(kA, event), wire::SelfDedup{{1}, 1});
  partition.apply(effect(kA, event), wire::SelfDedup{{1}, 1});
  std::vector<EventRow> events;
  partition.tables()
      .scan_events(kA,
                   [&](EventRow&& row) {
                     events.push_back(std::move(row));
                     return true;
                   })
      .value();
  REQUIRE(events.size() == 1);
  CHECK(events[0] == EventRow{event.event, 0, WallTime{1002}, 2});
  CHECK(partition.status(kA)->journal.events == 1);
}

TEST_CASE("a large result is copied only so often in one commit", "[partition][outbox]") {
  const wire::InvocationResult large = Bytes(std::string(100, 'x'));
  Copies copies(large, 250);
  CHECK(copies.next() == Answer(Bytes(std::string(100, 'x'))));
  CHECK(copies.next() == Answer(Bytes(std::string(100, 'x'))));
  for (int i = 0; i < 2; ++i) {
    const Answer refused = copies.next();
    REQUIRE(std::holds_alternative<wire::Failure>(refused));
    CHECK(std::get<wire::Failure>(refused).code == 500);
  }
  const wire::InvocationResult nothing = Bytes();
  Copies many(nothing, 250);
  for (int i = 0; i < 200; ++i) CHECK(many.next() == Answer(Bytes()));
}
