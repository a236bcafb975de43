#pragma once

/// \file
/// Statements that show tables, columns and settings, as queries on our `information_schema`.

#include <restate/result.h>

#include <duckdb.hpp>

#include <string>
#include <string_view>

namespace restate::query {

/// `SHOW COLUMNS FROM t`, `SHOW ALL` and `SHOW <setting>`, some of which no parser here knows.
/// Empty: the text is none of these.
/// - `kUnsupported`: there is no such setting.
Result<std::string> text_of_show(std::string_view sql);

/// `DESCRIBE t` and `SHOW TABLES`. Empty: the statement is neither.
std::string text_of_show(const duckdb::SelectStatement& statement);

/// The settings, as rows of `VALUES`: name, value, description. Clients ask for few of them, by the
/// names that the reference has for them.
std::string settings_values();

}  // namespace restate::query
