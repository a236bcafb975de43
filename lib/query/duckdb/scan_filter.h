#pragma once

/// \file
/// What a condition of a plan says to a scan.

#include "query/catalog.h"
#include "query/filter.h"

#include <duckdb.hpp>
#include <duckdb/planner/expression.hpp>

#include <optional>

namespace duckdb {
class LogicalGet;
}

namespace restate::query {

/// `expression`, which stands above `get`, as a filter on a column of `table`. Nothing: a scan can
/// do nothing with it.
std::optional<Filter> filter_of(const duckdb::LogicalGet& get, const duckdb::Expression& expression,
                                const Table& table);

}  // namespace restate::query
