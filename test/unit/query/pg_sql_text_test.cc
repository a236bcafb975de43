// Telling statements apart without understanding them.

#include "query/pg/catalog_names.h"
#include "query/pg/statement_plan.h"
#include "query/pg/tokens.h"
#include "support/catch.h"

#include <string>
#include <string_view>
#include <vector>

using namespace restate::query::pg;

TEST_CASE("a text falls into statements", "[query][pg]") {
  using Statements = std::vector<std::string_view>;
  CHECK(split_statements(" a ; b;; c -- ;\n") == Statements{"a", "b", "c"});
  CHECK(split_statements("'a;''b' \";\"; E'\\';' x") == Statements{"'a;''b' \";\"", "E'\\';' x"});
  CHECK(split_statements("$$;$$; $t$ $$; $t$ x") == Statements{"$$;$$", "$t$ $$; $t$ x"});
  CHECK(split_statements("/* ; /* ; */ ; */ a") == Statements{"a"});
  CHECK(split_statements("'never closed; x") == Statements{"'never closed; x"});
  CHECK(split_statements("a $1;").at(0) == "a $1");
  CHECK(split_statements(" -- nothing").empty());
  CHECK(split_statements("a;b;c", 2) == Statements{"a", "b"});
}

TEST_CASE("statements are told apart by their words", "[query][pg]") {
  CHECK(plan_of("select 1").kind == StatementKind::kQuery);
  CHECK(plan_of("((SELECT 1))").kind == StatementKind::kQuery);
  CHECK(plan_of("/* hint */ With x AS (SELECT 1) SELECT 1").kind == StatementKind::kQuery);
  CHECK(plan_of("nonsense").kind == StatementKind::kQuery);
  CHECK(plan_of("EXPLAIN SELECT 1").tag == "EXPLAIN");
  CHECK(plan_of("rollback work to savepoint x").kind == StatementKind::kRollbackTo);
  CHECK(plan_of("Delete from t").kind == StatementKind::kWrite);
  CHECK(plan_of("COPY t TO STDOUT").kind == StatementKind::kUnsupported);
  CHECK(plan_of("SHOW TRANSACTION ISOLATION LEVEL").name == "transaction_isolation");
  CHECK(plan_of("SHOW TABLES").kind == StatementKind::kQuery);
  const StatementPlan set = plan_of("SET SESSION a.b TO 'it is'");
  CHECK(set.name == "a.b");
  CHECK(set.value == "it is");
  CHECK(plan_of("set extra_float_digits = 3").value == "3");
  const std::string many = "a" + std::string(200, ',') + "b";
  CHECK(plan_of("SET search_path TO " + many).value == many);
  CHECK(plan_of(std::string(200, '(') + "SELECT 1").kind == StatementKind::kQuery);
  CHECK(plan_of("DEALLOCATE ALL").name.empty());
  CHECK(plan_of("DEALLOCATE PREPARE \"Aa\"").name == "Aa");
}

TEST_CASE("names of PostgreSQL's catalog lead to ours", "[query][pg]") {
  const auto squeezed = [](std::string_view sql) {
    std::string out;
    for (const char c : without_catalog_names(sql)) {
      if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    }
    while (!out.empty() && out.back() == ' ') out.pop_back();
    return out;
  };
  CHECK(squeezed("SELECT a FROM pg_catalog.pg_class c") == "SELECT a FROM pg_class c");
  CHECK(squeezed("a OPERATOR(pg_catalog.~) '^x$' COLLATE pg_catalog.default AND b") ==
        "a ~ '^x$' AND b");
  CHECK(squeezed("a::pg_catalog.regtype::pg_catalog.text, b::oid") == "a ::text, b");
  CHECK(squeezed("x = 'pg_catalog.array_in'::regproc AND y") == "x = 'array_in' AND y");
  CHECK(squeezed("x = 'pg_class'::regclass").find("relname = 'pg_class')") != std::string::npos);
  CHECK(squeezed("FROM information_schema.tables") == "FROM restate_postgres_information.tables");
  CHECK(squeezed("SELECT 'pg_catalog.x', \"::oid\"") == "SELECT 'pg_catalog.x', \"::oid\"");
}
