#include "query/duckdb/lazy_database.h"

#include "support/catch.h"

#include <duckdb/main/valid_checker.hpp>

using namespace restate;
using namespace restate::query;

TEST_CASE("a database that DuckDB has given up is replaced", "[query]") {
  LazyDatabase databases({.memory = 64u << 20, .parallelism = 1});
  const auto first = databases.get();
  REQUIRE(first);
  CHECK(*databases.get() == *first);

  auto connection = (*first)->connect();
  duckdb::ValidChecker::Invalidate(*connection->context->db, "a mistake of DuckDB's own");
  CHECK(connection->Query("SELECT 1")->HasError());
  // As a statement does that was under way.
  (*first)->idle().put(std::move(connection));

  const auto second = databases.get();
  REQUIRE(second);
  CHECK(*second != *first);
  CHECK_FALSE((*second)->connect()->Query("SELECT 1")->HasError());
}
