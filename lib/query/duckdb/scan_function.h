#pragma once

/// \file
/// Our tables as a table function of DuckDB: `rs_scan('sys_journal')`. It reads only the columns
/// that are asked for, and only the parts of the key space that the filters leave.

#include "query/catalog.h"
#include "query/filter.h"
#include "query/inputs.h"

#include <duckdb.hpp>

#include <optional>
#include <set>

namespace restate::query {

/// What the values of a column are to DuckDB.
duckdb::LogicalType logical_type(ColumnType type);

/// Registers the function. Throws, as DuckDB does.
void add_scan_function(duckdb::Connection& connection);

/// The whole statement wants the first rows of one table by a time, and looks at no other.
struct TopOfTable {
  TableId table = TableId::kInvocation;
  Top top;
};

/// Makes `connection` ready for one statement. Before it is planned.
void prepare_inputs(duckdb::Connection& connection, const std::optional<TopOfTable>& top);

/// The invocations that the planned statement is about. Nothing: it looks at others, too.
std::optional<std::set<InvocationId>> planned_invocations(duckdb::Connection& connection);

/// What the statement reads. Before it runs.
void set_inputs(duckdb::Connection& connection, InputsPtr inputs);

/// Lets go of it, and of all else that concerns the statement.
void forget_inputs(duckdb::Connection& connection);

}  // namespace restate::query
