#pragma once

/// \file
/// The seam to whoever understands SQL. Statements run in steps on threads of the engine's own, so
/// that a client that reads slowly holds a statement, but no thread.

#include "query/inputs.h"
#include "query/pg/request.h"

#include <restate/function.h>
#include <restate/result.h>
#include <restate/runtime.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace restate::query {

enum class Format : std::uint8_t {
  kJson,   ///< `{"rows":[...]}`
  kArrow,  ///< an Arrow IPC stream
};

struct EngineOptions {
  /// Bytes for sorts, joins and aggregations of all statements together.
  std::size_t memory = std::size_t{1} << 30;
  /// Where what does not fit may go; empty: then the statement fails instead.
  std::string temp_directory;
  /// Threads that scan, sort and join, for all statements together; 0: half of the CPUs.
  std::uint32_t parallelism = 0;
  /// Threads on which statements take their steps.
  std::uint32_t threads = 4;
};

/// Bytes of the answer, in order.
struct Piece {
  Bytes body;
  bool last = false;
};

/// One statement. Its steps are taken one at a time, each on any thread of the engine. Errors:
/// - `kInvalidArgument`: the statement is malformed, or none that may be run here.
/// - `kCancelled`: it was interrupted.
/// - any other code: it could not be run.
class SqlStatement {
 public:
  virtual ~SqlStatement() = default;
  /// Reads the text. First step.
  virtual Result<Needs> prepare() = 0;
  /// Second step.
  virtual Result<void> begin(InputsPtr inputs) = 0;
  /// The next `bytes` of the answer, more or less. Not after the last one.
  virtual Result<Piece> next(std::size_t bytes) = 0;
  /// Ends the step under way soon. From any thread.
  virtual void interrupt() = 0;
};

/// Outlives its statements.
class SqlEngine {
 public:
  virtual ~SqlEngine() = default;
  virtual std::unique_ptr<SqlStatement> make_statement(std::string sql, Format format) = 0;
  /// For PostgreSQL's protocol: what fails is said in the answer, not by its steps.
  virtual std::unique_ptr<SqlStatement> make_statement(pg::Request request) = 0;
  /// Runs `job` on one of the engine's threads. After the engine began to close, it is dropped.
  virtual void run(Task job) = 0;
};

/// DuckDB, opened when the first statement comes. Only in builds with RESTATE_SQL.
std::unique_ptr<SqlEngine> make_duckdb_engine(EngineOptions options);

}  // namespace restate::query
