#pragma once

/// \file
/// One DuckDB in memory that holds nothing but the names of our tables, and may do nothing but read
/// them.

#include "query/engine.h"

#include <restate/result.h>

#include <duckdb.hpp>

#include <memory>

namespace restate::query {

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const EngineOptions& options);

  /// For one statement. Throws what DuckDB throws.
  duckdb::unique_ptr<duckdb::Connection> connect();

 private:
  explicit Database(duckdb::DBConfig& config) : duckdb_(nullptr, &config) {}

  duckdb::DuckDB duckdb_;
};

}  // namespace restate::query
