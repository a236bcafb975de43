#pragma once

/// \file
/// What there is in every database of PostgreSQL, whatever its tables are: the shapes of its catalog, its
/// types, its functions.

#include <span>

namespace restate::query {

/// A type that clients ask about, as a row of `pg_type`. Its array has the name with `_` before it.
struct TypeRow {
  int oid;
  const char* name;
  const char* sql_name;
  int size;
  const char* category;
  int array;  ///< the oid of its array; 0: it has none
};

std::span<const TypeRow> catalog_types();
/// The tables with their columns, as `CREATE TABLE` takes them. Those without rows are there because
/// clients join them.
std::span<const char* const> catalog_tables();
/// Functions that DuckDB has not, or answers otherwise, as `CREATE MACRO` takes them.
std::span<const char* const> catalog_macros();

}  // namespace restate::query
