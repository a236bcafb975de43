#pragma once

/// \file
/// The rows of one invocation by its id, as the web page, the command line and people ask for them
/// most often: read without a plan, which would take several times as long as the rest.

#include "query/catalog.h"
#include "query/duckdb/encoder.h"
#include "query/filter.h"
#include "query/inputs.h"
#include "query/table_scan.h"

#include <restate/result.h>

#include <duckdb.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restate::query {

struct LookUp {
  const Table* table = nullptr;
  std::vector<std::size_t> columns;  ///< each once
  std::vector<std::string> names;    ///< what they are called
  std::vector<Filter> filters;       ///< one, which names an id
};

/// `SELECT * FROM sys_journal WHERE id = '...'`, with columns or all of them, and nothing more than
/// that. Nothing: it takes a plan.
std::optional<LookUp> look_up_of(const duckdb::QueryNode& node);

class LookUpRows {
 public:
  LookUpRows(LookUp look_up, InputsPtr inputs);
  LookUpRows(const LookUpRows&) = delete;
  LookUpRows& operator=(const LookUpRows&) = delete;

  ResultShape shape() const;
  /// The next rows, which are good until it is asked again; null behind the last ones.
  /// - `kCorrupt`, `kFailed`: the disk.
  Result<duckdb::DataChunk*> next();

 private:
  const LookUp look_up_;
  duckdb::vector<duckdb::LogicalType> types_;
  std::vector<std::size_t> places_;
  TableScan scan_;
  TableScan::Cursor cursor_;
  duckdb::DataChunk chunk_;
};

}  // namespace restate::query
