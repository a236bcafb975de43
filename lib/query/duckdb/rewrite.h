#pragma once

/// \file
/// From a text to a statement that may be run here: only reading, and with the few things that
/// clients write and DuckDB understands otherwise.

#include "query/duckdb/look_up.h"
#include "query/duckdb/result_names.h"
#include "query/duckdb/scan_function.h"
#include "query/inputs.h"

#include <restate/result.h>

#include <duckdb.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace restate::query {

struct Prepared {
  duckdb::unique_ptr<duckdb::SQLStatement> statement;
  Needs needs;
  std::optional<TopOfTable> top;
  std::optional<LookUp> look_up;  ///< the statement is nothing but that
};

/// The schema that stands in for `information_schema`, whose name DuckDB keeps for itself.
inline constexpr const char* kInformationSchema = "restate_information";

/// - `kInvalidArgument`: no statement, not well-formed, or one that would change something.
/// - `kUnsupported`: several statements, transactions, settings.
/// May throw what DuckDB throws.
Result<Prepared> prepare_statement(duckdb::ClientContext& context, const std::string& sql,
                                   Names names = Names::kSpelled);

/// A literal of SQL, with its quotes.
std::string sql_literal(std::string_view text);

}  // namespace restate::query
