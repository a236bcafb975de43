#pragma once

/// \file
/// A column of a result, readable by row whatever DuckDB has made of it, with the type that clients
/// see.

#include "query/arrow_message.h"

#include <duckdb.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::query {

/// The type under which clients see a column, and what it is in DuckDB.
struct ResultType {
  duckdb::LogicalType logical;
  arrow::Type shown = arrow::Type::kLargeUtf8;
  bool as_text = false;            ///< a type that clients do not know: its text
  std::vector<std::string> names;  ///< of a struct's members
  std::vector<ResultType> children;
};

ResultType result_type(const duckdb::LogicalType& type);

/// One column of one chunk, which outlives it.
class ColumnView {
 public:
  ColumnView(duckdb::Vector& vector, duckdb::idx_t rows, const ResultType& type);

  const ResultType& type() const { return *type_; }

  /// Where a row is in the data. Everything below takes that.
  duckdb::idx_t at(duckdb::idx_t row) const { return format_.sel->get_index(row); }
  bool is_null(duckdb::idx_t at) const { return !format_.validity.RowIsValid(at); }

  bool boolean(duckdb::idx_t at) const { return data<bool>()[at]; }
  /// Integers of up to 64 bits, signed and not, by their bits; of wider ones nothing if they do not
  /// fit into the shown type.
  std::optional<std::uint64_t> integer(duckdb::idx_t at) const;
  /// An integer of any size, in decimal.
  std::string digits(duckdb::idx_t at) const { return vector_->GetValue(at).ToString(); }
  double real(duckdb::idx_t at) const;
  /// Text and binary; other types as their text, kept in `buffer`.
  std::string_view text(duckdb::idx_t at, std::string& buffer) const;
  /// Microseconds.
  std::int64_t time(duckdb::idx_t at) const { return data<std::int64_t>()[at]; }
  std::int64_t duration_ms(duckdb::idx_t at) const;
  duckdb::interval_t interval(duckdb::idx_t at) const { return data<duckdb::interval_t>()[at]; }
  std::int64_t date(duckdb::idx_t at) const { return data<std::int32_t>()[at]; }
  duckdb::list_entry_t list(duckdb::idx_t at) const { return data<duckdb::list_entry_t>()[at]; }

  const std::vector<ColumnView>& children() const { return children_; }
  /// Of a list: how many elements all of its rows have.
  duckdb::idx_t elements() const { return elements_; }

 private:
  template <class T>
  const T* data() const {
    return duckdb::UnifiedVectorFormat::GetData<T>(format_);
  }

  duckdb::Vector* vector_;
  const ResultType* type_;
  duckdb::UnifiedVectorFormat format_;
  std::vector<ColumnView> children_;
  duckdb::idx_t elements_ = 0;
};

}  // namespace restate::query
