// What a scan reads, and what it makes of it.

#include "bench.h"
#include "common/hash.h"
#include "partition/rows.h"
#include "query/catalog.h"
#include "query/table_scan.h"
#include "support/catch.h"

#include <map>
#include <set>

using namespace restate;
using namespace restate::query;
using namespace restate::query::testing;

namespace {

/// Rows as text by column name; columns that are null are not there.
class TextSink final : public RowSink {
 public:
  using Row = std::map<std::string, std::string>;
  explicit TextSink(const Table& table) : table_(table) {}

  void text(std::size_t column, std::string_view value) override {
    put(column, std::string(value));
  }
  void boolean(std::size_t column, bool value) override { put(column, value ? "true" : "false"); }
  void number(std::size_t column, std::uint64_t value) override {
    put(column, std::to_string(value));
  }
  void binary(std::size_t column, std::string_view value) override {
    put(column, "bytes:" + std::string(value));
  }
  void time(std::size_t column, WallTime value) override {
    put(column, "at:" + std::to_string(value.ms));
  }
  void duration(std::size_t column, std::uint64_t ms) override {
    put(column, "ms:" + std::to_string(ms));
  }
  void texts(std::size_t column, std::span<const std::string> values) override {
    std::string all;
    for (const auto& value : values) all += value + ",";
    put(column, all);
  }
  void numbers(std::size_t column, std::span<const std::uint32_t> values) override {
    std::string all;
    for (const auto value : values) all += std::to_string(value) + ",";
    put(column, all);
  }
  void end_row() override { rows.emplace_back(std::move(row_)), row_.clear(); }

  std::vector<Row> rows;

 private:
  void put(std::size_t column, std::string value) {
    row_.emplace(table_.columns[column].name, std::move(value));
  }
  const Table& table_;
  Row row_;
};

Filter texts(const Table& table, std::string_view column, std::vector<std::string> values) {
  return {column_index(table, column), std::move(values), {}, false};
}

/// Reads every part, `limit` rows at a time.
std::vector<TextSink::Row> read_all(const Bench& bench, TableId id,
                                    const std::vector<Filter>& filters = {},
                                    std::size_t limit = 1000) {
  const Table& from = table(id);
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < from.columns.size(); ++i) columns.push_back(i);
  const TableScan scan(bench.inputs(), from, columns, filters);
  TextSink sink(from);
  for (std::size_t part = 0; part < scan.parts(); ++part) {
    TableScan::Cursor cursor;
    cursor.part = part;
    while (!cursor.at_end) {
      const std::size_t before = sink.rows.size();
      const auto rows = scan.read(cursor, limit, sink);
      REQUIRE(rows);
      CHECK(sink.rows.size() - before == *rows);
      CHECK(*rows <= limit);
    }
  }
  return std::move(sink.rows);
}

const InvocationId kLow = id_of(5, 1);
const InvocationId kHigh = id_of(UINT64_MAX - 5, 2);

}  // namespace

TEST_CASE("every table is in the catalog once, under its id", "[query]") {
  std::set<std::string_view> names;
  for (const Table& each : tables()) {
    CHECK(&table(each.id) == &each);
    CHECK(find_table(each.name) == &each);
    CHECK(names.insert(each.name).second);
  }
  CHECK(table(TableId::kInvocation).columns.size() == 51);
  CHECK(find_table("sys_nothing") == nullptr);
}

TEST_CASE("invocations of all partitions, with what the invoker knows", "[query]") {
  Bench bench;
  bench.put(kLow, invoked_status());
  bench.put(kHigh, invoked_status());
  LiveAttempt attempt;
  attempt.invocation = kHigh;
  attempt.retry_count = 3;
  attempt.failure = LiveFailure{"[500 Internal] boom", "RT0007", 1u, "step", "Run"};
  bench.put_live(attempt);

  const auto rows = read_all(bench, TableId::kInvocation);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].at("id") == kLow.str());
  CHECK(rows[0].at("status") == "ready");
  CHECK(rows[0].at("target") == "Greeter/greet");
  CHECK(rows[0].at("created_at") == "at:1000");
  CHECK(rows[0].at("completion_retention") == "ms:86400000");
  CHECK_FALSE(rows[0].contains("retry_count"));
  CHECK_FALSE(rows[0].contains("target_service_key"));
  CHECK(rows[1].at("status") == "backing-off");
  CHECK(rows[1].at("retry_count") == "3");
  CHECK(rows[1].at("last_failure_related_command_type") == "Run");

  // The stored status is the other table's.
  CHECK(read_all(bench, TableId::kInvocationStatus)[1].at("status") == "invoked");
  const auto live = read_all(bench, TableId::kInvocationState);
  REQUIRE(live.size() == 1);
  CHECK(live[0].at("in_flight") == "false");
  CHECK(live[0].at("id") == kHigh.str());
}

TEST_CASE("the derived status", "[query]") {
  Bench bench;
  auto status = invoked_status();
  std::string expected;
  SECTION("running") {
    LiveAttempt attempt;
    attempt.invocation = kLow;
    attempt.in_flight = true;
    attempt.retry_count = 1;
    bench.put_live(attempt);
    expected = "running";
  }
  SECTION("pending") {
    status.status = partition::Status::kInboxed;
    expected = "pending";
  }
  SECTION("scheduled") {
    status.status = partition::Status::kScheduled;
    expected = "scheduled";
  }
  SECTION("paused") {
    status.status = partition::Status::kPaused;
    expected = "paused";
  }
  bench.put(kLow, status);
  const auto rows = read_all(bench, TableId::kInvocation);
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].at("status") == expected);
  CHECK(rows[0].contains("journal_size") == (expected == "running" || expected == "paused"));
}

TEST_CASE("a lookup by id reads one row", "[query]") {
  Bench bench;
  for (std::uint8_t n = 0; n < 100; ++n) bench.put(id_of(n * 1000, n), invoked_status());
  const Table& from = table(TableId::kInvocation);
  const auto rows =
      read_all(bench, TableId::kInvocation, {texts(from, "id", {id_of(7000, 7).str()})});
  REQUIRE(rows.size() == 1);
  CHECK(bench.counts().gets == 1);
  CHECK(bench.counts().scanned == 0);

  SECTION("two conditions name what both name") {
    CHECK(read_all(bench, TableId::kInvocation,
                   {texts(from, "id", {id_of(7000, 7).str(), id_of(8000, 8).str()}),
                    texts(from, "id", {id_of(8000, 8).str(), "bogus"})})
              .size() == 1);
  }
  SECTION("what is no id has no rows") {
    CHECK(read_all(bench, TableId::kInvocation, {texts(from, "id", {"bogus"})}).empty());
    CHECK(bench.counts().scanned == 0);
  }
}

TEST_CASE("rows that cannot fit are not decoded", "[query]") {
  Bench bench;
  auto done = invoked_status();
  done.status = partition::Status::kCompleted;
  done.timestamps.created = WallTime{9000};
  bench.put(kLow, invoked_status());
  bench.put(kHigh, done);
  // Of a row behind its header only the name of the service is looked at.
  auto broken = partition::rows::encode(invoked_status());
  broken.resize(70);
  const Table& from = table(TableId::kInvocation);
  const auto ids = [&](const Filter& filter) {
    std::set<std::string> found;
    for (const auto& row : read_all(bench, TableId::kInvocation, {filter})) {
      found.insert(row.at("id"));
    }
    return found;
  };
  const std::set<std::string> low{kLow.str()}, high{kHigh.str()}, both{kLow.str(), kHigh.str()};
  const auto but = [&](std::vector<std::string> words) {
    Filter filter = texts(from, "status", std::move(words));
    filter.negated = true;
    return ids(filter);
  };
  CHECK(ids(texts(from, "status", {"completed"})) == high);
  CHECK(ids(texts(from, "status", {"ready", "suspended"})) == low);
  CHECK(ids(texts(from, "status", {"invoked"})).empty());  // a word of the other table
  CHECK(but({"completed"}) == low);
  CHECK(but({"running"}) == both);  // an invoked one may be something else
  CHECK(ids(texts(from, "target_service_name", {"Greeter"})) == both);
  CHECK(ids(texts(from, "target_service_name", {"Greet"})).empty());

  Filter recent;
  recent.column = column_index(from, "created_at");
  recent.least = 1'000'001;
  CHECK(ids(recent) == high);
  recent.least = 1'000'000;
  CHECK(ids(recent) == both);
  recent.most = 8'999'999;
  CHECK(ids(recent) == low);

  bench.put_raw(kLow.key, "iS" + std::string("\0\0\0\0\0\0\0\x7", 8) + std::string(16, 'x'),
                Bytes(broken));
  CHECK(ids(texts(from, "status", {"completed"})) == high);
}

TEST_CASE("only attempts in memory run, or wait to run again", "[query]") {
  Bench bench;
  for (std::uint8_t n = 0; n < 100; ++n) bench.put(id_of(n * 1000, n), invoked_status());
  LiveAttempt attempt;
  attempt.invocation = id_of(7000, 7);
  attempt.in_flight = true;
  bench.put_live(attempt);
  const Table& from = table(TableId::kInvocation);
  const auto rows =
      read_all(bench, TableId::kInvocation, {texts(from, "status", {"running", "backing-off"})});
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].at("status") == "running");
  CHECK(bench.counts().gets == 1);
  CHECK(bench.counts().scanned == 0);
}

TEST_CASE("inputs of some invocations are not taken for all", "[query]") {
  Bench bench;
  bench.put(kLow, invoked_status());
  bench.put(kHigh, invoked_status());
  const Table& from = table(TableId::kInvocationStatus);
  auto inputs = std::make_shared<Inputs>(*bench.inputs());
  inputs->only = std::set<InvocationId>{kLow};
  const auto read = [&](const std::vector<Filter>& filters) {
    const TableScan scan(inputs, from, {1}, filters);
    TextSink sink(from);
    TableScan::Cursor cursor;
    return scan.read(cursor, 100, sink);
  };
  CHECK(read({texts(from, "id", {kLow.str()})}).value_or(0) == 1);
  CHECK(read({texts(from, "id", {kHigh.str()})}) == Code::kInternal);
  CHECK(read({}) == Code::kInternal);
}

TEST_CASE("a journal is found by its invocation", "[query]") {
  Bench bench;
  const wire::JournalEntry entry{
      wire::EntryType::kRun, WallTime{9},
      wire::encode_entry(wire::EntryType::kRun, wire::RunEntry{{1}}, "x"), std::nullopt};
  for (std::uint32_t i = 0; i < 3; ++i) {
    bench.put(kLow, i, entry);
    bench.put(kHigh, i, entry);
  }
  const auto rows =
      read_all(bench, TableId::kJournal, {texts(table(TableId::kJournal), "id", {kHigh.str()})}, 1);
  REQUIRE(rows.size() == 3);
  CHECK(rows[2].at("index") == "2");
  CHECK(rows[2].at("entry_type") == "Command: Run");
  CHECK(rows[2].at("name") == "x");
  CHECK(rows[2].at("version") == "2");
  CHECK(rows[2].at("appended_at") == "at:9");
  CHECK(bench.counts().scanned <= 6);
}

TEST_CASE("a scan goes on where it stopped", "[query]") {
  Bench bench;
  for (std::uint8_t n = 0; n < 25; ++n) bench.put(id_of(n, n), invoked_status());
  for (const std::size_t limit : {1u, 7u, 25u, 26u}) {
    const auto rows = read_all(bench, TableId::kInvocationStatus, {}, limit);
    REQUIRE(rows.size() == 25);
    std::set<std::string> ids;
    for (const auto& row : rows) ids.insert(row.at("id"));
    CHECK(ids.size() == 25);
  }
}

TEST_CASE("state, promises, inboxes and locks", "[query]") {
  Bench bench;
  const auto object = object_of("Counter", "c1");
  bench.put_state(object, "count", Bytes("7"));
  bench.put_state(object, "bin", Bytes(std::string_view("\xff\x00", 2)));
  bench.put_state(object_of("Counter", "c2"), "count", Bytes("8"));
  bench.put_promise(object, "open", {});
  bench.put_promise(object, "no", {{}, wire::Failure{500, "no way", {}}});
  bench.put_inbox(object, 4, kHigh);
  bench.put_inbox(object, 5, partition::StateMutation{});
  bench.put_lock(object, {kLow, 2, 0});

  const Table& states = table(TableId::kState);
  const auto state = read_all(bench, TableId::kState, {texts(states, "service_key", {"c1"})});
  REQUIRE(state.size() == 2);
  CHECK(bench.counts().scanned == 2);
  CHECK_FALSE(state[0].contains("value_utf8"));
  CHECK(state[0].at("value_length") == "2");
  CHECK(state[1].at("value_utf8") == "7");
  CHECK(state[1].at("partition_key") == std::to_string(object.partition_key.value));

  const auto promises = read_all(bench, TableId::kPromise);
  REQUIRE(promises.size() == 2);
  CHECK(promises[0].at("completion_failure") == "[500 Internal] no way");
  CHECK(promises[1].at("completed") == "false");

  const auto inbox = read_all(bench, TableId::kInbox);
  REQUIRE(inbox.size() == 1);
  CHECK(inbox[0].at("id") == kHigh.str());
  CHECK(inbox[0].at("sequence_number") == "4");

  const auto locks = read_all(bench, TableId::kKeyedServiceStatus);
  REQUIRE(locks.size() == 1);
  CHECK(locks[0].at("invocation_id") == kLow.str());
  CHECK(locks[0].at("service_key") == "c1");
}

TEST_CASE("a row that is none ends the scan with an error", "[query]") {
  Bench bench;
  bench.put(kLow, invoked_status());
  bench.put_raw(kLow.key, "iSgarbage", Bytes("x"));
  const Table& from = table(TableId::kInvocationStatus);
  const TableScan scan(bench.inputs(), from, {1}, {});
  TextSink sink(from);
  TableScan::Cursor cursor;
  CHECK(scan.read(cursor, 100, sink) == Code::kCorrupt);
}

TEST_CASE("queues of flow control, their entries and counters", "[query]") {
  Bench bench;
  bench.scoped = true;
  const wire::QueueId queue{key_of("tenant"), Uuid::from("0123456789abcdef")};
  const wire::QueueId other{key_of("tenant"), Uuid::from("fedcba9876543210")};
  partition::QueueMeta meta;
  meta.scope = "tenant";
  meta.limit_key = "a/b";
  meta.service = "Counter";
  meta.object = "c1";
  meta.entries = 3;
  meta.created = WallTime{7};
  bench.put(queue, meta);
  meta.object.reset();
  meta.paused = true;
  bench.put(other, meta);
  const auto id = [&](std::uint8_t n) { return id_of(queue.key.value, n); };
  auto invocation = invoked_status();
  invocation.target.type = wire::ServiceType::kVirtualObject;
  invocation.target.handler_type = wire::HandlerType::kExclusive;
  invocation.target.scope = "tenant";
  for (std::uint8_t n = 1; n <= 3; ++n) bench.put(id(n), invocation);
  partition::QueueEntry entry;
  entry.queue = queue.digest;
  entry.at = {true, WallTime{50}, 8};
  bench.put(id(1), entry);
  entry.at.run_at = WallTime{40};
  bench.put(id(2), entry);
  entry.stage = partition::QueueStage::kRunning;
  entry.reason = partition::QueueReason::kStarted;
  entry.runs = 2;
  bench.put(id(3), entry);

  const auto queues = read_all(bench, TableId::kVqueueMeta);
  REQUIRE(queues.size() == 2);
  CHECK(queues[0].at("id") == queue.str());
  CHECK(queues[0].at("num_inbox") == "2");
  CHECK(queues[0].at("num_running") == "1");
  CHECK(queues[0].at("lock_name") == "Counter/c1");
  CHECK(queues[1].at("num_inbox") == "0");
  CHECK(queues[1].at("queue_is_paused") == "true");

  const Table& entries = table(TableId::kVqueues);
  const auto found = read_all(bench, TableId::kVqueues, {texts(entries, "id", {queue.str()})});
  REQUIRE(found.size() == 3);
  CHECK(found[0].at("stage") == "inbox");
  CHECK(found[0].at("status") == "new");
  CHECK(found[2].at("stage") == "running");
  CHECK(found[2].at("num_attempts") == "2");
  CHECK(found[2].at("has_lock") == "true");
  CHECK(found[2].at("created_at") == "at:1000");

  CHECK(read_all(bench, TableId::kScheduler)[0].at("status") == "ready");
  CHECK(read_all(bench, TableId::kScheduler)[0].at("head_entry_id") == id(2).str());
  CHECK(read_all(bench, TableId::kScheduler)[1].at("status") == "dormant");
  PermitCounter full;
  full.scope = "tenant";
  full.level1 = "a";
  full.limit = 1;
  full.rule = "tenant/*";
  full.running = 1;
  full.waiting = 2;
  bench.permits = {full};
  CHECK(read_all(bench, TableId::kScheduler)[0].at("status") == "blocked");
  CHECK(read_all(bench, TableId::kScheduler)[0].at("blocked_on") == "concurrency rule tenant/*");
  const auto counters = read_all(bench, TableId::kUserLimits);
  REQUIRE(counters.size() == 1);
  CHECK(counters[0].at("level") == "Level1");
  CHECK(counters[0].at("available") == "0");
  CHECK(counters[0].at("num_waiters") == "2");
}

TEST_CASE("keys of a scope lie where the scope does", "[query]") {
  Bench bench;
  auto plain = object_of("Counter", "c1");
  auto scoped = object_of("Counter", "c1");
  scoped.scope = "tenant";
  scoped.partition_key = key_of("tenant");
  bench.put_state(plain, "count", Bytes("1"));
  bench.put_state(scoped, "count", Bytes("2"));
  bench.put_lock(scoped, {kLow, 0, 0});
  const Table& states = table(TableId::kState);
  const Filter by_key = texts(states, "service_key", {"c1"});
  CHECK(read_all(bench, TableId::kLocks).empty());

  bench.scoped = true;
  CHECK(read_all(bench, TableId::kState, {by_key}).size() == 2);
  CHECK(read_all(bench, TableId::kState, {texts(states, "scope", {"tenant"})}).size() == 1);
  Filter no_scope;
  no_scope.column = column_index(states, "scope");
  no_scope.is_null = true;
  CHECK(read_all(bench, TableId::kState, {by_key, no_scope}).size() == 1);
  const auto locks = read_all(bench, TableId::kLocks);
  REQUIRE(locks.size() == 1);
  CHECK(locks[0].at("lock_name") == "Counter/c1");
  CHECK(locks[0].at("acquired_by") == kLow.str());
}

TEST_CASE("the rule book", "[query]") {
  Bench bench;
  schema::Rule rule;
  rule.concurrency = 5;
  rule.version = 2;
  rule.modified_at = WallTime{9};
  bench.rules.rules.emplace(schema::RulePattern{"tenant", "*", {}}, rule);
  const auto rules = read_all(bench, TableId::kRules);
  REQUIRE(rules.size() == 1);
  CHECK(rules[0].at("pattern") == "tenant/*");
  CHECK(rules[0].at("concurrency") == "5");
  CHECK(rules[0].at("disabled") == "false");
  CHECK_FALSE(rules[0].contains("description"));
}

TEST_CASE("services and deployments", "[query]") {
  Bench bench;
  schema::Deployment deployment;
  deployment.uri = "http://localhost:9080/";
  deployment.created_at = WallTime{5};
  schema::ServiceRevision service;
  service.name = "Greeter";
  service.deployment = deployment.id;
  deployment.services.push_back(service);
  bench.schema.deployments.emplace(deployment.id, deployment);
  const auto services = read_all(bench, TableId::kService);
  REQUIRE(services.size() == 1);
  CHECK(services[0].at("public") == "true");
  CHECK(services[0].at("ty") == "service");
  const auto deployments = read_all(bench, TableId::kDeployment);
  REQUIRE(deployments.size() == 1);
  CHECK(deployments[0].at("endpoint") == "http://localhost:9080/");
  CHECK(deployments[0].at("services") == "Greeter,");
}
