#pragma once

/// \file
/// The database of an engine, opened with its first statement: most processes never see one.

#include "query/duckdb/database.h"

#include <restate/result.h>

#include <memory>
#include <mutex>
#include <utility>

namespace restate::query {

/// From any thread.
class LazyDatabase {
 public:
  explicit LazyDatabase(EngineOptions options) : options_(std::move(options)) {}

  /// A statement holds it for as long as it has a connection of it. Once DuckDB has run into a mistake of
  /// its own it refuses everything: whoever comes then finds a new one.
  Result<std::shared_ptr<Database>> get() {
    const std::lock_guard lock(mutex_);
    if (!database_ || !database_->is_usable()) {
      auto opened = Database::open(options_);
      if (!opened) return std::move(opened).error().within("opening the SQL engine");
      database_ = *std::move(opened);
    }
    return database_;
  }

 private:
  const EngineOptions options_;
  std::mutex mutex_;
  std::shared_ptr<Database> database_;
};

}  // namespace restate::query
