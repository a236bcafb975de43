#pragma once

/// \file
/// How long a statement has worked. What a long one leaves with DuckDB's allocator, freed but not given
/// back to the system, would otherwise stay for as long as nobody asks.

#include <duckdb/common/allocator.hpp>

#include <chrono>

namespace restate::query {

class WorkTime {
 public:
  /// Counts as work for as long as it exists.
  class Step {
   public:
    explicit Step(WorkTime& work) : work_(work), begin_(std::chrono::steady_clock::now()) {}
    ~Step() { work_.total_ += std::chrono::steady_clock::now() - begin_; }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    WorkTime& work_;
    const std::chrono::steady_clock::time_point begin_;
  };

  WorkTime() = default;
  /// Once all else of the statement is gone.
  ~WorkTime() {
    if (total_ >= kLong) duckdb::Allocator::FlushAll();
  }
  WorkTime(const WorkTime&) = delete;
  WorkTime& operator=(const WorkTime&) = delete;

 private:
  /// In less time nobody fills much memory; to give it back takes a few milliseconds.
  static constexpr std::chrono::milliseconds kLong{50};

  std::chrono::steady_clock::duration total_{0};
};

}  // namespace restate::query
