#include "fixture.h"

#include "partition/invariants.h"
#include "partition/tables.h"
#include "support/partition.h"

using namespace restate;
using namespace std::chrono_literals;
using Role = worker::PartitionProcessor::Role;

namespace {

schema::SchemaPtr registry_of(std::uint64_t version) {
  schema::Schema schema;
  schema.version = version;
  return schema::snapshot(std::move(schema));
}

std::uint64_t stored_version(testing::WorkerNode& node, std::uint16_t id) {
  const auto stored = node.processor(id).machine().tables().schema();
  REQUIRE(stored);
  if (!*stored) return 0;
  const auto decoded = schema::decode((*stored)->schema.view());
  REQUIRE(decoded);
  CHECK(decoded->version == (*stored)->version);
  return (*stored)->version;
}

schema::RuleBookPtr rules_of(std::uint32_t version, std::uint32_t concurrency) {
  schema::RuleBook book;
  book.version = version;
  book.rules[{.scope = "s"}] = {.concurrency = concurrency, .version = version};
  return schema::snapshot(std::move(book));
}

std::uint64_t stored_rules(testing::WorkerNode& node, std::uint16_t id) {
  const auto stored = node.processor(id).machine().tables().rule_book();
  REQUIRE(stored);
  return *stored ? (*stored)->version : 0;
}

}  // namespace

TEST_CASE("leaders put the registry into the log whenever it grows", "[worker][leader]") {
  testing::WorkerNode node(1);
  node.registry.set(registry_of(3));
  REQUIRE(node.all_lead());
  node.world.run_for(100ms);
  CHECK(stored_version(node, 0) == 3);
  CHECK(stored_version(node, 1) == 3);

  node.registry.set(registry_of(4));
  node.world.run_for(100ms);
  CHECK(stored_version(node, 0) == 4);
  CHECK(stored_version(node, 1) == 4);

  SECTION("the same one is not proposed again") {
    const std::uint64_t applied = node.processor(0).machine().applied();
    node.registry.set(node.registry.current());
    node.world.run_for(100ms);
    CHECK(node.processor(0).machine().applied() == applied);
  }
  SECTION("nor by the next leader") {
    const std::uint64_t applied = node.processor(0).machine().applied();
    node.close();
    node.open();
    REQUIRE(node.all_lead());
    node.world.run_for(100ms);
    CHECK(node.processor(0).machine().applied() == applied + 1);  // its announcement
  }
  SECTION("but what changed between two leaders is") {
    node.close();
    node.registry.set(registry_of(9));
    node.open();
    REQUIRE(node.all_lead());
    node.world.run_for(100ms);
    CHECK(stored_version(node, 0) == 9);
  }
}

TEST_CASE("requests wait with an elected leader until the log has its features",
          "[worker][leader]") {
  auto options = testing::worker_options();
  options.wanted_features = {partition::Features::kUniqueRandomSeeds};
  testing::WorkerNode node(5, options, 1);
  node.node.disk().set_sync_time(20ms, 20ms);
  REQUIRE(node.world.run_until([&] { return node.processor(0).elected(); }));
  REQUIRE_FALSE(node.leads(0));
  SECTION("and are served then") {
    CHECK(node.patch(0));
    CHECK(node.leads(0));
  }
  SECTION("or hear that nobody leads") {
    std::optional<Result<void>> answer;
    Shard& shard = node.world.shard();
    shard.post([&] {
      wire::PatchState record;
      record.target.type = wire::ServiceType::kVirtualObject;
      record.target.service = "Counter";
      record.target.key = "k";
      record.state["n"] = Bytes("x");
      node.parts->client.patch_state(
          std::move(record), Completion<void>(shard, [&](Result<void> result) {
            answer.emplace(std::move(result));
          }));
    });
    node.world.run_for(1ms);
    REQUIRE_FALSE(answer);
    node.close();
    REQUIRE(answer);
    CHECK(*answer == Code::kNotLeader);
  }
}

TEST_CASE("how partitions stand is published twice a second", "[worker][leader]") {
  testing::WorkerNode node(6);
  const auto read = [&] { return node.parts->supervisor.board().read(); };
  using Replay = worker::PartitionStatus::Replay;
  REQUIRE(read()->size() >= 1);
  CHECK(read()->front().role == Role::kStarting);
  CHECK(read()->front().replay == Replay::kStarting);
  REQUIRE(node.all_lead());
  node.registry.set(registry_of(7));
  node.world.run_for(1s);
  const worker::PartitionStatuses statuses = read();
  REQUIRE(statuses->size() == 2);
  for (std::uint16_t id = 0; id < 2; ++id) {
    const worker::PartitionStatus& status = (*statuses)[id];
    CHECK(status.id == PartitionId{id});
    CHECK(status.role == Role::kLeader);
    CHECK(status.replay == Replay::kActive);
    CHECK(status.epoch == node.processor(id).leader()->epoch());
    CHECK(status.leader == testing::worker_options().node);
    CHECK(status.applied == node.processor(id).machine().applied());
    CHECK(status.durable <= status.applied);
    CHECK(status.schema_version == 7);
    CHECK(status.features.has(partition::Features::kJournalV2));
    CHECK_FALSE(status.stopped);
  }
  // A reader keeps what it has read.
  node.append_raw(0, "no record of ours");
  node.world.run_for(600ms);
  CHECK((*statuses)[0].role == Role::kLeader);
  CHECK(read()->at(0).role == Role::kStopped);
  CHECK(read()->at(0).replay == Replay::kStopped);
  CHECK(read()->at(0).stopped.has_value());
  CHECK(read()->at(1).role == Role::kLeader);
  CHECK(to_string(read()->at(0).replay) == "stopped");
}

TEST_CASE("a leader serves once the features it wants are in the log", "[worker][leader]") {
  auto options = testing::worker_options();
  options.wanted_features = {partition::Features::kUniqueRandomSeeds, 63};  // nobody knows 63
  testing::WorkerNode node(2, options);
  bool served_too_early = false;
  REQUIRE(node.world.run_until(
      [&] {
        if (node.leads(0) && !node.processor(0).machine().tables().features()->has(
                                 partition::Features::kUniqueRandomSeeds)) {
          served_too_early = true;
        }
        return node.parts->supervisor.leads_all();
      },
      1min));
  CHECK_FALSE(served_too_early);
  CHECK(node.processor(0).machine().applied() == 2);  // announcement and barrier
  CHECK(node.patch(0));

  // Once is enough.
  const std::uint64_t applied = node.processor(0).machine().applied();
  node.close();
  node.open();
  REQUIRE(node.all_lead());
  CHECK(node.processor(0).machine().applied() == applied + 1);
}

TEST_CASE("leaders put the rule book into the log whenever it grows", "[worker][leader]") {
  auto options = testing::worker_options();
  options.wanted_features = {partition::Features::kVqueues};
  testing::WorkerNode node(3, options);
  node.rules.set(rules_of(3, 10));
  REQUIRE(node.all_lead());
  node.world.run_for(100ms);
  CHECK(stored_rules(node, 0) == 3);
  CHECK(node.processor(0).leader()->rules().concurrency("s") == 10u);

  node.rules.set(rules_of(4, 20));
  node.world.run_for(100ms);
  CHECK(stored_rules(node, 0) == 4);
  CHECK(stored_rules(node, 1) == 4);
  CHECK(node.processor(1).leader()->rules().concurrency("s") == 20u);

  SECTION("the same one is not proposed again, nor by the next leader") {
    const std::uint64_t applied = node.processor(0).machine().applied();
    node.rules.set(node.rules.current());
    node.world.run_for(100ms);
    CHECK(node.processor(0).machine().applied() == applied);
    node.close();
    node.open();
    REQUIRE(node.all_lead());
    node.world.run_for(100ms);
    CHECK(node.processor(0).machine().applied() == applied + 1);  // its announcement
    CHECK(node.processor(0).leader()->rules().concurrency("s") == 20u);
  }
  SECTION("a book that cannot be read changes nothing") {
    node.append(0, wire::UpsertRuleBook{9, "{}"});
    node.world.run_for(100ms);
    CHECK(stored_rules(node, 0) == 9);
    CHECK(node.processor(0).leader()->rules().concurrency("s") == 20u);
    CHECK(node.processor(0).role() == Role::kLeader);
  }
}

TEST_CASE("without flow control the log learns of no rules", "[worker][leader]") {
  testing::WorkerNode node(4);
  node.rules.set(rules_of(3, 10));
  REQUIRE(node.all_lead());
  node.world.run_for(100ms);
  CHECK(stored_rules(node, 0) == 0);
}

TEST_CASE("scoped work that fails waits in its queue, one attempt at a time, across leaders",
          "[worker][leader]") {
  auto options = testing::worker_options();
  options.wanted_features = {partition::Features::kVqueues};
  options.invoker.defaults.retry_initial_ms = 100;
  options.invoker.defaults.retry_max_attempts.reset();
  testing::WorkerNode node(4, options);
  node.rules.set(rules_of(1, 1));
  REQUIRE(node.all_lead());
  node.world.run_for(100ms);
  for (std::uint8_t i = 1; i <= 4; ++i) {
    wire::Invoke invoke = testing::invoke(testing::make_id(i, 0), testing::service());
    invoke.invocation.target.scope = "s";
    node.append(0, std::move(invoke));
  }
  std::size_t most = 0;
  const auto watch = [&](Duration span) {
    const Instant end = node.world.shard().now() + span;
    while (node.world.shard().now() < end) {
      node.world.run_for(1ms);
      std::size_t running = 0;
      REQUIRE(node.processor(0).machine().tables().scan_queue_places(
          partition::keys::kQueueRunning, {}, [&](const wire::QueuePlace&) {
            ++running;
            return true;
          }));
      most = std::max(most, running);
    }
  };
  // Nobody serves them: every attempt fails, and gives its permit to the next.
  const auto tries = [&] {
    std::vector<std::uint64_t> all;
    for (std::uint8_t i = 1; i <= 4; ++i) {
      const auto entry =
          node.processor(0).machine().tables().find_queue_entry(testing::make_id(i, 0)).value();
      all.push_back(entry ? entry->retry.attempts : 0);
    }
    return all;
  };
  watch(2s);
  const auto before = tries();
  for (const std::uint64_t attempts : before) CHECK(attempts > 1);
  node.close();
  node.open();
  REQUIRE(node.all_lead());
  watch(5s);
  const auto after = tries();
  for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i] > before[i]);
  CHECK(most <= 1);
  CHECK(partition::check_invariants(node.processor(0).space()));
  const auto usage = node.processor(0).leader()->scheduler().usage();
  REQUIRE(usage.size() == 1);
  CHECK(usage[0].limit == 1);
  CHECK(usage[0].running + usage[0].waiting == 4);
}
