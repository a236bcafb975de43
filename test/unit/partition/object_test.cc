#include "support/catch.h"
#include "support/partition.h"
#include "unit/partition/cast.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

const wire::InvocationTarget kTarget = object("k");

bool started(const Actions& actions, const InvocationId& id) {
  const auto* action = find_action<InvokeAction>(actions);
  return action != nullptr && action->invocation == id;
}

}  // namespace

TEST_CASE("who waits for an object is told at once that it was accepted", "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, kTarget));
  const Actions actions = partition.apply(invoke(kB, kTarget, {.submit = make_request(1)}));
  CHECK(actions == Actions{SubmitNotification{make_request(1), std::nullopt, true}});
  const auto status = partition.status(kB);
  CHECK(status->status == Status::kInboxed);
  CHECK(status->timestamps.inboxed == partition.now());
  partition.apply(output(kA, Bytes("")));
  CHECK(partition.apply(ended(kA)) == Actions{partition.started(kB)});
}

TEST_CASE("calls and changes of state take their turns in one order", "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, kTarget));
  partition.apply(set_state(kA, "v", "1"));
  partition.apply(invoke(kB, kTarget));
  partition.apply(patch(kTarget, {{"v", "50"}}));
  partition.apply(patch(kTarget, {{"w", "60"}}));
  partition.apply(invoke(kC, kTarget));
  CHECK(partition.count("ib") == 4);

  CHECK(started(partition.apply(kill(kA)), kB));
  CHECK(partition.state(kTarget) == std::map<std::string, std::string>{{"v", "1"}});
  CHECK(started(partition.apply(kill(kB)), kC));
  CHECK(partition.state(kTarget) == std::map<std::string, std::string>{{"w", "60"}});
  partition.apply(kill(kC));
  CHECK(partition.count("ib") == 0);
  CHECK(partition.count("ss") == 0);
}

TEST_CASE("changes alone free the object behind them", "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, kTarget));
  partition.apply(patch(kTarget, {{"v", "1"}}));
  partition.apply(kill(kA));
  CHECK(partition.state(kTarget).at("v") == "1");
  CHECK(partition.count("ss") == 0);
}

TEST_CASE("a change replaces the whole state of a free object at once", "[partition][object]") {
  TestPartition partition;
  partition.apply(patch(kTarget, {{"a", "1"}, {"b", "2"}}));
  partition.apply(patch(object("other"), {{"a", "9"}}));
  partition.apply(patch(kTarget, {{"b", "3"}, {"c", ""}}));
  CHECK(partition.state(kTarget) == std::map<std::string, std::string>{{"b", "3"}, {"c", ""}});
  partition.apply(patch(kTarget, {}));
  CHECK(partition.state(kTarget).empty());
  CHECK(partition.state(object("other")).size() == 1);
}

TEST_CASE("an expected version is compared when the change takes its turn", "[partition][object]") {
  TestPartition partition;
  const std::string empty = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
  partition.apply(invoke(kA, kTarget));
  partition.apply(patch(kTarget, {{"v", "patched"}}, empty));
  SECTION("it fits") {
    partition.apply(kill(kA));
    CHECK(partition.state(kTarget).at("v") == "patched");
  }
  SECTION("it does not fit any more") {
    partition.apply(set_state(kA, "v", "handler"));
    partition.apply(kill(kA));
    CHECK(partition.state(kTarget).at("v") == "handler");
  }
}

TEST_CASE("a workflow's state changes at once, a service has none", "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, workflow("k")));
  partition.apply(patch(workflow("k"), {{"v", "1"}}));
  CHECK(partition.state(workflow("k")).size() == 1);
  partition.apply(patch(service("S"), {{"v", "1"}}));
  CHECK(partition.count("st") == 1);
}

TEST_CASE("a suspended holder that is killed passes the object on", "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, kTarget, {.retention = {1000, 1000}}));
  partition.apply(sleep(kA, 1, {9000}));
  partition.apply(invoke(kB, kTarget));
  CHECK(partition.apply(suspended(kA, {wire::CompletionId{1}})).empty());
  CHECK(partition.apply(kill(kA)) == Actions{partition.started(kB), AbortInvocation{kA}});
  CHECK(partition.status(kA)->status == Status::kCompleted);
  CHECK(partition.status(kA)->journal.length == 2);
}

TEST_CASE("who leaves the inbox leaves the others in their order", "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, kTarget));
  for (const auto& id : {kB, kC, kD}) partition.apply(invoke(id, kTarget));
  SECTION("killed") {
    CHECK(partition.apply(kill(kC, make_request(1))) ==
          Actions{OperationResponse{
              make_request(1), OperationResponse::Operation::kKill, OperationOutcome::kOk, {}}});
  }
  SECTION("cancelled") {
    CHECK(
        partition.apply(cancel(kC, make_request(1))) ==
        Actions{OperationResponse{
            make_request(1), OperationResponse::Operation::kCancel, OperationOutcome::kDone, {}}});
  }
  SECTION("cancelled by the signal of a caller") { partition.apply(signal(kC, 1, wire::Void{})); }
  SECTION("the first one") {
    partition.apply(kill(kB));
    partition.apply(invoke(kB, kTarget));
    partition.apply(kill(kB));
    partition.apply(kill(kC));
    CHECK(started(partition.apply(kill(kA)), kD));
    return;
  }
  CHECK_FALSE(partition.status(kC));
  partition.reopen();
  CHECK(started(partition.apply(kill(kA)), kB));
  CHECK(started(partition.apply(kill(kB)), kD));
}

TEST_CASE("a delayed call waits for its object when its time has come", "[partition][object]") {
  TestPartition partition;
  const InvokeOptions later{.submit = make_request(1), .at = WallTime{5000}};
  CHECK(partition.apply(invoke(kB, kTarget, later)).size() == 2);
  CHECK(partition.count("ss") == 0);
  partition.apply(invoke(kA, kTarget));
  const Actions actions = partition.apply(time_to_start(kB, {5000}));
  CHECK(actions == Actions{DeleteTimer{time_to_start(kB, {5000}).key}});
  const auto status = partition.status(kB);
  CHECK(status->status == Status::kInboxed);
  CHECK(status->timestamps.inboxed == partition.now());
  CHECK(status->timestamps.scheduled);
  CHECK(started(partition.apply(kill(kA)), kB));
}

TEST_CASE("a shared handler starts at once and sees what is written so far",
          "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, kTarget));
  partition.apply(set_state(kA, "v", "1"));
  CHECK(started(partition.apply(invoke(kB, object("k", false))), kB));
  CHECK(partition.state(kTarget).at("v") == "1");
  // Its end has nothing to do with the lock.
  partition.apply(kill(kB));
  CHECK(partition.count("ss") == 1);
}

TEST_CASE("clearing everything leaves other objects alone", "[partition][object]") {
  TestPartition partition;
  partition.apply(patch(object("k2"), {{"x", "1"}}));
  partition.apply(patch(kTarget, {{"x", "1"}, {"y", "2"}}));
  partition.apply(invoke(kA, kTarget));
  partition.apply(set_state(kA, "z", "3"));
  partition.apply(entry(kA, wire::EntryType::kClearState, wire::ClearStateEntry{"x"}));
  CHECK(partition.state(kTarget).size() == 2);
  partition.apply(entry(kA, wire::EntryType::kClearAllState, wire::ClearAllStateEntry{}));
  partition.apply(entry(kA, wire::EntryType::kGetLazyStateKeys, wire::GetLazyStateKeysEntry{{1}}));
  const auto last = partition.journal(kA).back();
  CHECK(std::get<wire::Notification>(wire::decode_entry(last.type, last.body).value()).result ==
        wire::NotificationResult(wire::StateKeys{}));
  CHECK(partition.state(object("k2")).size() == 1);
}

TEST_CASE("objects with nasty names do not meet", "[partition][object]") {
  using namespace std::string_literals;
  TestPartition partition;
  const std::vector<std::string> names = {"",    "a",     "a\0"s, "a\0b"s,
                                          "\0"s, "\xff"s, "a/b",  std::string(5000, 'x')};
  std::uint8_t number = 1;
  for (const auto& name : names) {
    const InvocationId id = make_id(number++);
    CHECK(started(partition.apply(invoke(id, object(name))), id));
    partition.apply(set_state(id, name, name));
  }
  for (const auto& name : names) {
    CHECK(partition.state(object(name)) == std::map<std::string, std::string>{{name, name}});
    const InvocationId id = make_id(number++);
    CHECK(partition.apply(invoke(id, object(name))).empty());
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    CHECK(started(partition.apply(kill(make_id(static_cast<std::uint8_t>(1 + i)))),
                  make_id(static_cast<std::uint8_t>(1 + names.size() + i))));
  }
}

TEST_CASE("one key under two scopes is two objects", "[partition][object]") {
  TestPartition partition;
  wire::InvocationTarget scoped = kTarget;
  scoped.scope = "tenant";
  CHECK(started(partition.apply(invoke(kA, kTarget)), kA));
  CHECK(started(partition.apply(invoke(kB, scoped)), kB));
  partition.apply(set_state(kA, "v", "1"));
  CHECK(partition.state(scoped).empty());
}

TEST_CASE("who fails or is killed has still written", "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, kTarget));
  partition.apply(set_state(kA, "v", "1"));
  SECTION("failed") { partition.apply(effect(kA, wire::Failed{{500, "no", {}}})); }
  SECTION("killed") { partition.apply(kill(kA)); }
  CHECK_FALSE(partition.status(kA));
  CHECK(partition.state(kTarget).at("v") == "1");
}

TEST_CASE("state keys are bytes, also those that are no text", "[partition][object]") {
  TestPartition partition;
  partition.apply(patch(kTarget, {{"\xff\xfe", "v"}}));
  partition.apply(invoke(kA, kTarget));
  partition.apply(entry(kA, wire::EntryType::kGetLazyStateKeys, wire::GetLazyStateKeysEntry{{1}}));
  const auto last = partition.journal(kA).back();
  CHECK(std::get<wire::Notification>(wire::decode_entry(last.type, last.body).value()).result ==
        wire::NotificationResult(wire::StateKeys{{Bytes("\xff\xfe")}}));
}

TEST_CASE("a service that writes state writes nothing", "[partition][object]") {
  TestPartition partition;
  partition.apply(invoke(kA, service()));
  partition.apply(set_state(kA, "v", "1"));
  partition.apply(entry(kA, wire::EntryType::kClearAllState, wire::ClearAllStateEntry{}));
  CHECK(partition.count("st") == 0);
  CHECK(partition.status(kA)->journal.length == 3);
}
