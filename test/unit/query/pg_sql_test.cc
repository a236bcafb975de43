// Statements of PostgreSQL's clients, over rows in memory: the messages that answer them.

#include "bench.h"
#include "one_engine.h"
#include "query/catalog.h"
#include "query/engine.h"
#include "query/pg/message.h"
#include "support/catch.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

using namespace restate;
using namespace restate::query;
using namespace restate::query::testing;

namespace {

struct Answer {
  std::vector<std::string> names;
  std::vector<std::uint32_t> types;
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::vector<std::uint32_t> parameters;
  std::string state;  ///< SQLSTATE; empty: it went well
};

Answer answer_to(pg::Request request, const Bench& bench = {}) {
  const auto statement = engine().make_statement(std::move(request));
  REQUIRE(statement->prepare());
  REQUIRE(statement->begin(bench.inputs()));
  std::string bytes;
  while (true) {
    auto piece = statement->next(1024);
    REQUIRE(piece);
    bytes += piece->body.view();
    if (piece->last) break;
  }
  Answer answer;
  std::string_view rest = bytes;
  while (!rest.empty()) {
    const std::string_view front = pg::front_message(rest);
    REQUIRE_FALSE(front.empty());
    rest.remove_prefix(front.size());
    pg::FieldReader fields(front.substr(5));
    if (front[0] == 'E') answer.state = pg::sqlstate_of(front);
    if (front[0] == 't') {
      const auto count = fields.u16();
      for (int i = 0; i < count; ++i) answer.parameters.push_back(fields.u32());
    }
    if (front[0] == 'T') {
      const auto count = fields.u16();
      for (int i = 0; i < count; ++i) {
        answer.names.emplace_back(fields.text());
        fields.raw(6);
        answer.types.push_back(fields.u32());
        fields.raw(8);
      }
    }
    if (front[0] == 'D') {
      auto& row = answer.rows.emplace_back();
      const auto count = fields.u16();
      for (int i = 0; i < count; ++i) {
        const auto size = fields.u32();
        row.push_back(size == UINT32_MAX ? std::nullopt
                                         : std::optional<std::string>(fields.raw(size)));
      }
    }
    CHECK(fields.ok());
  }
  return answer;
}

Answer run(const std::string& sql, const Bench& bench = {}) { return answer_to({.sql = sql}, bench); }

/// The only value.
std::string value(const std::string& sql, bool binary = false) {
  INFO(sql);
  const Answer answer = answer_to({.sql = sql, .binary = {binary}});
  CHECK(answer.state.empty());
  REQUIRE(answer.rows.size() == 1);
  return answer.rows[0].at(0).value_or("NULL");
}

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int each : values) out += static_cast<char>(each);
  return out;
}

}  // namespace

TEST_CASE("values are written as PostgreSQL writes them", "[query][pg]") {
  CHECK(value("SELECT true") == "t");
  CHECK(value("SELECT 42") == "42");
  CHECK(value("SELECT NULL") == "NULL");
  CHECK(value("SELECT 18446744073709551615::UBIGINT") == "18446744073709551615");
  CHECK(value("SELECT 1.5::DOUBLE") == "1.5");
  CHECK(value("SELECT 'NaN'::DOUBLE") == "NaN");
  CHECK(value("SELECT '\\x00ff'::BLOB").starts_with("\\x"));
  CHECK(value("SELECT DATE '2026-01-02'") == "2026-01-02");
  CHECK(value("SELECT TIMESTAMPTZ '2026-11-21 18:51:48.255+00'") == "2026-11-21 18:51:48.255+00");
  CHECK(value("SELECT TIMESTAMP '2026-11-21 18:51:48'") == "2026-11-21 18:51:48");
  CHECK(value("SELECT INTERVAL 24 HOURS") == "24:00:00");
  CHECK(value("SELECT -(INTERVAL 1500 MILLISECONDS)") == "-00:00:01.5");
  CHECK(value("SELECT INTERVAL '14 months 3 days'") == "1 year 2 mons 3 days");
  CHECK(value("SELECT ['a', 'b c', NULL, '\"']") == R"({a,"b c",NULL,"\""})");
  CHECK(value("SELECT [1, 2]") == "{1,2}");
  CHECK(value("SELECT {'a': 1}") == "{'a': 1}");
}

TEST_CASE("times without end are infinite", "[query][pg]") {
  const std::string most = bytes({127, 255, 255, 255, 255, 255, 255, 255});
  const std::string least = bytes({128, 0, 0, 0, 0, 0, 0, 0});
  CHECK(value("SELECT 'infinity'::TIMESTAMPTZ") == "infinity");
  CHECK(value("SELECT '-infinity'::TIMESTAMP") == "-infinity");
  CHECK(value("SELECT '-infinity'::DATE") == "-infinity");
  CHECK(value("SELECT 'infinity'::TIMESTAMPTZ", true) == most);
  CHECK(value("SELECT '-infinity'::TIMESTAMP", true) == least);
  CHECK(value("SELECT 'infinity'::DATE", true) == most.substr(0, 4));
  CHECK(value("SELECT '-infinity'::DATE", true) == least.substr(0, 4));
  const auto told = [](const std::string& sent, std::uint32_t type) {
    return answer_to({.sql = "SELECT $1", .types = {type}, .parameters = {{sent, true}}});
  };
  CHECK(told(least, 1184).rows.at(0).at(0) == "-infinity");
  CHECK(told(most, 1114).rows.at(0).at(0) == "infinity");
  CHECK(told(least.substr(0, 4), 1082).rows.at(0).at(0) == "-infinity");
  CHECK(told(bytes({128, 0, 0, 0, 0, 0, 0, 1}), 1184).state == "22P02");
  CHECK(told(least + bytes({0, 0, 0, 0, 0, 0, 0, 0}), 1186).rows.at(0).at(0) ==
        "-2562047788:00:54.775808");
}

TEST_CASE("and in binary, if they are asked for so", "[query][pg]") {
  CHECK(value("SELECT true", true) == bytes({1}));
  CHECK(value("SELECT 1::BIGINT", true) == bytes({0, 0, 0, 0, 0, 0, 0, 1}));
  CHECK(value("SELECT -2::INTEGER", true) == bytes({255, 255, 255, 254}));
  CHECK(value("SELECT 1.0::DOUBLE", true) == bytes({0x3f, 0xf0, 0, 0, 0, 0, 0, 0}));
  CHECK(value("SELECT 100002::UBIGINT", true) == bytes({0, 2, 0, 1, 0, 0, 0, 0, 0, 10, 0, 2}));
  CHECK(value("SELECT 0::UBIGINT", true) == bytes({0, 0, 0, 0, 0, 0, 0, 0}));
  CHECK(value("SELECT DATE '2000-01-02'", true) == bytes({0, 0, 0, 1}));
  CHECK(value("SELECT TIMESTAMPTZ '2000-01-01 00:00:01+00'", true) ==
        bytes({0, 0, 0, 0, 0, 0x0f, 0x42, 0x40}));
  CHECK(value("SELECT INTERVAL '1 month 2 days 1 second'", true) ==
        bytes({0, 0, 0, 0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 2, 0, 0, 0, 1}));
  CHECK(value("SELECT 'text'", true) == "text");
  CHECK(value("SELECT ['a']", true) ==
        bytes({0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 'a'}));
  CHECK(value("SELECT []::VARCHAR[]", true) == bytes({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25}));
}

TEST_CASE("columns are described by PostgreSQL's types", "[query][pg]") {
  const Answer answer = run("SELECT id, journal_size, created_at, completion_retention "
                            "FROM sys_invocation");
  CHECK(answer.types == std::vector<std::uint32_t>{25, 20, 1184, 1186});
  CHECK(answer.rows.empty());
  CHECK(run("SELECT count(*), 1, lower('A')").names ==
        std::vector<std::string>{"count", "?column?", "lower"});
}

TEST_CASE("parameters are values and nothing else", "[query][pg]") {
  Bench bench;
  bench.put_state(object_of("Counter", "a"), "n", Bytes("1"));
  bench.put_state(object_of("Counter", "b"), "n", Bytes("2"));
  const std::string sql = "SELECT service_key FROM state WHERE service_key = $1";
  CHECK(answer_to({.sql = sql, .parameters = {{"b"}}}, bench).rows.size() == 1);
  CHECK(answer_to({.sql = sql, .parameters = {{"' OR 1 = 1 --"}}}, bench).rows.empty());
  CHECK(answer_to({.sql = sql, .parameters = {{std::nullopt}}}, bench).rows.empty());
  CHECK(answer_to({.sql = "SELECT key FROM state LIMIT $1", .types = {20}, .parameters = {{"1"}}}, bench)
            .rows.size() == 1);
  SECTION("in binary, of types that are told or known") {
    const std::string one = bytes({0, 0, 0, 0, 0, 0, 0, 1});
    CHECK(answer_to({.sql = "SELECT $1 + 1", .types = {20}, .parameters = {{one, true}}}).rows.at(0).at(0) ==
          "2");
    CHECK(answer_to({.sql = "SELECT $1::BIGINT + 1", .parameters = {{one, true}}}).rows.at(0).at(0) == "2");
    CHECK(answer_to({.sql = "SELECT $1", .types = {20}, .parameters = {{"x", true}}}).state == "22P02");
  }
  SECTION("as arrays") {
    const std::string any = "SELECT key FROM state WHERE service_key = ANY($1)";
    CHECK(answer_to({.sql = any, .types = {1009}, .parameters = {{"{a,\"b\"}"}}}, bench).rows.size() == 2);
    CHECK(answer_to({.sql = any, .parameters = {{"{a}"}}}, bench).rows.size() == 1);
    CHECK(answer_to({.sql = any, .describe = true}).parameters == std::vector<std::uint32_t>{1009});
    CHECK(answer_to({.sql = "SELECT $1::text[]", .parameters = {{"{a,NULL}"}}}).rows.at(0).at(0) ==
          "{a,NULL}");
  }
  SECTION("but not as arrays in arrays, however they are called") {
    const std::string inner = bytes({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25});
    const std::string outer =
        bytes({0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0xf1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 12}) + inner;
    CHECK(answer_to({.sql = "SELECT $1", .types = {1009}, .parameters = {{inner, true}}})
              .rows.at(0)
              .at(0) == "{}");
    CHECK(answer_to({.sql = "SELECT $1", .types = {1009}, .parameters = {{outer, true}}}).state ==
          "22P02");
  }
  SECTION("that tell a scan what to read") {
    const InvocationId id = id_of(1, 1);
    for (const std::uint32_t type : {25u, 0u}) {
      const auto statement = engine().make_statement(
          pg::Request{.sql = "SELECT id FROM sys_invocation WHERE id = $1",
                      .types = {type},
                      .parameters = {{id.str(), true}}});
      CHECK(statement->prepare().value().only == std::set<InvocationId>{id});
    }
  }
  SECTION("as many as there are places") {
    CHECK(answer_to({.sql = sql}).state == "08P01");
  }
  SECTION("of a type that is asked for") {
    const Answer described = answer_to({.sql = "SELECT key_length, $2 FROM state WHERE key_length > $1",
                                  .describe = true});
    CHECK(described.parameters == std::vector<std::uint32_t>{1700, 25});
    CHECK(described.types == std::vector<std::uint32_t>{1700, 25});
    CHECK(described.rows.empty());
  }
}

TEST_CASE("failures have the states that clients know", "[query][pg]") {
  CHECK(run("SELEC 1").state == "42601");
  CHECK(run("SELECT * FROM nothing").state == "42P01");
  CHECK(run("SELECT nothing FROM state").state == "42703");
  CHECK(run("SELECT nothing(1)").state == "42883");
  CHECK(run("SELECT * FROM nothing.nothing").state == "42P01");
  CHECK(run("SELECT 'x'::INTEGER").state == "22P02");
  CHECK(run("SELECT 'x'::TIMESTAMP").state == "22007");
  CHECK(run("COPY state TO '/tmp/x'").state == "42601");
}

TEST_CASE("what 16 bits cannot count is refused", "[query][pg]") {
  const auto list = [](std::size_t count, bool parameters) {
    std::string sql = "SELECT ";
    for (std::size_t i = 1; i <= count; ++i) {
      sql += (i > 1 ? "," : "") + (parameters ? "$" + std::to_string(i) : std::string("1"));
    }
    return sql;
  };
  CHECK(run(list(1664, false)).rows.at(0).size() == 1664);
  CHECK(run(list(1665, false)).state == "54011");
  CHECK(answer_to({.sql = list(1665, false), .describe = true}).state == "54011");
  CHECK(answer_to({.sql = list(65536, true), .describe = true}).state == "54000");
}

TEST_CASE("a statement that is interrupted says so", "[query][pg]") {
  const auto statement = engine().make_statement(pg::Request{.sql = "SELECT 1"});
  REQUIRE(statement->prepare());
  statement->interrupt();
  REQUIRE(statement->begin(Bench().inputs()));
  CHECK(pg::sqlstate_of(statement->next(1)->body.view()) == "57014");
}

TEST_CASE("clients find the tables in PostgreSQL's catalog", "[query][pg]") {
  CHECK(run("SELECT c.relname FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_namespace n ON "
            "n.oid = c.relnamespace WHERE c.relkind IN ('r','p','v','m','S','f','') AND n.nspname <> "
            "'pg_catalog' AND n.nspname !~ '^pg_toast' AND pg_catalog.pg_table_is_visible(c.oid)")
            .rows.size() == tables().size());
  CHECK(value("SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a "
              "WHERE a.attrelid = 'sys_journal'::regclass AND a.attname = 'id'") == "text");
  CHECK(value("SELECT data_type FROM information_schema.columns WHERE table_name = 'sys_journal' AND "
              "ordinal_position = 1") == "numeric");
  CHECK(value("SELECT version()").starts_with("PostgreSQL 14"));
  CHECK(value("SELECT current_database()") == "restate");
}
