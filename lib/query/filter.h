#pragma once

/// \file
/// What a statement asks of the rows of one table, as far as a scan can make use of it. Filters only
/// save work: whoever asks checks each row again.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace restate::query {

/// Exactly one of the kinds below.
struct Filter {
  std::size_t column = 0;
  std::vector<std::string> texts;      ///< it has one of these values, in text columns
  std::vector<std::uint64_t> numbers;  ///< the same, in the others
  bool negated = false;                ///< it has none of these values
  bool is_null = false;                ///< it has no value
  /// It lies between these, both included; times, in microseconds.
  std::optional<std::int64_t> least, most;

  /// The column has one of the values.
  bool names_values() const { return !negated && !is_null && !least && !most; }
};

/// Of the rows that fit all filters, those that come first by a time are enough.
struct Top {
  std::size_t column = 0;
  bool descending = false;
  std::size_t rows = 0;  ///< ties may be more
};

}  // namespace restate::query
