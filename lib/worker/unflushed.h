#pragma once

/// \file
/// What a crash would take from a partition's tables, told in bytes of log: its own, which it would
/// have to apply again, and those of the whole node, whose segments its oldest record keeps from
/// being given back.

#include <restate/time.h>

#include <cstddef>
#include <cstdint>
#include <deque>

namespace restate::worker {

/// Knows runs of records, not each one, and rounds up: it never says less than there is.
class Unflushed {
 public:
  /// A run ends after so many bytes, or so much time.
  Unflushed(std::size_t run_bytes, Duration run_time);

  /// Records from `first` to `last` are committed. `node_bytes` were applied on this node before.
  void committed(std::uint64_t first, std::uint64_t last, std::size_t bytes,
                 std::uint64_t node_bytes, Instant now);
  /// What is committed from here on is a new run: a flush has just begun.
  void cut() { cut_ = true; }
  /// A crash can no longer take anything up to this LSN.
  void on_durable(std::uint64_t durable);

  bool empty() const { return runs_.empty(); }
  /// Bytes of this partition's log; 0 when empty.
  std::uint64_t bytes() const;
  /// Bytes of the node's log from the oldest record on; 0 when empty.
  std::uint64_t pinned_bytes(std::uint64_t node_bytes) const;
  /// How long the oldest record has waited; 0 when empty.
  Duration age(Instant now) const;

 private:
  struct Run {
    std::uint64_t first = 0;
    std::uint64_t bytes_before = 0;
    std::uint64_t node_bytes_before = 0;
    Instant since;
  };

  const std::size_t run_bytes_;
  const Duration run_time_;
  std::deque<Run> runs_;
  std::uint64_t last_ = 0;   ///< the last record committed
  std::uint64_t bytes_ = 0;  ///< committed in all
  bool cut_ = false;
};

}  // namespace restate::worker
