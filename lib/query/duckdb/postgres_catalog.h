#pragma once

/// \file
/// What PostgreSQL's clients look up to show tables and their columns: `pg_catalog` and
/// `information_schema` as PostgreSQL has them, about our tables.

#include <string>
#include <vector>

namespace restate::query {

/// The statements that make it.
std::vector<std::string> postgres_catalog();

}  // namespace restate::query
