#pragma once

/// \file
/// How the columns of a table come out of a decoded row: a function per name. Tables that show the
/// same thing share them.

#include "query/catalog.h"
#include "query/row_sink.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

namespace restate::query {

template <class Row>
struct Field {
  std::string_view name;
  void (*put)(const Row& row, Cell cell);
};

/// The fields behind the columns that a scan was asked for. Columns without a field stay null.
template <class Row>
class Projection {
 public:
  Projection(const Table& table, std::span<const std::size_t> columns,
             std::span<const Field<Row>> fields) {
    for (const std::size_t column : columns) {
      const auto field = std::find_if(fields.begin(), fields.end(), [&](const Field<Row>& each) {
        return each.name == table.columns[column].name;
      });
      if (field != fields.end()) bound_.push_back({column, &*field});
    }
  }

  /// Does not end the row: more may belong to it.
  void put(const Row& row, RowSink& sink) const {
    for (const auto& [column, field] : bound_) field->put(row, Cell(sink, column));
  }

  /// True if `test` holds for each of the fields in use.
  template <class Test>
  bool all(Test test) const {
    return std::all_of(bound_.begin(), bound_.end(),
                       [&](const Bound& bound) { return test(bound.field->name); });
  }

 private:
  struct Bound {
    std::size_t column;
    const Field<Row>* field;
  };
  std::vector<Bound> bound_;
};

}  // namespace restate::query
