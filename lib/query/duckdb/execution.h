#pragma once

/// \file
/// A statement while it runs, whatever its answer will look like: its connection, a plan or the look-up
/// that stands for one, and the rows in pieces.

#include "query/duckdb/connection_pool.h"
#include "query/duckdb/look_up.h"
#include "query/duckdb/scan_function.h"
#include "query/duckdb/work_time.h"
#include "query/inputs.h"

#include <restate/result.h>

#include <duckdb.hpp>

#include <memory>
#include <mutex>
#include <optional>
#include <set>

namespace restate::query {

/// All but `interrupt` on one thread at a time. What DuckDB finds wrong is thrown, as DuckDB does.
class Execution {
 public:
  Execution() = default;
  ~Execution();
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  /// From any thread: the step that runs, and those that follow, end with `kCancelled`.
  void interrupt();
  Result<void> check_interrupt();

  /// First of all. `home` gets the connection once all rows have come; it outlives this.
  /// - `kCancelled`.
  Result<void> connect(duckdb::unique_ptr<duckdb::Connection> connection, ConnectionPool& home);
  duckdb::Connection& connection() { return *connection_; }

  /// Then one of these: how to find the rows. Both tell which invocations they are about, if they know.
  std::optional<std::set<InvocationId>> use(LookUp look_up);
  std::optional<std::set<InvocationId>> plan(duckdb::unique_ptr<duckdb::SQLStatement> statement,
                                             const std::optional<TopOfTable>& top);
  /// What the plan would answer with, for whoever asks no more than that.
  ResultShape describe();

  /// - `kCancelled`.
  Result<ResultShape> begin(InputsPtr inputs);
  /// Good until it is asked again; null behind the last row.
  /// - `kCancelled`; `kCorrupt`, `kFailed`: the disk.
  Result<duckdb::DataChunk*> next();

  /// Counts as work for as long as it exists.
  WorkTime::Step work() { return WorkTime::Step(work_); }

 private:
  WorkTime work_;  ///< first: the last to go
  std::mutex mutex_;  ///< of the connection as `interrupt` sees it
  bool interrupted_ = false;
  duckdb::unique_ptr<duckdb::Connection> connection_;
  ConnectionPool* home_ = nullptr;
  duckdb::unique_ptr<duckdb::PreparedStatement> plan_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  duckdb::unique_ptr<duckdb::DataChunk> chunk_;
  std::optional<LookUp> look_up_;
  std::unique_ptr<LookUpRows> rows_;  ///< instead of a plan and its result
  bool at_end_ = false;
};

}  // namespace restate::query
