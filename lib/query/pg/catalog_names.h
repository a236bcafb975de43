#pragma once

/// \file
/// Names of PostgreSQL's catalog in the statements of its clients: DuckDB has a catalog of these names, too,
/// with other things in it.

#include <string>
#include <string_view>

namespace restate::query::pg {

/// The schema where `information_schema` is as PostgreSQL has it.
inline constexpr const char* kInformation = "restate_postgres_information";
/// The schema of PostgreSQL's catalog.
inline constexpr const char* kCatalog = "restate_postgres";

/// The same statement in words that DuckDB understands: names of PostgreSQL's catalog lead to our
/// own tables, and casts to its types, which we do not have, are gone.
std::string without_catalog_names(std::string_view sql);

}  // namespace restate::query::pg
