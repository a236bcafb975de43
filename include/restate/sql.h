#pragma once

/// \file
/// SQL for an engine inside of a program, by DuckDB. A library of its own, `restate::sql`, in builds
/// that have RESTATE_SQL: whoever does not ask links no DuckDB.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace restate {

namespace query {
class SqlEngine;
}

/// What SQL may take.
struct SqlOptions {
  /// Bytes for sorts, joins and aggregations of all statements together.
  std::size_t memory = std::size_t{64} << 20;
  /// Where what does not fit may go; empty: then the statement fails instead.
  std::string temp_directory = {};
  /// Threads that scan, sort and join. They start with the first statement.
  std::uint32_t parallelism = 1;
};

/// For `EngineOptions::sql`. DuckDB itself is opened when the first statement comes, once per engine.
std::function<std::unique_ptr<query::SqlEngine>()> duckdb_sql(SqlOptions options = {});

}  // namespace restate

#pragma GCC visibility pop
