#include "query/duckdb/errors.h"

namespace restate::query {

Error error_of(const duckdb::ErrorData& error) {
  switch (error.Type()) {
    case duckdb::ExceptionType::PARSER:
    case duckdb::ExceptionType::SYNTAX:
      return {Code::kInvalidArgument, error.Message()};
    case duckdb::ExceptionType::OUT_OF_MEMORY:
      return {Code::kInternal,
              "The statement needs more memory than admin.query-engine.memory-size leaves it; "
              "tmp-dir beside it would let it use the disk"};
    case duckdb::ExceptionType::INTERRUPT:
      return {Code::kCancelled, "The statement was interrupted"};
    case duckdb::ExceptionType::FATAL:
    case duckdb::ExceptionType::INTERNAL:
      // Its first line: behind it DuckDB says where in the program it was.
      return {Code::kInternal, error.Message().substr(0, error.Message().find('\n'))};
    default:  // of DuckDB, which has many
      return {Code::kInternal, error.Message()};
  }
}

}  // namespace restate::query
