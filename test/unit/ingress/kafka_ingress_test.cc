#include "ingress/kafka_ingress.h"

#include "fixtures.h"
#include "kafka_fakes.h"
#include "schema/kafka_registry.h"
#include "support/catch.h"

#include <restate/testing/world.h>

using namespace restate;
using namespace restate::ingress;
using namespace restate::ingress::testing;
using namespace std::chrono_literals;

namespace {

using Offsets = std::vector<std::int64_t>;

schema::SubscriptionId id(std::uint8_t number) {
  schema::SubscriptionId result;
  result.ulid.bytes[15] = number;
  return result;
}

/// The recorded services, cluster `one`, and a subscription of topic `t` to objects.
schema::Schema registry(std::string handler = "add") {
  schema::Schema schema = *recorded_services();
  schema = *schema::create_kafka_cluster(schema, {}, {"one", {{"bootstrap.servers", "b"}}, {}});
  return *schema::create_subscription(
      schema, {}, {id(1), "kafka://one/t", "service://Obj/" + std::move(handler), {}});
}

struct Fixture {
  explicit Fixture(schema::Schema schema = registry(), worker::IngestionOptions options = {})
      : cell(schema::snapshot(std::move(schema))) {
    ingestion.emplace(
        world.shard(), options, [](PartitionKey) { return PartitionId{0}; },
        [this](PartitionId, std::vector<wire::Envelope> records, Completion<void> done) {
          for (const auto& record : records) {
            logged.push_back(static_cast<std::int64_t>(
                std::get<wire::ProducerDedup>(record.dedup).sequence));
          }
          if (holds) {
            held.push_back(std::move(done));
            return;
          }
          world.shard().post([done = std::move(done)]() mutable { done(Result<void>()); });
        });
    open();
  }
  ~Fixture() {
    ingress.reset();
    ingestion.reset();
    for (auto& done : held) {
      if (done) done(Result<void>());
    }
  }

  void open(KafkaOptions options = {}) {
    ingress.emplace(world.shard(), kafka, *ingestion, cell, std::move(options),
                    [this](const schema::SubscriptionId& of,
                           std::vector<schema::SubscriptionTrouble> now) {
                      troubles[of] = std::move(now);
                    });
  }
  void change(schema::Schema schema) {
    schema.version = cell.current()->version + 1;
    cell.set(schema::snapshot(std::move(schema)));
    settle();
  }
  void settle() { world.run_for(5ms); }
  void arrive(kafka::Assignment assignment, std::vector<kafka::Record> records) {
    kafka.only().listener->on_records(assignment, std::move(records));
    settle();
  }
  Offsets done_offsets() {
    Offsets offsets;
    for (const auto& done : kafka.only().done) offsets.push_back(done.offset);
    return offsets;
  }

  restate::testing::World world{restate::testing::Seed{5}};
  schema::SchemaCell cell;
  FakeKafka kafka;
  bool holds = false;
  std::vector<Completion<void>> held;
  Offsets logged;
  std::map<schema::SubscriptionId, std::vector<schema::SubscriptionTrouble>> troubles;
  std::optional<worker::Ingestion> ingestion;
  std::optional<KafkaIngress> ingress;
};

constexpr kafka::Assignment kZero{0, 1}, kOne{1, 2};

}  // namespace

TEST_CASE("records go into the log, then their offsets count", "[ingress][kafka]") {
  Fixture f;
  CHECK(f.kafka.only().options.topic == "t");
  CHECK(f.kafka.only().options.properties.at("group.id") == id(1).str());
  CHECK(f.kafka.only().options.properties.at("enable.auto.offset.store") == "false");
  f.holds = true;
  f.kafka.only().listener->on_assigned(kZero);
  f.arrive(kZero, {record(0, "a", "1"), record(1, "b", "1")});
  f.arrive(kZero, {record(5, "a", "1")});
  CHECK(f.logged == Offsets{0, 1});
  CHECK(f.done_offsets().empty());
  f.held[0](Result<void>());
  f.settle();
  CHECK(f.done_offsets() == Offsets{0, 1});
  CHECK(f.kafka.only().done[1].bytes == record(1, "b", "1").bytes());
  CHECK(f.logged == Offsets{0, 1, 5});
}

TEST_CASE("records that become invocations are counted by partition", "[ingress][kafka]") {
  Fixture f;
  f.kafka.only().listener->on_assigned(kZero);
  f.kafka.only().listener->on_assigned(kOne);
  f.arrive(kZero, {record(0, "a", "1"), record(1, "b", "1")});
  f.arrive(kOne, {record(0, "c", "1")});
  f.kafka.only().listener->on_revoked(kOne);
  MetricsSnapshot counted(Instant{1});
  f.ingress->collect(counted);
  const std::string page = counted.render({});
  const std::string name =
      "restate_kafka_ingress_requests_total{subscription=\"" + id(1).str() + "\",topic=\"t\",partition=";
  CHECK(page.find(name + "\"0\"} 2\n") != std::string::npos);
  CHECK(page.find(name + "\"1\"} 1\n") != std::string::npos);
}

TEST_CASE("consumers follow the registry", "[ingress][kafka]") {
  Fixture f;
  schema::Schema schema = *f.cell.current();
  f.change(*schema::create_subscription(schema, {},
                                        {id(2), "kafka://one/u", "service://Obj/add", {}}));
  CHECK(f.ingress->running() == 2);
  f.change(*schema::delete_subscription(*f.cell.current(), id(1)));
  CHECK(f.kafka.only().options.topic == "u");

  const int opened = f.kafka.opened;
  f.change(*f.cell.current());  // nothing that concerns it
  CHECK(f.kafka.opened == opened);
  f.change(*schema::update_kafka_cluster(*f.cell.current(), {}, "one",
                                         {{"bootstrap.servers", "c"}}));
  CHECK(f.kafka.opened == opened + 1);
  CHECK(f.kafka.only().options.properties.at("bootstrap.servers") == "c");

  f.change(*schema::delete_kafka_cluster(*f.cell.current(), {}, "one", true));
  CHECK(f.ingress->running() == 0);
  REQUIRE(f.troubles[id(2)].size() == 1);
  CHECK(f.troubles[id(2)][0].message.find("'one'") != std::string::npos);
  f.change(*schema::create_kafka_cluster(*f.cell.current(), {},
                                         {"one", {{"bootstrap.servers", "d"}}, {}}));
  CHECK(f.kafka.only().options.properties.at("bootstrap.servers") == "d");
  CHECK(f.troubles[id(2)].empty());
}

TEST_CASE("each shard runs its share of the subscriptions", "[ingress][kafka]") {
  Fixture f;
  schema::Schema schema = *f.cell.current();
  for (std::uint8_t i = 2; i <= 5; ++i) {
    schema = *schema::create_subscription(schema, {},
                                          {id(i), "kafka://one/u", "service://Obj/add", {}});
  }
  f.change(std::move(schema));
  std::size_t all = 0;
  for (std::uint32_t shard = 0; shard < 2; ++shard) {
    f.ingress.reset();
    CHECK(f.kafka.consumers.empty());
    KafkaOptions options;
    options.shard = shard;
    options.shards = 2;
    f.open(std::move(options));
    CHECK(f.ingress->running() >= 2);
    all += f.ingress->running();
  }
  CHECK(all == 5);
}

TEST_CASE("a record that cannot become an invocation holds up its partition only",
          "[ingress][kafka]") {
  Fixture f;
  f.kafka.only().listener->on_assigned(kZero);
  f.kafka.only().listener->on_assigned(kOne);
  f.arrive(kZero, {record(0, "a", "1"), record(1, "\xff", "1"), record(2, "a", "1")});
  f.arrive(kOne, {record(10, "a", "1"), record(11, "b", "1")});
  CHECK(f.logged == Offsets{0, 10, 11});
  CHECK(f.done_offsets() == Offsets{0, 10, 11});
  REQUIRE(f.troubles[id(1)].size() == 1);
  CHECK(f.troubles[id(1)][0].partition == 0);
  CHECK(f.troubles[id(1)][0].offset == 1);
  CHECK(f.troubles[id(1)][0].message.find("UTF-8") != std::string::npos);
  // It is looked at less and less often: not a hundred times in ten minutes.
  f.world.run_for(10min);
  CHECK(f.troubles[id(1)][0].tries > 50);
  CHECK(f.troubles[id(1)][0].tries < 75);
  CHECK(f.logged == Offsets{0, 10, 11});
  f.arrive(kOne, {record(12, "b", "1")});
  CHECK(f.logged == Offsets{0, 10, 11, 12});
  // The partition goes: so does what it had to complain about.
  f.kafka.only().listener->on_revoked(kZero);
  CHECK(f.troubles[id(1)].empty());
}

TEST_CASE("a change of the registry mends what was refused, at once", "[ingress][kafka]") {
  Fixture f;
  schema::Schema without = *f.cell.current();
  schema::Schema with = without;
  without.deployments.clear();
  f.change(std::move(without));
  f.kafka.only().listener->on_assigned(kZero);
  f.arrive(kZero, {record(0, "a", "1"), record(1, "a", "1")});
  f.world.run_for(1min);
  REQUIRE(f.troubles[id(1)].size() == 1);
  CHECK(f.logged.empty());
  f.change(std::move(with));
  CHECK(f.logged == Offsets{0, 1});
  CHECK(f.troubles[id(1)].empty());
}

TEST_CASE("a partition that went takes its unfinished business along", "[ingress][kafka]") {
  Fixture f;
  f.holds = true;
  f.kafka.only().listener->on_assigned(kZero);
  f.arrive(kZero, {record(0, "a", "1")});
  f.kafka.only().listener->on_revoked(kZero);
  f.kafka.only().listener->on_assigned({0, 7});
  f.held[0](Result<void>());
  f.settle();
  CHECK(f.done_offsets().empty());  // its record is read again, and dropped by its number
  f.arrive({0, 7}, {record(0, "a", "1"), record(1, "a", "1")});
  CHECK(f.logged == Offsets{0, 0, 1});
}

TEST_CASE("a consumer that ended is replaced, at growing intervals", "[ingress][kafka]") {
  Fixture f;
  f.kafka.only().listener->on_assigned(kZero);
  f.kafka.only().listener->on_failed({Code::kInvalidArgument, "no such property"});
  f.settle();
  CHECK(f.kafka.consumers.empty());
  REQUIRE(f.troubles[id(1)].size() == 1);
  CHECK(f.troubles[id(1)][0].message == "no such property");
  CHECK_FALSE(f.troubles[id(1)][0].partition);
  std::vector<Instant> times;
  for (int i = 0; i < 9; ++i) {
    REQUIRE(f.world.run_until([&] { return !f.kafka.consumers.empty(); }));
    times.push_back(f.world.shard().now());
    f.kafka.only().listener->on_failed({Code::kInvalidArgument, "no such property"});
    f.settle();
  }
  CHECK(times[1] - times[0] < 500ms);
  CHECK(times[8] - times[7] >= 10s);
  CHECK(f.troubles[id(1)][0].tries == 10);
  REQUIRE(f.world.run_until([&] { return !f.kafka.consumers.empty(); }));
  f.kafka.only().listener->on_assigned(kZero);
  CHECK(f.troubles[id(1)].empty());
}

TEST_CASE("trouble with brokers is forgotten when nobody repeats it", "[ingress][kafka]") {
  Fixture f;
  f.kafka.only().listener->on_trouble({Code::kUnavailable, "broker down"});
  f.world.run_for(50s);
  f.kafka.only().listener->on_trouble({Code::kUnavailable, "broker down"});
  f.world.run_for(50s);
  REQUIRE(f.troubles[id(1)].size() == 1);
  CHECK(f.troubles[id(1)][0].tries == 2);
  f.world.run_for(15s);
  CHECK(f.troubles[id(1)].empty());
  f.kafka.only().listener->on_trouble({Code::kNotFound, "no topic"});
  f.world.run_for(10min);
  CHECK(f.troubles[id(1)].size() == 1);
}

TEST_CASE("ingestion without room stops a partition until there is some", "[ingress][kafka]") {
  Fixture f(registry(), {.memory_budget = 1000, .batch_bytes = 1000});
  f.holds = true;
  f.kafka.only().listener->on_assigned(kZero);
  f.kafka.only().listener->on_assigned(kOne);
  std::vector<kafka::Record> many;
  for (std::int64_t i = 0; i < 8; ++i) many.push_back(record(i, "a", "1"));
  f.arrive(kZero, many);
  f.arrive(kOne, {record(100, "b", "1")});
  CHECK(f.ingestion->bytes() <= 1000);
  CHECK(f.logged == Offsets{0, 1, 2});
  for (std::size_t i = 0; i < f.held.size(); ++i) {
    CHECK(f.ingestion->bytes() <= 1000);
    f.held[i](Result<void>());
    f.settle();
  }
  Offsets of_zero;
  for (const std::int64_t offset : f.logged) {
    if (offset < 100) of_zero.push_back(offset);
  }
  CHECK(of_zero == Offsets{0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(f.logged.size() == 9);
  f.held.clear();
}
