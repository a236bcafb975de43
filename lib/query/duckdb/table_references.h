#pragma once

/// \file
/// Lets a statement read our tables without the views that stand for them: to bind a view costs
/// more than all the rest of a look-up.

#include "query/catalog.h"

#include <duckdb.hpp>

#include <set>
#include <string>

namespace restate::query {

/// The names that `WITH` gives in a statement, in lower case.
using CommonNames = std::set<std::string>;

/// The table of ours that is meant. Null: it is none, or its name is among `except`.
const Table* table_of(const duckdb::BaseTableRef& base, const CommonNames& except);

/// Adds the names that `node` gives, and those in it.
void collect_common_names(duckdb::QueryNode& node, CommonNames& names);

/// Puts scans in the place of our tables' names, but for names that mean something else somewhere
/// in the statement. Expressions, and what is in them, stay as they are.
void use_scans(duckdb::QueryNode& node, const CommonNames& except);

/// `public.t.x` as `t.x`: what a scan is called has no schema.
void shorten_column(duckdb::ColumnRefExpression& column);

}  // namespace restate::query
