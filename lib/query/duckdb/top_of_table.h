#pragma once

/// \file
/// Recognizes statements that are lists of the newest, and nothing more: for those a scan may pass
/// over what comes later than so many rows.

#include "query/duckdb/scan_function.h"

#include <duckdb.hpp>

#include <optional>

namespace restate::query {

/// `SELECT ... FROM sys_invocation [WHERE ...] ORDER BY created_at LIMIT 25`, as the parser made
/// it. Nothing: it is something else.
std::optional<TopOfTable> top_of_table(duckdb::QueryNode& node);

}  // namespace restate::query
