#pragma once

/// \file
/// Connections between two statements: to open one costs as much as to parse a short statement.

#include <duckdb.hpp>

#include <mutex>
#include <vector>

namespace restate::query {

class ConnectionPool {
 public:
  using Ptr = duckdb::unique_ptr<duckdb::Connection>;

  /// Null: there is none.
  Ptr take();
  /// Takes back one whose statement has come to its end. Nothing that it read is held any longer.
  void put(Ptr connection);

 private:
  std::mutex mutex_;
  std::vector<Ptr> idle_;
};

}  // namespace restate::query
