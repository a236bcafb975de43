#pragma once

/// \file
/// Where scans put their rows: a column at a time, only those that were asked for. A column that
/// gets no value is null.

#include <restate/time.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace restate::query {

class RowSink {
 public:
  virtual void text(std::size_t column, std::string_view value) = 0;
  virtual void boolean(std::size_t column, bool value) = 0;
  /// `kU32` and `kU64`.
  virtual void number(std::size_t column, std::uint64_t value) = 0;
  virtual void binary(std::size_t column, std::string_view value) = 0;
  virtual void time(std::size_t column, WallTime value) = 0;
  virtual void duration(std::size_t column, std::uint64_t ms) = 0;
  virtual void texts(std::size_t column, std::span<const std::string> values) = 0;
  virtual void numbers(std::size_t column, std::span<const std::uint32_t> values) = 0;
  virtual void end_row() = 0;
  /// True: after this row a scan pauses, however many more it may put.
  virtual bool is_full() const { return false; }

 protected:
  ~RowSink() = default;
};

/// One column of the row at hand.
class Cell {
 public:
  Cell(RowSink& sink, std::size_t column) : sink_(sink), column_(column) {}

  void text(std::string_view value) { sink_.text(column_, value); }
  void boolean(bool value) { sink_.boolean(column_, value); }
  void number(std::uint64_t value) { sink_.number(column_, value); }
  void binary(std::string_view value) { sink_.binary(column_, value); }
  void time(WallTime value) { sink_.time(column_, value); }
  void duration(std::uint64_t ms) { sink_.duration(column_, ms); }
  void texts(std::span<const std::string> values) { sink_.texts(column_, values); }
  void numbers(std::span<const std::uint32_t> values) { sink_.numbers(column_, values); }

  // Nothing stays null.
  template <class T>
  void opt_text(const T& value) {
    if (value) text(*value);
  }
  template <class T>
  void opt_time(const T& value) {
    if (value) time(*value);
  }
  template <class T>
  void opt_number(const T& value) {
    if (value) number(*value);
  }

 private:
  RowSink& sink_;
  std::size_t column_;
};

}  // namespace restate::query
