#pragma once

/// \file
/// Reads one table for one query: the parts of the key space that its filters leave, piece by piece
/// and from several threads, so that whoever asks can stop at any row.

#include "query/catalog.h"
#include "query/filter.h"
#include "query/inputs.h"
#include "query/row_sink.h"
#include "query/row_source.h"

#include <restate/result.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace restate::query {

class TableScan {
 public:
  /// `columns`: those that are put, in any order. All `filters` hold together. `top`: more rows than
  /// those are not needed; only of invocations, and with filters that are exact.
  TableScan(InputsPtr inputs, const Table& table, std::vector<std::size_t> columns,
            const std::vector<Filter>& filters, const std::optional<Top>& top = std::nullopt);
  TableScan(const TableScan&) = delete;
  TableScan& operator=(const TableScan&) = delete;

  /// How many parts there are; each is read by one thread at a time.
  std::size_t parts() const { return parts_.size(); }

  /// How far a part has been read.
  struct Cursor {
    std::size_t part = 0;
    std::string next;       ///< the first key that has not been read; empty: none has
    std::size_t index = 0;  ///< the same, in a list
    bool at_end = false;
    std::unique_ptr<StoredRows::Memo> memo;
  };

  /// Puts up to `limit` rows, at least one of which `sink` has room for; it may be none before the part
  /// is at its end, where many did not fit the filters. Asked again it goes on.
  /// - `kCorrupt`, `kFailed`: the disk.
  Result<std::size_t> read(Cursor& cursor, std::size_t limit, RowSink& sink) const;

 private:
  struct Part {
    const PartitionInput* partition = nullptr;
    std::string lower;
    std::string upper;  ///< empty: `lower` is the one key to be read
  };

  void plan(const std::vector<Filter>& filters);
  void plan_ids(const std::set<InvocationId>& ids);
  Result<std::size_t> read_rows(const Part& part, Cursor& cursor, std::size_t limit,
                                RowSink& sink) const;
  Result<std::size_t> read_row(const Part& part, Cursor& cursor, RowSink& sink) const;
  std::size_t read_list(Cursor& cursor, std::size_t limit, RowSink& sink) const;

  const InputsPtr inputs_;
  const Table& table_;
  const std::vector<std::size_t> columns_;
  std::unique_ptr<StoredRows> stored_;
  std::unique_ptr<ListedRows> listed_;
  std::vector<Part> parts_;
  bool beyond_inputs_ = false;  ///< it would miss rows: the inputs are of some invocations only
};

}  // namespace restate::query
