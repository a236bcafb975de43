#include <restate/sql.h>

#include "query/engine.h"

#include <utility>

namespace restate {

std::function<std::unique_ptr<query::SqlEngine>()> duckdb_sql(SqlOptions options) {
  return [options = std::move(options)] {
    return query::make_duckdb_engine({.memory = options.memory,
                                      .temp_directory = options.temp_directory,
                                      .parallelism = options.parallelism,
                                      .threads = 1});
  };
}

}  // namespace restate
