// Invocations that carry a scope, while the feature `vqueues` is on: the gate in front of attempts.
// The transcripts vq01..vq06 tell the stories; here is what they cannot show.

#include "partition/queue.h"

#include "partition/invariants.h"
#include "partition/keys.h"
#include "partition/rows.h"
#include "partition/visible_status.h"
#include "support/catch.h"
#include "support/partition.h"
#include "unit/partition/cast.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;
using Operation = OperationResponse::Operation;
using Outcome = OperationOutcome;

namespace {

wire::InvocationTarget scoped(wire::InvocationTarget target, std::string scope = "s") {
  target.scope = std::move(scope);
  return target;
}

wire::VersionBarrier vqueues() { return {"0.1.0", "", {Features::kVqueues}}; }

QueueEntry entry_of(const TestPartition& partition, const InvocationId& id) {
  return partition.tables().find_queue_entry(id).value().value();
}

wire::QueuePlace place_of(const TestPartition& partition, const InvocationId& id) {
  const QueueEntry entry = entry_of(partition, id);
  return {id, entry.queue, entry.at};
}

Actions let_run(TestPartition& partition, const InvocationId& id) {
  return partition.apply(wire::QueueDecisions{{place_of(partition, id)}, {}});
}

// Brings A, with a scope, into a status and a stage.
void bring(TestPartition& partition, Status status, QueueStage stage) {
  const wire::Retention day{86'400'000, 86'400'000};
  partition.apply(invoke(kA, scoped(object("k")), {.retention = day}));
  if (status == Status::kInboxed) return;
  let_run(partition, kA);
  switch (status) {
    case Status::kSuspended:
      partition.apply(suspended(kA, {wire::SignalIndex{17}, wire::SignalIndex{1}}));
      return;
    case Status::kPaused:
      partition.apply(effect(kA, wire::Paused{}));
      return;
    case Status::kCompleted:
      partition.apply(output(kA, Bytes("out")));
      partition.apply(ended(kA));
      return;
    default:
      if (stage == QueueStage::kInbox) {
        partition.apply(effect(kA, wire::Yielded{"error", wire::Yielded::Kind::kTransientError, {},
                                              WallTime{1'000'000}}));
      }
  }
}

}  // namespace

TEST_CASE("operators get the answer that fits the stage", "[partition][queue]") {
  struct Expectation {
    Status status;
    QueueStage stage;
    Outcome kill, cancel, pause, resume;
  };
  const auto expected = GENERATE(values<Expectation>({
      {Status::kInboxed, QueueStage::kInbox, Outcome::kOk, Outcome::kDone, Outcome::kNotRunning,
       Outcome::kNotStarted},
      {Status::kInvoked, QueueStage::kRunning, Outcome::kOk, Outcome::kAppended,
       Outcome::kAccepted, Outcome::kOk},
      {Status::kInvoked, QueueStage::kInbox, Outcome::kOk, Outcome::kAppended, Outcome::kAccepted,
       Outcome::kOk},
      {Status::kSuspended, QueueStage::kSuspended, Outcome::kOk, Outcome::kAppended,
       Outcome::kAccepted, Outcome::kOk},
      {Status::kPaused, QueueStage::kPaused, Outcome::kOk, Outcome::kAppended,
       Outcome::kAlreadyPaused, Outcome::kOk},
      {Status::kCompleted, QueueStage::kNone, Outcome::kAlreadyCompleted,
       Outcome::kAlreadyCompleted, Outcome::kNotRunning, Outcome::kCompleted},
  }));
  CAPTURE(to_string(expected.status), to_string(expected.stage));
  const auto after = [&](wire::Command command) {
    TestPartition partition;
    partition.apply(vqueues());
    bring(partition, expected.status, expected.stage);
    REQUIRE(partition.status(kA)->status == expected.status);
    if (expected.stage != QueueStage::kNone) {
      REQUIRE(entry_of(partition, kA).stage == expected.stage);
    }
    const Actions actions = partition.apply(std::move(command));
    CHECK(check_invariants(partition.rows()));
    return find_action<OperationResponse>(actions)->outcome;
  };
  const auto kill = wire::Terminate::Flavor::kKill, cancel = wire::Terminate::Flavor::kCancel;
  CHECK(after(wire::Terminate{kA, kill, {}, make_request(1)}) == expected.kill);
  CHECK(after(wire::Terminate{kA, cancel, {}, make_request(1)}) == expected.cancel);
  CHECK(after(wire::Pause{kA, make_request(1)}) == expected.pause);
  CHECK(after(wire::Resume{kA, {}, make_request(1)}) == expected.resume);
}

TEST_CASE("whatever ends an invocation, its permit is given back once", "[partition][queue]") {
  TestPartition partition;
  partition.apply(vqueues());
  partition.apply(invoke(kA, scoped(service())));
  let_run(partition, kA);
  Actions actions;
  SECTION("it ends") {
    partition.apply(output(kA, Bytes("out")));
    actions = partition.apply(ended(kA));
  }
  SECTION("it fails") { actions = partition.apply(effect(kA, wire::Failed{{500, "no", {}}})); }
  SECTION("it is killed") {
    actions = partition.apply(wire::Terminate{kA, wire::Terminate::Flavor::kKill, {}, {}});
  }
  int given_back = 0;
  for (const auto& action : actions) {
    const auto* moved = std::get_if<QueueMoved>(&action);
    if (moved == nullptr) continue;
    CHECK(moved->from == QueueStage::kRunning);
    CHECK(moved->to == QueueStage::kNone);
    ++given_back;
  }
  CHECK(given_back == 1);
  for (const auto tag : {keys::kQueues, keys::kQueueEntries, keys::kQueueInbox,
                         keys::kQueueRunning}) {
    CHECK(partition.count(tag) == 0);
  }
}

TEST_CASE("an object is handed on to one who then waits for its permit", "[partition][queue]") {
  TestPartition partition;
  partition.apply(vqueues());
  partition.apply(invoke(kA, scoped(object("k"))));
  partition.apply(invoke(kB, scoped(object("k"))));
  CHECK(partition.count(keys::kQueueEntries) == 1);
  let_run(partition, kA);
  const Actions actions = partition.apply(effect(kA, wire::Failed{{500, "no", {}}}));
  const auto entry = entry_of(partition, kB);
  CHECK(entry.stage == QueueStage::kInbox);
  CHECK(find_action<InvokeAction>(actions) == nullptr);
  CHECK(actions.back() == Action(QueueMoved{kB, entry.queue, "s", "", QueueStage::kNone,
                                            QueueStage::kInbox, {}, entry.at}));
  CHECK(find_action<InvokeAction>(let_run(partition, kB)) != nullptr);
  CHECK(check_invariants(partition.rows()));
}

TEST_CASE("an object of a scope has one lock, with its scope, from the first turn to the last",
          "[partition][queue]") {
  TestPartition partition;
  partition.apply(vqueues());
  const auto holders = [&] {
    std::vector<std::pair<std::string, InvocationId>> found;
    storage::RowCallback visit([&](std::string_view key, std::string_view) {
      const auto object = keys::decode_lock(key).value();
      found.emplace_back(object.scope.value_or("none"),
                         partition.tables().find_lock(object).value()->holder);
      return true;
    });
    partition.rows().scan(keys::kLocks, storage::prefix_end(keys::kLocks), visit).value();
    return found;
  };
  using Holders = decltype(holders());
  const InvocationId outside = make_id(3);
  partition.apply(invoke(outside, object("k")));
  partition.apply(invoke(kA, scoped(object("k"))));
  partition.apply(invoke(kB, scoped(object("k"))));
  const Holders first{{"none", outside}, {"s", kA}};
  CHECK(holders() == first);  // who waits for a permit has it, too
  let_run(partition, kA);
  CHECK(holders() == first);
  partition.apply(suspended(kA, {wire::SignalIndex{17}, wire::SignalIndex{1}}));
  CHECK(holders() == first);
  partition.apply(wire::Terminate{kA, wire::Terminate::Flavor::kKill, {}, {}});
  CHECK(holders() == Holders{{"none", outside}, {"s", kB}});
  partition.reopen();
  let_run(partition, kB);
  partition.apply(output(kB, Bytes("out")));
  partition.apply(ended(kB));
  CHECK(holders() == Holders{{"none", outside}});
}

TEST_CASE("a restarted invocation has its pin while it waits for its permit", "[partition][queue]") {
  TestPartition partition;
  partition.apply(vqueues());
  partition.apply(invoke(kA, scoped(service()), {.retention = {86'400'000, 86'400'000}}));
  let_run(partition, kA);
  partition.apply(effect(kA, wire::Pinned{{make_deployment(1), 6}}));
  partition.apply(output(kA, Bytes("out")));
  partition.apply(ended(kA));
  partition.apply(wire::RestartAsNew{kA, kB, 0, make_deployment(2), make_request(1)});
  REQUIRE(entry_of(partition, kB).stage == QueueStage::kInbox);
  CHECK(partition.status(kB)->pinned == wire::PinnedDeployment{make_deployment(2), 6});
}

TEST_CASE("a decision about an earlier life of an id is void", "[partition][queue]") {
  TestPartition partition;
  partition.apply(vqueues());
  partition.apply(invoke(kA, scoped(service())));
  const wire::QueuePlace before = place_of(partition, kA);
  partition.apply(wire::Terminate{kA, wire::Terminate::Flavor::kKill, {}, {}});
  partition.apply(invoke(kA, scoped(service())));
  const Actions actions = partition.apply(wire::QueueDecisions{{before}, {}});
  CHECK(actions == Actions{QueueRefused{before}});
  CHECK(partition.status(kA)->status == Status::kInboxed);
  CHECK(find_action<InvokeAction>(let_run(partition, kA)) != nullptr);
}

TEST_CASE("tries survive a wait in the queue, and end with a suspension", "[partition][queue]") {
  TestPartition partition;
  partition.apply(vqueues());
  partition.apply(invoke(kA, scoped(service())));
  const Actions first = let_run(partition, kA);
  CHECK(find_action<InvokeAction>(first)->queued == wire::RetryState{});
  const wire::RetryState tried{3, 2, 1, 0};
  constexpr auto kTransient = wire::Yielded::Kind::kTransientError;
  const wire::JournalEvent error{wire::JournalEvent::Type::kTransientError, "{}"};
  partition.apply(effect(kA, wire::Yielded{"error", kTransient, error, WallTime{9000}, tried}));
  CHECK(entry_of(partition, kA).at.run_at == WallTime{9000});
  CHECK(entry_of(partition, kA).reason == QueueReason::kBackingOff);
  const Actions second = let_run(partition, kA);
  CHECK(find_action<InvokeAction>(second)->queued == tried);
  // The same error again is no news.
  partition.apply(effect(kA, wire::Yielded{"error", kTransient, error, WallTime{9500}, tried}));
  CHECK(partition.status(kA)->journal.events == 1);
  let_run(partition, kA);
  partition.apply(suspended(kA, {wire::SignalIndex{17}}));
  partition.apply(wire::NotifySignal{kA, wire::SignalIndex{17}, wire::Void{}});
  const Actions third = let_run(partition, kA);
  CHECK(find_action<InvokeAction>(third)->queued == wire::RetryState{});
}

TEST_CASE("a queue is one scope, limit key and service, and one object of exclusive handlers",
          "[partition][queue]") {
  const PartitionKey key{7};
  const auto plain = scoped(service("S", "h"));
  const wire::QueueId id = queue_of(key, plain, "");
  CHECK(id == queue_of(key, scoped(service("S", "other")), ""));
  CHECK(id != queue_of(key, scoped(service("S", "h"), "t"), ""));
  CHECK(id != queue_of(key, scoped(service("T", "h")), ""));
  CHECK(id != queue_of(key, plain, "a"));
  CHECK(queue_of(key, scoped(service(), "a"), "bc") != queue_of(key, scoped(service(), "ab"), "c"));
  CHECK(queue_of(key, scoped(object("k")), "") != queue_of(key, scoped(object("l")), ""));
  CHECK(queue_of(key, scoped(object("k", false)), "") ==
        queue_of(key, scoped(object("l", false)), ""));
  // Stored in rows and shown to users: it never changes.
  CHECK(id.str() == "vq_10BgaEsBHSfe6UJx7Q4PODf3Gf4K0SdfqE");
}

TEST_CASE("ids of queues are read as they are written", "[partition][queue]") {
  const wire::QueueId id{{7}, make_id(9).uuid};
  CHECK(wire::QueueId::parse(id.str()) == id);
  CHECK(id.str().size() == 37);
  CHECK(wire::QueueId::parse(make_id(9).str()) == Code::kInvalidArgument);
  CHECK(wire::QueueId::parse("vq_1") == Code::kInvalidArgument);
  CHECK(wire::QueueId::parse("nonsense") == Code::kInvalidArgument);
}

TEST_CASE("rows of queues keep every field", "[partition][rows][queue]") {
  const QueueEntry entry{QueueStage::kSuspended, QueueReason::kYielded, make_id(3).uuid,
                         {false, {9}, 8},        {7, 6, 5, 4},          3};
  CHECK(rows::decode_queue_entry(Bytes(rows::encode(entry))) == entry);
  QueueMeta queue{"s", "a/b", "S", "", true, 4, {5}};
  CHECK(rows::decode_queue(Bytes(rows::encode(queue))) == queue);
  queue.object.reset();
  CHECK(rows::decode_queue(Bytes(rows::encode(queue))) == queue);
  CHECK(rows::decode_queue_entry(Bytes("\x01\x09")) == std::nullopt);
  CHECK(rows::decode_queue(Bytes("\x02")) == std::nullopt);
}

TEST_CASE("the keys of a queue's inbox are in the order in which it is served",
          "[partition][rows][queue]") {
  const auto at = [](bool fresh, std::uint64_t run_at, std::uint64_t sequence, std::uint8_t id) {
    return wire::QueuePlace{make_id(id), make_id(1).uuid, {fresh, {run_at}, sequence}};
  };
  const std::vector<wire::QueuePlace> order{at(false, 1, 9, 5), at(false, 2, 3, 4),
                                            at(false, 2, 4, 1), at(true, 0, 1, 1),
                                            at(true, 0, 1, 2),  at(true, UINT64_MAX, 0, 0)};
  std::string last;
  for (const auto& place : order) {
    const std::string key = keys::queue_place(keys::kQueueInbox, place);
    CHECK(last < key);
    CHECK(keys::decode_queue_place(key) == place);
    CHECK(key.starts_with(keys::of_queue(keys::kQueueInbox, place.id(), place.at.fresh)));
    last = key;
  }
  const wire::QueueId id{{7}, make_id(9).uuid};
  CHECK(keys::decode_queue(keys::queue(id)) == id);
}

TEST_CASE("users see a status that says what an invocation waits for", "[partition]") {
  CHECK(visible_status(Status::kScheduled, {}) == "scheduled");
  CHECK(visible_status(Status::kInboxed, {}) == "pending");
  CHECK(visible_status(Status::kInvoked, {}) == "ready");
  CHECK(visible_status(Status::kInvoked, AttemptView{false, 0}) == "ready");
  CHECK(visible_status(Status::kInvoked, AttemptView{true, 3}) == "running");
  CHECK(visible_status(Status::kInvoked, AttemptView{false, 3}) == "backing-off");
  CHECK(visible_status(Status::kSuspended, {}) == "suspended");
  CHECK(visible_status(Status::kPaused, {}) == "paused");
  CHECK(visible_status(Status::kCompleted, {}) == "completed");
}

TEST_CASE("without the feature a scope changes nothing", "[partition][queue]") {
  TestPartition partition;
  const Actions actions = partition.apply(invoke(kA, scoped(service())));
  REQUIRE(find_action<InvokeAction>(actions) != nullptr);
  CHECK_FALSE(find_action<InvokeAction>(actions)->queued);
  CHECK(find_action<QueueMoved>(actions) == nullptr);
  partition.apply(effect(kA, wire::Yielded{"memory", wire::Yielded::Kind::kMemory, {}, WallTime{9000}}));
  CHECK(partition.count("q") == 0);
  CHECK(partition.status(kB) == std::nullopt);
}
