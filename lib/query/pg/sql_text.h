#pragma once

/// \file
/// As much of SQL as it takes to tell statements apart: where one ends, what kind it is, and which
/// of its words are names of PostgreSQL's catalog.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace restate::query::pg {

enum class TokenKind : std::uint8_t {
  kWord,       ///< a keyword or a name
  kQuoted,     ///< `"name"`
  kString,     ///< `'text'`, `E'text'`, `$tag$text$tag$`
  kParameter,  ///< `$1`
  kNumber,
  kSymbol,  ///< one character
};

struct Token {
  TokenKind kind;
  std::size_t begin = 0;
  std::string_view text;
};

/// A statement in pieces, without comments and white space. What is not closed goes to the end.
std::vector<Token> tokens_of(std::string_view sql);

/// The statements of a text, without what separates them; empty ones are left out. At most `most`.
std::vector<std::string_view> split_statements(std::string_view sql, std::size_t most = SIZE_MAX);

enum class StatementKind : std::uint8_t {
  kEmpty,
  kQuery,  ///< for the engine
  kBegin,
  kCommit,
  kRollback,
  kSavepoint,  ///< and its relatives, which mean nothing here, but for `ROLLBACK TO`
  kRollbackTo,
  kSet,
  kReset,
  kShow,
  kDeallocate,
  kDiscard,
  kNothing,  ///< allowed, and without effect
  kWrite,
  kUnsupported,
};

struct StatementPlan {
  StatementKind kind = StatementKind::kEmpty;
  std::string tag = {};    ///< what a client is told at its end; of a query the word before the count
  std::string name = {};   ///< what is set, shown or given up; empty: everything
  std::string value = {};  ///< what it is set to
};

/// What one statement is.
StatementPlan plan_of(std::string_view sql);

/// The same statement in words that DuckDB understands: names of PostgreSQL's catalog lead to our
/// own tables, and casts to its types, which we do not have, are gone.
std::string without_catalog_names(std::string_view sql);

/// The schema where `information_schema` is as PostgreSQL has it.
inline constexpr const char* kInformation = "restate_postgres_information";
/// The schema of PostgreSQL's catalog.
inline constexpr const char* kCatalog = "restate_postgres";

}  // namespace restate::query::pg
