#pragma once

/// \file
/// The database of an engine, opened with its first statement.

#include "query/duckdb/database.h"

#include <restate/result.h>

#include <memory>
#include <mutex>
#include <utility>

namespace restate::query {

/// Opens the database when it is needed: most processes never see a statement.
class LazyDatabase {
 public:
  explicit LazyDatabase(EngineOptions options) : options_(std::move(options)) {}

  Result<Database*> get() {
    const std::lock_guard lock(mutex_);
    if (!database_) {
      auto opened = Database::open(options_);
      if (!opened) return std::move(opened).error().within("opening the SQL engine");
      database_ = *std::move(opened);
    }
    return database_.get();
  }

 private:
  const EngineOptions options_;
  std::mutex mutex_;
  std::unique_ptr<Database> database_;
};

}  // namespace restate::query
