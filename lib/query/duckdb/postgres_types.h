#pragma once

/// \file
/// The types of results as PostgreSQL numbers them, and what its clients send for them.

#include "query/duckdb/column_view.h"
#include "query/pg/message.h"
#include "query/pg/request.h"

#include <duckdb.hpp>

#include <cstdint>
#include <optional>

namespace restate::query {

/// Numbers of `pg_type`.
enum Oid : std::uint32_t {
  kBoolOid = 16,
  kByteaOid = 17,
  kInt8Oid = 20,
  kInt2Oid = 21,
  kInt4Oid = 23,
  kTextOid = 25,
  kFloat4Oid = 700,
  kFloat8Oid = 701,
  kBoolsOid = 1000,
  kTextsOid = 1009,
  kInt8sOid = 1016,
  kFloat8sOid = 1022,
  kDateOid = 1082,
  kTimestampOid = 1114,
  kTimestamptzOid = 1184,
  kIntervalOid = 1186,
  kNumericOid = 1700,
};

/// Days and microseconds from 1970 to 2000, where PostgreSQL's time begins.
inline constexpr std::int64_t kEpochDays = 10'957;
inline constexpr std::int64_t kEpochMicros = kEpochDays * 86'400'000'000;
/// What is further away than this from 1970 is no time to anybody; DuckDB lets it be made.
inline constexpr std::int64_t kMostMicros = INT64_MAX - 86'400'000'000;

struct PostgresType {
  std::uint32_t oid = kTextOid;
  std::int16_t size = -1;
};

/// Of what has no counterpart, `text`.
PostgresType postgres_type(const duckdb::LogicalType& type);

/// The oid of an array's elements; 0: it is no array.
std::uint32_t element_oid(std::uint32_t array);

/// A parameter as a value; `oid` 0: a literal whose type its surroundings decide.
/// Throws what DuckDB throws if it is none of that type.
duckdb::Value parameter_value(const pg::Parameter& parameter, std::uint32_t oid);
/// NULL, of that type.
duckdb::Value parameter_null(std::uint32_t oid);

/// What went wrong, in PostgreSQL's words. `sql`: what the client sent, if places in it are those of
/// the error.
pg::Failure postgres_failure(const duckdb::ErrorData& error);

}  // namespace restate::query
