#pragma once

/// \file
/// Consecutive records of a loglet as the batches in which they were appended: nothing is copied
/// between the appender and the readers of its node.

#include <restate/bifrost/types.h>

#include <deque>
#include <span>

namespace restate::bifrost {

class RecordSpans {
 public:
  /// Appends a batch; it begins where the last one ends, or the spans are empty.
  void push(LogletOffset first, SharedBatch batch);
  /// What is held from `from` on, up to the end of one batch; empty if `from` is not held.
  std::span<const Record> find(LogletOffset from) const;
  /// Drops whole batches from the front until at most `bytes` are left, but never the last one.
  void shrink(std::size_t bytes);
  /// The same, the last one included.
  void clear_above(std::size_t bytes);
  /// Drops the batches that end at or below `upto`.
  void trim(LogletOffset upto);

  bool empty() const { return spans_.empty(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Span {
    std::uint64_t first;
    SharedBatch batch;
    std::size_t bytes;
    std::uint64_t end() const { return first + batch->size(); }
  };
  void drop_front();

  std::deque<Span> spans_;
  std::size_t bytes_ = 0;
};

/// What a record, or a batch of them, weighs in memory, roughly.
std::size_t weight(const Record& record);
std::size_t weight(const RecordBatch& batch);

}  // namespace restate::bifrost
