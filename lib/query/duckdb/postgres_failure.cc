#include "query/duckdb/postgres_failure.h"

#include <string>

namespace restate::query {
namespace {

/// What PostgreSQL calls a thing that is not there; the texts are DuckDB's.
const char* missing_state(const std::string& message) {
  const auto names = [&](const char* what) { return message.find(what) != std::string::npos; };
  if (names("Table with name") || names("Referenced table")) return "42P01";
  if (names("Function with name") || names("Function Function with name") ||
      names("No function matches")) {
    return "42883";
  }
  if (names("Schema with name") || names("schema")) return "3F000";
  if (names("column") || names("Column")) return "42703";
  if (names("Type with name")) return "42704";
  return "42601";
}

}  // namespace

pg::Failure postgres_failure(const duckdb::ErrorData& error) {
  using duckdb::ExceptionType;
  const std::string& message = error.RawMessage();
  const auto mentions = [&](const char* what) { return message.find(what) != std::string::npos; };
  switch (error.Type()) {
    case ExceptionType::PARSER:
    case ExceptionType::SYNTAX:
      return {"42601", message};
    case ExceptionType::CATALOG:
    case ExceptionType::BINDER:
      return {missing_state(message), message};
    case ExceptionType::CONVERSION:
    case ExceptionType::MISMATCH_TYPE:
    case ExceptionType::INVALID_TYPE:
      return {mentions("timestamp") || mentions("date") ? "22007" : "22P02", message};
    case ExceptionType::OUT_OF_RANGE:
      return {"22003", message};
    case ExceptionType::DIVIDE_BY_ZERO:
      return {"22012", message};
    case ExceptionType::INVALID_INPUT:
      return {"22023", message};
    case ExceptionType::INTERRUPT:
      return {"57014", "canceling statement due to user request"};
    case ExceptionType::OUT_OF_MEMORY:
      return {"53200", message};
    case ExceptionType::NOT_IMPLEMENTED:
      return {"0A000", message};
    case ExceptionType::PERMISSION:
      return {"42501", message};
    case ExceptionType::FATAL:
    case ExceptionType::INTERNAL:  // without where in the program DuckDB was
      return {"XX000", message.substr(0, message.find('\n'))};
    default:  // of DuckDB, which has many
      return {"XX000", message};
  }
}

pg::Failure postgres_failure(const Error& error) {
  switch (error.code) {
    case Code::kCancelled:
      return {"57014", "canceling statement due to user request"};
    case Code::kInvalidArgument:
      return {"42601", error.message};
    case Code::kUnsupported:
      return {"0A000", error.message};
    default:
      return {"XX000", error.message};
  }
}

}  // namespace restate::query
