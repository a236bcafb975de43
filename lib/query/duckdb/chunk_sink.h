#pragma once

/// \file
/// Puts the rows of a scan into the vectors of a DuckDB chunk. Nobody but this counts what their texts
/// take: DuckDB's budget has no part in them, and a chunk may have 2048 rows of many megabytes each.

#include "query/row_sink.h"

#include <duckdb.hpp>

#include <cstddef>
#include <vector>

namespace restate::query {

class ChunkSink final : public RowSink {
 public:
  static constexpr std::size_t kNowhere = SIZE_MAX;

  /// `places`: the vector of `chunk` for each column of the table, or `kNowhere`. The chunk is
  /// empty, and has room for `capacity` rows.
  ChunkSink(duckdb::DataChunk& chunk, const std::vector<std::size_t>& places,
            duckdb::idx_t capacity = STANDARD_VECTOR_SIZE);

  std::size_t rows() const { return row_; }

  void text(std::size_t column, std::string_view value) override;
  void boolean(std::size_t column, bool value) override;
  void number(std::size_t column, std::uint64_t value) override;
  void binary(std::size_t column, std::string_view value) override;
  void time(std::size_t column, WallTime value) override;
  void duration(std::size_t column, std::uint64_t ms) override;
  void texts(std::size_t column, std::span<const std::string> values) override;
  void numbers(std::size_t column, std::span<const std::uint32_t> values) override;
  void end_row() override { ++row_; }
  bool is_full() const override { return bytes_ >= kFullBytes; }

 private:
  static constexpr std::size_t kFullBytes = std::size_t{1} << 20;

  /// The vector of a column; the row at hand is not null in it any more.
  duckdb::Vector& at(std::size_t column);
  /// Makes room for `count` more elements in a list; answers where they begin.
  duckdb::idx_t extend(duckdb::Vector& list, std::size_t count);

  duckdb::DataChunk& chunk_;
  const std::vector<std::size_t>& places_;
  duckdb::idx_t row_ = 0;
  std::size_t bytes_ = 0;  ///< of texts and binaries
};

}  // namespace restate::query
