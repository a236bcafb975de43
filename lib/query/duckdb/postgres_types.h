#pragma once

/// \file
/// The types of results as PostgreSQL numbers them.

#include <duckdb.hpp>

#include <cstdint>

namespace restate::query {

/// Numbers of `pg_type`.
enum Oid : std::uint32_t {
  kBoolOid = 16,
  kByteaOid = 17,
  kInt8Oid = 20,
  kInt2Oid = 21,
  kInt4Oid = 23,
  kTextOid = 25,
  kOidOid = 26,
  kFloat4Oid = 700,
  kFloat8Oid = 701,
  kBoolsOid = 1000,
  kInt2sOid = 1005,
  kInt4sOid = 1007,
  kTextsOid = 1009,
  kVarcharsOid = 1015,
  kInt8sOid = 1016,
  kFloat4sOid = 1021,
  kFloat8sOid = 1022,
  kDateOid = 1082,
  kTimestampOid = 1114,
  kTimestamptzOid = 1184,
  kIntervalOid = 1186,
  kNumericOid = 1700,
};

struct PostgresType {
  std::uint32_t oid = kTextOid;
  std::int16_t size = -1;
};

/// Of what has no counterpart, `text`.
PostgresType postgres_type(const duckdb::LogicalType& type);

/// The oid of an array's elements; 0: it is no array.
std::uint32_t element_oid(std::uint32_t array);

}  // namespace restate::query
