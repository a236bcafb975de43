#pragma once

// One DuckDB for all tests that ask it something: opening it takes longer than most of them.

#include "query/engine.h"

#include <memory>

namespace restate::query::testing {

inline SqlEngine& engine() {
  static const std::unique_ptr<SqlEngine> instance =
      make_duckdb_engine({.memory = 256u << 20, .parallelism = 2});
  return *instance;
}

}  // namespace restate::query::testing
