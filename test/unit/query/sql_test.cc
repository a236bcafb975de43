// Statements as clients send them, over rows in memory.

#include "bench.h"
#include "one_engine.h"
#include "query/engine.h"
#include "query/service.h"
#include "support/catch.h"

#include <set>
#include <string>

using namespace restate;
using namespace restate::query;
using namespace restate::query::testing;

namespace {

/// Takes the steps of a statement on this thread.
Result<std::string> run(const Bench& bench, const std::string& sql, Format format = Format::kJson,
                        std::size_t piece = 1024) {
  const auto statement = engine().make_statement(sql, format);
  RESTATE_TRY(const Needs needs, statement->prepare());
  static_cast<void>(needs);
  RESTATE_TRY_VOID(statement->begin(bench.inputs()));
  std::string answer;
  while (true) {
    RESTATE_TRY(const Piece part, statement->next(piece));
    answer += part.body.view();
    if (part.last) return answer;
  }
}

std::string rows(const Bench& bench, const std::string& sql) {
  const auto answer = run(bench, sql);
  INFO(sql);
  if (!answer) FAIL_CHECK(answer.error().describe());
  return answer ? *answer : std::string();
}

Bench example() {
  Bench bench;
  auto greet = invoked_status();
  bench.put(id_of(1000, 1), greet);
  auto add = invoked_status();
  add.status = partition::Status::kInboxed;
  add.target = {wire::ServiceType::kVirtualObject,
                wire::HandlerType::kExclusive,
                "Counter",
                "held",
                "add",
                std::nullopt};
  add.timestamps.created = WallTime{3000};
  bench.put(id_of(UINT64_MAX, 2), add);
  auto done = invoked_status();
  done.status = partition::Status::kCompleted;
  done.result = wire::Failure{418, "it's broken", {}};
  done.timestamps.created = WallTime{2000};
  done.timestamps.completed = WallTime{4000};
  bench.put(id_of(2000, 3), done);
  bench.put_state(object_of("Counter", "held"), "bin", Bytes(std::string_view("\xff\x00\x80", 3)));
  bench.put_inbox(object_of("Counter", "held"), 0, id_of(UINT64_MAX, 2));

  schema::Deployment deployment;
  deployment.uri = "http://localhost:9080/";
  schema::ServiceRevision service;
  service.deployment = deployment.id;
  service.name = "Greeter";
  deployment.services.push_back(service);
  service.name = "Counter";
  service.type = wire::ServiceType::kVirtualObject;
  deployment.services.push_back(service);
  bench.schema.deployments.emplace(deployment.id, deployment);
  return bench;
}

int status(const std::string& sql) {
  const auto answer = run(example(), sql);
  return answer ? 200 : status_of(answer.error());
}

}  // namespace

TEST_CASE("rows are objects in the order of the columns, without nulls", "[query]") {
  const Bench bench = example();
  CHECK(rows(bench, "SELECT id, target_service_key, status FROM sys_invocation WHERE id = '" +
                        id_of(1000, 1).str() + "'") ==
        R"({"rows":[{"id":")" + id_of(1000, 1).str() + R"(","status":"ready"}]})");
  CHECK(rows(bench, "SELECT id FROM sys_invocation WHERE false") == R"({"rows":[]})");
  CHECK(rows(bench,
             "SELECT status, completion_failure, completed_at, journal_retention FROM "
             "sys_invocation WHERE status = 'completed'") ==
        R"({"rows":[{"status":"completed","completion_failure":"[418] it's broken",)"
        R"("completed_at":"1970-01-01T00:00:04Z","journal_retention":"PT1.5S"}]})");
}

TEST_CASE("scalars as JSON", "[query]") {
  const Bench bench;
  CHECK(rows(bench,
             R"(SELECT true AS b, 1 AS i, 18446744073709551615 AS u, -1 AS neg, 1.0 AS f1, )"
             R"(1.5 AS f, cast('NaN' AS double) AS nan, '' AS es, 'a"b\c' AS esc, NULL AS n)") ==
        R"({"rows":[{"b":true,"i":1,"u":18446744073709551615,"neg":-1,"f1":1.0,"f":1.5,)"
        R"("nan":null,"es":"","esc":"a\"b\\c"}]})");
  CHECK(rows(bench,
             "SELECT timestamp '2026-01-02T03:04:05.678' AS ts, date '2026-01-02' AS d, "
             "[1,2,NULL] AS l, [] AS el") ==
        R"({"rows":[{"ts":"2026-01-02T03:04:05.678","d":"2026-01-02","l":[1,2,null],"el":[]}]})");
  CHECK(rows(bench, "SELECT 7 / 2 AS a, 7 % 2 AS b, -7 / 2 AS c") ==
        R"({"rows":[{"a":3,"b":1,"c":-3}]})");
  CHECK(rows(bench, "SELECT 'a' || 1 AS x") == R"({"rows":[{"x":"a1"}]})");
  CHECK(rows(bench, "SELECT 1 AS MyName, 2 AS \"MyTy\"; -- the end") ==
        R"({"rows":[{"myname":1,"MyTy":2}]})");
}

TEST_CASE("a lookup by id reads one row of the store", "[query]") {
  Bench bench;
  for (std::uint8_t n = 0; n < 200; ++n) bench.put(id_of(n * 77, n), invoked_status());
  const std::string id = id_of(77, 1).str();
  CHECK_FALSE(rows(bench, "SELECT * FROM sys_invocation WHERE id = '" + id + "'").empty());
  CHECK(bench.counts().gets == 1);
  CHECK(bench.counts().scanned == 0);
  CHECK_FALSE(rows(bench,
                   "SELECT inv.id FROM sys_invocation inv LEFT JOIN sys_deployment dp ON "
                   "dp.id = inv.pinned_deployment_id WHERE status != 'completed' AND "
                   "inv.id IN ('" +
                       id + "', '" + id_of(154, 2).str() + "')")
                  .empty());
  CHECK(bench.counts().gets == 3);
  CHECK(bench.counts().scanned == 0);
}

TEST_CASE("a look-up without a plan answers as one with a plan does", "[query]") {
  Bench bench = example();
  const InvocationId id = id_of(1000, 1), with_many = id_of(2000, 3);
  for (std::uint32_t n = 0; n < 300; ++n) {
    const wire::EntryType type = wire::EntryType::kClearState;
    wire::JournalEntry entry;
    entry.type = type;
    entry.body = wire::encode_entry(type, wire::ClearStateEntry{"key"});
    bench.put(with_many, n, entry);
    if (n < 3) bench.put(id, n, entry);
  }
  for (const char* select :
       {"SELECT * FROM sys_invocation", "SELECT * FROM sys_invocation_status i",
        "SELECT status, id FROM sys_invocation", "SELECT i.id AS x, Status FROM sys_invocation i",
        "SELECT * FROM public.sys_journal", "SELECT index, sys_journal.id FROM sys_journal",
        "SELECT id, id FROM sys_journal", "SELECT sys_journal.* FROM sys_journal",
        "SELECT * EXCLUDE (id) FROM sys_invocation", "SELECT count(*) AS n FROM sys_journal",
        "SELECT DISTINCT id FROM sys_journal", "SELECT 1 AS one FROM sys_journal"}) {
    for (const std::string& text :
         {id.str(), with_many.str(), id_of(1, 1).str(), std::string("bogus")}) {
      const std::string sql = std::string(select) + " WHERE id = '" + text + "'";
      INFO(sql);
      CHECK(rows(bench, sql) == rows(bench, sql + " AND 1 = 1"));
      if (text == with_many.str()) continue;  // as Arrow they come in other batches
      CHECK(run(bench, sql, Format::kArrow).value() ==
            run(bench, sql + " AND 1 = 1", Format::kArrow).value());
    }
  }
  CHECK(status("SELECT nope FROM sys_invocation WHERE id = 'x'") == 500);
  CHECK(status("SELECT * FROM sys_invocation WHERE nope = 'x'") == 500);
}

TEST_CASE("a table has its name, however it is written", "[query]") {
  const Bench bench = example();
  const std::string greeter = R"({"rows":[{"name":"Greeter"}]})";
  for (const char* from :
       {"sys_service", "SYS_Service", "\"sys_service\"", "public.sys_service",
        "restate.public.sys_service", "sys_service AS s", "sys_service AS s(name, other)",
        "(SELECT * FROM sys_service)", "(SELECT * FROM sys_service s)",
        "(SELECT name FROM sys_service UNION SELECT name FROM sys_service)"}) {
    CHECK(rows(bench, std::string("SELECT name FROM ") + from + " WHERE name = 'Greeter'") ==
          greeter);
  }
  for (const char* name : {"sys_service.name", "public.sys_service.name",
                           "restate.public.sys_service.name", "Sys_Service.Name"}) {
    CHECK(rows(bench, std::string("SELECT ") + name + " FROM public.sys_service WHERE " + name +
                          " = 'Greeter'") == greeter);
  }
  CHECK(rows(bench,
             "SELECT a.name FROM sys_service a JOIN sys_service b USING (name) LEFT JOIN "
             "sys_deployment d ON d.id = a.deployment_id WHERE a.name = 'Greeter'") == greeter);
  CHECK(rows(bench,
             "SELECT name FROM sys_service WHERE name IN (SELECT target_service_name FROM "
             "sys_invocation WHERE status = 'completed')") == greeter);
  SECTION("unless the statement means something else by it") {
    CHECK(rows(bench,
               "WITH sys_service AS (SELECT 'Greeter' AS name) SELECT name FROM sys_service") ==
          greeter);
    CHECK(rows(bench,
               "WITH Sys_Service AS (SELECT 'x' AS y) SELECT name FROM (SELECT count(*) FROM "
               "sys_service) c(n), public.sys_service s WHERE n = 1 AND s.name = 'Greeter'") ==
          greeter);
    CHECK(rows(bench,
               "WITH RECURSIVE state(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM state WHERE "
               "n < 3) SELECT max(n) AS n FROM state") == R"({"rows":[{"n":3}]})");
    CHECK(rows(bench, "WITH t AS (SELECT * FROM sys_service) SELECT name FROM t WHERE "
                      "name = 'Greeter'") == greeter);
  }
}

TEST_CASE("a statement that is over holds nothing of what it read", "[query]") {
  const Bench bench = example();
  const auto inputs = bench.inputs();
  for (const char* sql : {"SELECT * FROM sys_invocation", "SELECT id FROM sys_invocation LIMIT 1",
                          "SELECT name FROM sys_service", "SELECT CAST(id AS INT) FROM sys_invocation"}) {
    const auto statement = engine().make_statement(sql, Format::kJson);
    REQUIRE(statement->prepare());
    const auto begun = statement->begin(inputs);
    while (begun) {
      const auto piece = statement->next(1024);
      if (!piece || piece->last) break;
    }
  }
  CHECK(inputs.use_count() == 1);
  SECTION("nor does one that ended early") {
    {
      const auto statement = engine().make_statement("SELECT * FROM sys_invocation", Format::kJson);
      REQUIRE(statement->prepare());
      REQUIRE(statement->begin(inputs));
      statement->interrupt();
    }
    CHECK(inputs.use_count() == 1);
    // And the next one is not interrupted by that.
    CHECK(rows(bench, "SELECT count(*) AS n FROM sys_invocation") == R"({"rows":[{"n":3}]})");
  }
}

TEST_CASE("the plan of a statement says which invocations it is about", "[query]") {
  const auto only = [](const std::string& sql) {
    const auto found = engine().make_statement(sql, Format::kJson)->prepare();
    REQUIRE(found);
    return found->only;
  };
  const InvocationId a = id_of(77, 1), b = id_of(154, 2);
  const std::string is_a = "'" + a.str() + "'", is_b = "'" + b.str() + "'";
  using Ids = std::set<InvocationId>;
  CHECK(only("SELECT * FROM sys_invocation WHERE id = " + is_a) == Ids{a});
  CHECK(only("SELECT * FROM sys_invocation inv LEFT JOIN sys_deployment d ON d.id = "
             "inv.pinned_deployment_id WHERE status != 'completed' AND inv.id IN (" +
             is_a + ", " + is_b + ") ORDER BY inv.created_at") == Ids{a, b});
  CHECK(only("SELECT (SELECT count(*) FROM sys_journal WHERE id = " + is_b +
             ") FROM sys_invocation_state WHERE id = " + is_a) == Ids{a, b});
  CHECK(only("SELECT * FROM sys_invocation WHERE id = 'bogus'") == Ids{});
  CHECK_FALSE(only("SELECT * FROM sys_invocation WHERE id = " + is_a + " OR status = 'ready'"));
  CHECK_FALSE(only("SELECT * FROM sys_invocation WHERE id != " + is_a));
  CHECK_FALSE(only("SELECT 1 FROM sys_invocation i, sys_inbox b WHERE i.id = " + is_a));
  CHECK_FALSE(only("SELECT count(*) FROM state"));
}

TEST_CASE("the names of a statement say what must be collected", "[query]") {
  const auto needs = [](const std::string& sql) {
    const auto found = engine().make_statement(sql, Format::kJson)->prepare();
    REQUIRE(found);
    return std::pair(found->rows, found->live);
  };
  CHECK(needs("SELECT 1") == std::pair(false, false));
  CHECK(needs("SELECT * FROM sys_service") == std::pair(false, false));
  CHECK(needs("SELECT * FROM state") == std::pair(true, false));
  CHECK(needs("SELECT * FROM sys_invocation_state") == std::pair(false, true));
  CHECK(needs("WITH a AS (SELECT 1 FROM sys_invocation) SELECT 1") == std::pair(true, true));
  CHECK(needs("SELECT 1 WHERE EXISTS (SELECT 1 FROM sys_inbox)") == std::pair(true, false));
}

TEST_CASE("what the command line tool sends", "[query]") {
  const Bench bench = example();
  CHECK(rows(bench,
             "SELECT COUNT(1) FROM (SELECT * FROM sys_invocation inv LIMIT 50000 ) WHERE "
             "inv.target_service_name IN ('Greeter') AND status != 'completed'") ==
        R"j({"rows":[{"count(Int64(1))":1}]})j");
  CHECK(rows(bench,
             "SELECT id FROM sys_invocation inv ORDER BY inv.created_at DESC, inv.id "
             "LIMIT 1") == R"({"rows":[{"id":")" + id_of(UINT64_MAX, 2).str() + R"("}]})");
  CHECK(rows(bench,
             "SELECT target_service_name, target_handler_name, 'pending' as status, COUNT(1) as "
             "num_invocations, MIN(created_at) as oldest_at, FIRST_VALUE(id ORDER BY created_at "
             "ASC) as oldest_invocation FROM sys_invocation_status WHERE status == 'inboxed' AND "
             "target_service_name IN ('Counter') GROUP BY target_service_name, "
             "target_handler_name") ==
        R"({"rows":[{"target_service_name":"Counter","target_handler_name":"add",)"
        R"("status":"pending","num_invocations":1,"oldest_at":"1970-01-01T00:00:03Z",)"
        R"("oldest_invocation":")" +
            id_of(UINT64_MAX, 2).str() + R"("}]})");
  CHECK(rows(bench,
             "SELECT service_name, service_key, COUNT(1) as num_pending FROM sys_inbox WHERE "
             "service_name IN ('Counter') GROUP BY service_name, service_key ORDER BY num_pending "
             "DESC") ==
        R"({"rows":[{"service_name":"Counter","service_key":"held","num_pending":1}]})");
  CHECK(rows(bench,
             "SELECT first_value(id) as holder, 0 as num_pending, sum(retry_count) as num_retries "
             "FROM sys_invocation WHERE status != 'pending' AND target_service_name IN "
             "('Greeter') AND status = 'ready' GROUP BY target_service_name") ==
        R"({"rows":[{"holder":")" + id_of(1000, 1).str() + R"(","num_pending":0}]})");
  CHECK(rows(bench,
             "SELECT COUNT(*) FROM information_schema.columns WHERE table_name = "
             "'sys_journal' AND column_name IN ('version', 'entry_json', 'appended_at')") ==
        R"j({"rows":[{"count(*)":3}]})j");
  CHECK(rows(bench,
             "SELECT sj.index, sj.entry_type FROM sys_journal sj WHERE sj.id = 'x' ORDER BY "
             "index DESC LIMIT 100") == R"({"rows":[]})");
  CHECK(rows(bench,
             "select key, value from state where service_name = 'Counter' and service_key "
             "= 'held' ;") == R"({"rows":[{"key":"bin","value":"ff0080"}]})");
  CHECK(rows(bench,
             "SELECT id, target FROM sys_invocation_status WHERE target LIKE 'Counter/%' "
             "AND status != 'completed' LIMIT 500") ==
        R"({"rows":[{"id":")" + id_of(UINT64_MAX, 2).str() + R"(","target":"Counter/held/add"}]})");
  CHECK(rows(bench, "SELECT pattern, concurrency FROM sys_rules ORDER BY pattern") ==
        R"({"rows":[]})");
}

TEST_CASE("filters give what they would give without help", "[query]") {
  const Bench bench = example();
  // Behind `IS TRUE` the scan is not told of the filter.
  const auto count = [&](const std::string& filter) {
    const std::string from = "SELECT count(*) AS n FROM sys_invocation WHERE ";
    const std::string helped = rows(bench, from + filter);
    CHECK(helped == rows(bench, from + "(" + filter + ") IS TRUE"));
    return helped;
  };
  const auto n = [](int rows) { return "{\"rows\":[{\"n\":" + std::to_string(rows) + "}]}"; };
  CHECK(count("status = 'completed'") == n(1));
  CHECK(count("status != 'completed'") == n(2));
  CHECK(count("status NOT IN ('completed', 'pending')") == n(1));
  CHECK(count("'completed' <> status") == n(2));
  CHECK(count("status IN ('running', 'ready')") == n(1));
  CHECK(count("created_at > '1970-01-01T00:00:02Z'") == n(1));
  CHECK(count("created_at >= '1970-01-01T00:00:02Z'") == n(2));
  CHECK(count("TIMESTAMP '1970-01-01 00:00:02' > created_at") == n(1));
  CHECK(count("created_at BETWEEN '1970-01-01T00:00:01Z' AND '1970-01-01T00:00:02Z'") == n(2));
  CHECK(count("target_service_name = 'Greeter' AND modified_at <= '1970-01-01T00:00:02.001Z'") ==
        n(2));
  CHECK(count("target_service_key IS NULL") == n(2));
  const std::string a = "'" + id_of(1000, 1).str() + "'", b = "'" + id_of(2000, 3).str() + "'";
  CHECK(count("id = " + a) == n(1));
  CHECK(count("id IN (" + a + ", " + b + ", 'bogus', NULL)") == n(2));
  CHECK(count("id IN (" + a + ", " + b + ") AND id = " + b) == n(1));
  CHECK(count("id = " + a + " AND status = 'completed'") == n(0));
  CHECK(count("id = 'bogus'") == n(0));
  CHECK(count("id = NULL") == n(0));
  CHECK(count("id != " + a) == n(2));
  CHECK(count("upper(id) = upper(" + a + ")") == n(1));
}

TEST_CASE("the newest come first, however little of the rest is read", "[query]") {
  Bench bench;
  std::uint64_t at = 1;
  for (std::uint32_t n = 0; n < 600; ++n) {
    at = at * 6364136223846793005u + 1442695040888963407u;
    auto status = invoked_status();
    status.timestamps.created = WallTime{1000 + (at >> 33) % 200};  // with ties
    status.timestamps.modified = WallTime{5000 - n};
    if (n % 3 == 0) status.status = partition::Status::kCompleted;
    if (n % 5 == 0) status.target.service = "Other";
    bench.put(id_of(at, static_cast<std::uint8_t>(n)), status);
  }
  for (const char* where :
       {"", "WHERE status = 'completed' ", "WHERE status != 'completed' AND created_at < now() ",
        "WHERE target_service_name = 'Other' ", "WHERE target_service_name IN ('Other', 'x') ",
        "WHERE status = 'ready' ", "WHERE journal_size = 1 AND status = 'completed' ",
        "WHERE id IN (SELECT id FROM sys_invocation WHERE target_service_name = 'Other') ",
        "WHERE target_service_name IN (SELECT 'Other') ",
        "WHERE target_service_name LIKE 'O%' AND created_at > '1970-01-01T00:00:01.1Z' "}) {
    for (const char* by : {"created_at DESC", "created_at", "modified_at DESC NULLS LAST"}) {
      for (const char* limit : {"LIMIT 7", "LIMIT 5 OFFSET 20"}) {
        const std::string from = std::string("SELECT id FROM sys_invocation i ") + where;
        const std::string order = std::string(by).substr(0, std::string(by).find("_at") + 3);
        const std::string rest = std::string(by).substr(order.size());
        // An order by something else than the column itself is not recognised.
        CHECK(rows(bench, from + "ORDER BY " + by + ", id " + limit) ==
              rows(bench, from + "ORDER BY " + order + " + INTERVAL '0 seconds'" + rest + ", id " +
                              limit));
      }
    }
  }
  CHECK(rows(bench,
             "SELECT count(*) AS n FROM (SELECT * FROM sys_invocation ORDER BY created_at "
             "LIMIT 3)") == R"({"rows":[{"n":3}]})");
  CHECK(rows(bench,
             "SELECT id, row_number() OVER (ORDER BY id) AS n FROM sys_invocation ORDER BY "
             "modified_at LIMIT 1")
            .ends_with(R"(}]})"));
}

TEST_CASE("what the web page sends", "[query]") {
  const Bench bench = example();
  CHECK(rows(bench,
             "SELECT to_unixtime(date_bin(INTERVAL '60 seconds', completed_at, TIMESTAMP "
             "'1970-01-01T00:00:00')) AS bucket, COUNT(1) FILTER (WHERE completion_result = "
             "'failure') AS n FROM sys_invocation_status WHERE completed_at IS NOT NULL GROUP BY "
             "bucket") == R"({"rows":[{"bucket":0,"n":1}]})");
  CHECK(rows(bench,
             "SELECT COUNT(*) AS n FROM sys_invocation WHERE created_at > "
             "'1970-01-01T00:00:01.500Z' AND created_at < '2099-01-01'") ==
        R"({"rows":[{"n":2}]})");
  CHECK(rows(bench, "SELECT d.id IS NULL AS x FROM sys_deployment d EXCEPT SELECT false") ==
        R"({"rows":[]})");
  CHECK(rows(bench,
             "SELECT name FROM sys_service s WHERE EXISTS (SELECT 1 FROM sys_invocation i "
             "WHERE i.target_service_name = s.name AND i.status = 'completed')") ==
        R"({"rows":[{"name":"Greeter"}]})");
  CHECK(rows(bench, "SELECT name FROM restate.public.sys_service WHERE NAME ILIKE 'gREET%'") ==
        R"({"rows":[{"name":"Greeter"}]})");
  CHECK(rows(bench, "SELECT unnest(services) AS s FROM sys_deployment ORDER BY s") ==
        R"({"rows":[{"s":"Counter"},{"s":"Greeter"}]})");
}

TEST_CASE("statements that are refused", "[query]") {
  for (const char* sql : {"", ";", "SELEC 1", "CREATE TABLE t(a INT)", "CREATE VIEW v AS SELECT 1",
                          "DROP TABLE state", "INSERT INTO state VALUES (1)", "DELETE FROM state",
                          "UPDATE state SET key = 'a'", "COPY state TO 'x.csv'", "ATTACH 'x.db'",
                          "EXPLAIN DELETE FROM state"}) {
    INFO(sql);
    CHECK(status(sql) == 400);
  }
  for (const char* sql :
       {"SELECT 1; SELECT 2", "SELECT * FROM nope", "SELECT nope FROM sys_service",
        "SELECT nofunc(1)", "SELECT 1/0", "SELECT 7 % 0", "BEGIN", "COMMIT",
        "SELECT CAST('a' AS INT)", "SELECT id FROM sys_invocation WHERE created_at > 'abc'",
        "SELECT $1", "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM '/etc/passwd'"}) {
    INFO(sql);
    CHECK(status(sql) == 500);
  }
}

TEST_CASE("settings are taken, and change nothing", "[query]") {
  const Bench bench;
  CHECK(rows(bench, "SET datafusion.execution.target_partitions = 1") == R"({"rows":[]})");
  CHECK(rows(bench, "SET TimeZone = 'Asia/Tokyo'") == R"({"rows":[]})");
  CHECK(rows(bench, "SELECT cast(TIMESTAMPTZ '2026-01-01 00:00:00Z' AS VARCHAR) AS t") ==
        R"({"rows":[{"t":"2026-01-01 00:00:00+00"}]})");
}

TEST_CASE("a broken row fails the statement", "[query]") {
  Bench bench;
  bench.put_raw(PartitionKey{1}, "iSgarbage", Bytes("x"));
  const auto answer = run(bench, "SELECT id FROM sys_invocation");
  REQUIRE_FALSE(answer);
  CHECK(status_of(answer.error()) == 500);
}

TEST_CASE("large answers come in pieces", "[query]") {
  Bench bench;
  for (std::uint32_t n = 0; n < 5000; ++n) {
    bench.put_state(object_of("Counter", "k" + std::to_string(n)), "s", Bytes("v"));
  }
  const auto statement = engine().make_statement("SELECT service_key FROM state", Format::kJson);
  REQUIRE(statement->prepare());
  REQUIRE(statement->begin(bench.inputs()));
  std::size_t pieces = 0, size = 0;
  for (bool last = false; !last; ++pieces) {
    const auto piece = statement->next(10'000);
    REQUIRE(piece);
    size += piece->body.size();
    last = piece->last;
  }
  CHECK(pieces > 2);
  CHECK(size > 5000 * 20);

  SECTION("until somebody has enough") {
    const auto other = engine().make_statement("SELECT service_key FROM state", Format::kJson);
    REQUIRE(other->prepare());
    REQUIRE(other->begin(bench.inputs()));
    REQUIRE(other->next(1));
    other->interrupt();
    CHECK(other->next(1) == Code::kCancelled);
  }
}

TEST_CASE("few large values are read ahead of a client", "[query]") {
  Bench bench;
  for (std::uint32_t n = 0; n < 400; ++n) {
    bench.put_state(object_of("Counter", "k" + std::to_string(n)), "s", Bytes(std::string(64'000, 'v')));
  }
  for (const char* where : {"", " WHERE key LIKE '%s%'"}) {
    bench.counts().scanned = 0;
    const auto statement = engine().make_statement(
        std::string("SELECT value_utf8 FROM state") + where, Format::kJson);
    REQUIRE(statement->prepare());
    REQUIRE(statement->begin(bench.inputs()));
    REQUIRE(statement->next(1));
    // A megabyte for each thread and for the buffer between them and us, and not all 25.
    CHECK(bench.counts().scanned < 150);
  }
  CHECK(rows(bench, "SELECT sum(value_length) AS n FROM state") == R"({"rows":[{"n":25600000}]})");
}

TEST_CASE("no function changes the engine, or reads what is not in a table", "[query]") {
  const Bench bench;
  for (const char* call :
       {"enable_logging('QueryLog')", "enable_logging(storage => 'file', storage_path => 'queries')",
        "query('SELECT * FROM enable_logging()')", "disable_logging()", "truncate_duckdb_logs()",
        "checkpoint()", "force_checkpoint()", "arrow_scan(1, 2, 3)", "read_text('/etc/hostname')",
        "glob('/etc/*')"}) {
    INFO(call);
    CHECK_FALSE(run(bench, std::string("SELECT * FROM ") + call));
  }
}

TEST_CASE("no function walks a JSON text by recursion", "[query]") {
  const Bench bench;
  const std::string deep = "(SELECT repeat('[', 60000) || repeat(']', 60000) AS v)";
  for (const char* call :
       {"json_contains(v, '1')", "json_structure(v)", "json_group_structure(v)", "json_merge_patch(v, v)"}) {
    INFO(call);
    CHECK_FALSE(run(bench, "SELECT " + std::string(call) + " FROM " + deep));
  }
  CHECK(run(bench, "SELECT json_extract(v, '$[0]'), json_valid(v), json_type(v) FROM " + deep));
}

TEST_CASE("a scan of no table is refused in plain words", "[query]") {
  const Bench bench;
  const auto answer = run(bench, "SELECT * FROM rs_scan(NULL)");
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message.find("NULL is no table") != std::string::npos);
}

TEST_CASE("the default format is a stream of Arrow", "[query]") {
  const Bench bench = example();
  const auto answer = run(bench,
                          "SELECT COUNT(1) AS inv_count FROM sys_invocation_status WHERE "
                          "status != 'completed'",
                          Format::kArrow);
  REQUIRE(answer);
  CHECK(answer->starts_with("\xff\xff\xff\xff"));
  CHECK(answer->ends_with(std::string_view("\xff\xff\xff\xff\0\0\0\0", 8)));
  CHECK(answer->find("inv_count") != std::string::npos);
  CHECK(answer->find(std::string_view("\x02\0\0\0\0\0\0\0", 8)) != std::string::npos);
  CHECK(run(bench, "SELECT * FROM sys_invocation", Format::kArrow));
  CHECK(run(bench, "SELECT * FROM sys_deployment WHERE false", Format::kArrow));
}

TEST_CASE("tables describe themselves", "[query]") {
  const Bench bench;
  CHECK(rows(bench, "DESCRIBE sys_service")
            .starts_with(
                R"({"rows":[{"column_name":"name","data_type":"LargeUtf8","is_nullable":"YES"},)"));
  CHECK(rows(bench,
             "SELECT table_type FROM information_schema.tables WHERE table_name = "
             "'sys_invocation'") == R"({"rows":[{"table_type":"VIEW"}]})");
  const std::string columns = rows(bench, "SHOW COLUMNS FROM sys_service");
  CHECK(columns.starts_with(R"({"rows":[{"table_catalog":"restate","table_schema":"public",)"
                            R"("table_name":"sys_service","column_name":"name",)"
                            R"("data_type":"LargeUtf8","is_nullable":"YES"},)"));
  CHECK(rows(bench, "show columns in restate.public.\"sys_service\";") == columns);
  CHECK(rows(bench, "SHOW sys_service") == rows(bench, "DESCRIBE sys_service"));
  CHECK(rows(bench, "SHOW TABLES").find("sys_invocation_state") != std::string::npos);
  CHECK(status("SHOW COLUMNS FROM nope") == 500);
}

TEST_CASE("settings that clients know are shown", "[query]") {
  const Bench bench;
  const std::string schema =
      R"({"rows":[{"name":"datafusion.catalog.default_schema","value":"public"}]})";
  CHECK(rows(bench, "SHOW datafusion.catalog.default_schema") == schema);
  CHECK(rows(bench, " Show DataFusion.Catalog.Default_Schema ;") == schema);
  CHECK(rows(bench, "SHOW TIME ZONE") == rows(bench, "SHOW timezone"));
  CHECK(rows(bench, "SHOW ALL").find(R"("name":"datafusion.execution.time_zone")") !=
        std::string::npos);
  CHECK(rows(bench,
             "SELECT name, value FROM information_schema.df_settings WHERE name LIKE "
             "'%default_schema'") == schema);
  CHECK(status("SHOW nope.at_all") == 500);
}
