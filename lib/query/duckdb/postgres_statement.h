#pragma once

/// \file
/// A statement of PostgreSQL's protocol: with parameters, and with answers that are messages.

#include "query/duckdb/lazy_database.h"
#include "query/engine.h"

#include <memory>

namespace restate::query {

/// `databases` outlives it.
std::unique_ptr<SqlStatement> make_postgres_statement(LazyDatabase& databases, pg::Request request);

}  // namespace restate::query
