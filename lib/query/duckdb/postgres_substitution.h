#pragma once

/// \file
/// Values in the place of parameters. Not in the text: the tree is parsed by then, so a value is nothing
/// but a value, and the scans see it like any other constant.

#include <duckdb.hpp>

#include <cstddef>
#include <functional>

namespace restate::query {

/// `number` counts from 1. `as_list`: it stands where only a list can be, such as in `= ANY($1)` and
/// `$1::text[]`.
using ValueOf = std::function<duckdb::Value(std::size_t number, bool as_list)>;

/// A SELECT, or one that is explained. Throws what `value_of` throws.
void substitute_parameters(duckdb::SQLStatement& statement, const ValueOf& value_of);

}  // namespace restate::query
