// Telling statements apart without understanding them.

#include "query/pg/catalog_names.h"
#include "query/pg/copy_out.h"
#include "query/pg/message.h"
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
  CHECK(plan_of("COPY t TO STDOUT").kind == StatementKind::kCopyOut);
  for (const char* copy : {"COPY t FROM STDIN", "COPY t TO '/tmp/x'", "COPY t TO PROGRAM 'rm x'",
                           "COPY t TO STDOUT BINARY", "COPY (SELECT 1 TO STDOUT",
                           "COPY t TO STDOUT WITH (FORMAT csv, QUOTE '!')",
                           "COPY t TO STDOUT DELIMITER 'ab'"}) {
    INFO(copy);
    CHECK(plan_of(copy).kind == StatementKind::kUnsupported);
  }
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

TEST_CASE("what is copied to a client, and how", "[query][pg]") {
  CHECK(copy_out_of("COPY (SELECT ')', (1)) TO STDOUT")->query == "SELECT ')', (1)");
  CHECK(copy_out_of("copy public.\"state\" to stdout")->query == "SELECT * FROM public.\"state\"");
  CHECK(copy_out_of("COPY state (key, value) TO STDOUT")->query == "SELECT key, value FROM state");
  const auto text = copy_out_of("COPY t TO STDOUT WITH NULL AS 'none'")->format;
  CHECK_FALSE(text.csv);
  CHECK(text.null == "none");
  for (const char* spelled : {"COPY t TO STDOUT WITH (FORMAT csv, HEADER, DELIMITER ';')",
                              "COPY t TO STDOUT CSV HEADER DELIMITER AS ';'"}) {
    const auto csv = copy_out_of(spelled)->format;
    CHECK(csv.csv);
    CHECK(csv.header);
    CHECK(csv.delimiter == ';');
    CHECK(csv.null.empty());
  }
  CHECK_FALSE(copy_out_of("COPY t TO STDOUT (FORMAT text, HEADER false)")->format.header);

  const auto line = [](const CopyFormat& format) {
    std::string row;
    MessageWriter writer(row);
    writer.begin('D').u16(4);
    for (const std::string_view value : {"a,b", "x\ty\\\n", "\"q\""}) {
      writer.u32(static_cast<std::uint32_t>(value.size())).raw(value);
    }
    writer.u32(UINT32_MAX).end();
    std::string out;
    append_copy_line(out, row, format);
    return out;
  };
  CHECK(line({}) == "a,b\tx\\ty\\\\\\n\t\"q\"\t\\N\n");
  CHECK(line({.csv = true, .delimiter = ',', .null = {}}) == "\"a,b\",\"x\ty\\\n\",\"\"\"q\"\"\",\n");
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
