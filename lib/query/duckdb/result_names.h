#pragma once

/// \file
/// What results are called that nobody named.

#include <duckdb.hpp>

#include <cstdint>

namespace restate::query {

/// How results without a name are called.
enum class Names : std::uint8_t {
  kSpelled,  ///< `count(*)`, `Int64(1)`
  kShort,    ///< as PostgreSQL has it: `count`, `?column?`
};

/// Names the results of a statement, and of both sides of a set operation.
void name_results(duckdb::QueryNode& node, Names names);

}  // namespace restate::query
