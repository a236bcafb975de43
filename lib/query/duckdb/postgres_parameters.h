#pragma once

/// \file
/// What PostgreSQL's clients send for the parameters of a statement, in text and in binary.

#include "query/pg/request.h"

#include <duckdb.hpp>

#include <cstdint>

namespace restate::query {

/// A parameter as a value; `oid` 0: a literal whose type its surroundings decide.
/// Throws what DuckDB throws if it is none of that type.
duckdb::Value parameter_value(const pg::Parameter& parameter, std::uint32_t oid);
/// NULL, of that type.
duckdb::Value parameter_null(std::uint32_t oid);

}  // namespace restate::query
