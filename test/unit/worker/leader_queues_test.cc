// Queues of flow control as a leader takes them up, and as operators stop them.

#include "partition/invariants.h"
#include "partition/keys.h"
#include "schema/rule_book.h"
#include "unit/worker/stage.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

using namespace restate;
using namespace restate::worker;
using namespace restate::worker::testing;
using restate::testing::make_id;

namespace {

constexpr std::uint32_t kLimit = 5;

WorkerOptions with_queues() {
  WorkerOptions options;
  options.wanted_features = {partition::Features::kVqueues};
  return options;
}

wire::Envelope rules() {
  schema::RuleBook book;
  book.version = 1;
  book.rules[{.scope = "s"}] = {.concurrency = kLimit, .version = 1};
  return record(wire::UpsertRuleBook{1, schema::encode(book)});
}

std::string limit_key_of(std::uint8_t number) { return "k" + std::to_string(number % 3); }

wire::Invoke scoped(std::uint8_t number) {
  wire::Invoke invoke =
      ::restate::testing::invoke(make_id(number), ::restate::testing::service());
  invoke.invocation.target.scope = "s";
  invoke.invocation.limit_key = limit_key_of(number);
  return invoke;
}

wire::QueueId queue_of(std::uint8_t number) {
  const wire::Invoke invoke = scoped(number);
  return partition::queue_of(invoke.invocation.id.key, invoke.invocation.target,
                             invoke.invocation.limit_key);
}

/// Running and waiting, per limit key; all of the scope has none.
using Counts = std::map<std::string, std::pair<std::uint64_t, std::uint64_t>>;

Counts stored(const Member& member) {
  Counts counts;
  const partition::Tables& tables = member.processor->machine().tables();
  for (const bool running : {true, false}) {
    const auto tag = running ? partition::keys::kQueueRunning : partition::keys::kQueueInbox;
    REQUIRE(tables.scan_queue_places(tag, KeyRange{}, [&](const wire::QueuePlace& place) {
      const auto queue = tables.find_queue(place.id()).value();
      for (const std::string& key : {std::string(), queue->limit_key}) {
        ++(running ? counts[key].first : counts[key].second);
      }
      return true;
    }));
  }
  return counts;
}

Counts counted(const Member& member) {
  Counts counts;
  for (const PermitUsage& usage : member.processor->leader()->scheduler().usage()) {
    counts[usage.level1.value_or("")] = {usage.running, usage.waiting};
  }
  return counts;
}

}  // namespace

TEST_CASE("queues are counted step by step while newer records are applied", "[worker][queues]") {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    WorkerStage stage(seed);
    Member& member = stage.leader(with_queues());
    constexpr std::uint8_t kMany = 60;
    std::vector<wire::Envelope> many{rules()};
    for (std::uint8_t number = 1; number <= kMany; ++number) {
      many.push_back(record(scoped(number)));
    }
    many.push_back(record(wire::PauseQueue{queue_of(1), true}));
    stage.write(std::move(many));
    stage.settle();
    REQUIRE(member.endpoints.attempts.size() == kLimit);
    member.close();
    member.endpoints.attempts.clear();

    stage.world.set_fault("worker/queue-scan/short-step", 1'000'000);
    member.start();
    REQUIRE(stage.world.run_until([&] { return member.leads(); }));
    // It serves others, and nobody gets a permit before all that are taken are known.
    const InvocationId other = make_id(200);
    const auto only_others = [&] {
      return std::ranges::all_of(member.endpoints.attempts,
                                 [&](const auto& entry) { return entry.first == other; });
    };
    stage.write({record(::restate::testing::invoke(other, ::restate::testing::service()))});
    REQUIRE(stage.world.run_until([&] { return member.endpoints.attempts.contains(other); }));
    REQUIRE(only_others());
    // What happens meanwhile is counted once, whatever the scan has seen of it.
    std::uint8_t next = kMany;
    Random& random = stage.world.random();
    for (int change = 0; change < 12; ++change) {
      const auto any = static_cast<std::uint8_t>(1 + random.below(next));
      switch (random.below(4)) {
        case 0:
          stage.write({record(scoped(++next))});
          break;
        case 1:  // another life under the same id
          stage.write({record(::restate::testing::kill(make_id(any))), record(scoped(any))});
          break;
        case 2:
          stage.write({record(wire::PauseQueue{queue_of(any), random.below(2) == 0})});
          break;
        default:
          stage.write({record(::restate::testing::kill(make_id(any)))});
      }
      stage.world.run_for(Duration(std::chrono::microseconds(random.below(2000))));
    }
    stage.write({record(wire::PauseQueue{queue_of(2), false})});
    stage.settle();
    CHECK(counted(member) == stored(member));
    CHECK(stored(member)[""].first == kLimit);
    CHECK_FALSE(only_others());
    CHECK(partition::check_invariants(member.processor->space()));
  }
}

TEST_CASE("long queues are read in many steps, and nobody in them is lost", "[worker][queues]") {
  WorkerStage stage(3);
  Member& member = stage.leader(with_queues());
  std::vector<wire::Envelope> many{rules()};
  for (std::uint8_t number = 1; number <= 250; ++number) many.push_back(record(scoped(number)));
  stage.write(std::move(many));
  stage.settle();
  for (int life = 0; life < 3; ++life) {
    member.close();
    stage.world.set_fault("worker/queue-scan/short-step", life == 0 ? 0 : 500'000);
    member.start();
    REQUIRE(stage.world.run_until([&] { return member.leads(); }));
    stage.settle();
    CHECK(counted(member) == stored(member));
    CHECK(stored(member)[""] == std::pair<std::uint64_t, std::uint64_t>{kLimit, 250 - kLimit});
  }
}

TEST_CASE("from a paused queue nobody starts, until it goes on", "[worker][queues]") {
  WorkerStage stage(4);
  Member& member = stage.leader(with_queues());
  std::vector<wire::Envelope> many{rules()};
  for (const int number : {3, 6, 9, 12, 15, 18, 21}) {  // of one limit key
    many.push_back(record(scoped(static_cast<std::uint8_t>(number))));
  }
  stage.write(std::move(many));
  stage.settle();
  REQUIRE(member.endpoints.attempts.size() == kLimit);
  const auto pause = [&](bool paused) {
    REQUIRE(stage.ask<void>([&](Completion<void> done) {
      member.client.pause_queue(queue_of(3), paused, std::move(done));
    }));
  };
  pause(true);
  const InvocationId running = member.endpoints.attempts.begin()->first;
  stage.write({record(::restate::testing::kill(running))});
  stage.settle();
  CHECK(member.endpoints.attempts.size() == kLimit);
  SECTION("which it does at once") {
    pause(false);
    stage.settle();
    CHECK(member.endpoints.attempts.size() == kLimit + 1);
  }
  SECTION("whoever leads") {
    member.close();
    member.endpoints.attempts.clear();
    member.start();
    REQUIRE(stage.world.run_until([&] { return member.leads(); }));
    stage.settle();
    CHECK(member.endpoints.attempts.empty());
    pause(false);
    stage.settle();
    CHECK(member.endpoints.attempts.size() == kLimit);
  }
  SECTION("and another queue does not wait for it") {
    stage.write({record(scoped(1))});
    stage.settle();
    CHECK(member.endpoints.attempts.contains(make_id(1)));
  }
}

TEST_CASE("without flow control there is no queue to pause", "[worker][queues]") {
  WorkerStage stage(5);
  Member& member = stage.leader();
  stage.settle();
  const std::uint64_t applied = member.processor->machine().applied();
  CHECK(stage.ask<void>([&](Completion<void> done) {
    member.client.pause_queue(queue_of(1), true, std::move(done));
  }));
  stage.settle();
  CHECK(member.processor->machine().applied() == applied);
}
