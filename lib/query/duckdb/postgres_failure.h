#pragma once

/// \file
/// Errors as PostgreSQL numbers them.

#include "query/pg/message.h"

#include <restate/error.h>

#include <duckdb.hpp>

namespace restate::query {

/// What DuckDB found wrong, in PostgreSQL's words.
pg::Failure postgres_failure(const duckdb::ErrorData& error);
/// The same for what we found wrong.
pg::Failure postgres_failure(const Error& error);

}  // namespace restate::query
