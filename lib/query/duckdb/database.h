#pragma once

/// \file
/// One DuckDB in memory that holds nothing but the names of our tables, and may do nothing but read
/// them.

#include "query/duckdb/connection_pool.h"
#include "query/engine.h"

#include <restate/result.h>

#include <duckdb.hpp>
#include <duckdb/catalog/catalog_search_path.hpp>

#include <memory>
#include <mutex>

namespace restate::query {

class Database {
 public:
  static Result<std::unique_ptr<Database>> open(const EngineOptions& options);

  /// False: DuckDB has given up, and refuses every statement.
  bool is_usable() const;

  /// For one statement. Throws what DuckDB throws.
  duckdb::unique_ptr<duckdb::Connection> connect();
  /// The same for a client of PostgreSQL's protocol, which also finds that catalog.
  Result<duckdb::unique_ptr<duckdb::Connection>> connect_postgres();

  /// Where connections go whose statements have come to their ends: the one that each came from.
  ConnectionPool& idle() { return idle_; }
  ConnectionPool& idle_postgres() { return idle_postgres_; }

 private:
  explicit Database(duckdb::DBConfig& config) : duckdb_(nullptr, &config) {}

  duckdb::unique_ptr<duckdb::Connection> connect(
      const duckdb::vector<duckdb::CatalogSearchEntry>& path);

  duckdb::DuckDB duckdb_;
  std::mutex postgres_mutex_;
  ConnectionPool idle_, idle_postgres_;
  bool has_postgres_ = false;  ///< its catalog is made when the first of its clients comes
};

}  // namespace restate::query
