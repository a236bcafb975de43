#pragma once

/// \file
/// Positions below which a partition's log may be forgotten, each once its time has come.

#include <restate/time.h>

#include <cstdint>
#include <deque>
#include <optional>

namespace restate::worker {

/// Holds a few dozen points at most: of those close together only the latest is kept, and waits for
/// its own time.
class TrimQueue {
 public:
  /// A point waits for `delay`, but not longer than it takes the node to write `most_bytes` of log:
  /// the disk must hold what waits.
  TrimQueue(Duration delay, std::uint64_t most_bytes);

  /// Everything up to `lsn` has been durable for `age`. Points come in order; others are ignored.
  void add(std::uint64_t lsn, Instant now, Duration age, std::uint64_t node_bytes);
  /// Takes the last point that is due, and those before it.
  std::optional<std::uint64_t> take_due(Instant now, std::uint64_t node_bytes);
  /// When the first point is due, whatever is written meanwhile.
  std::optional<Instant> next() const;

  std::size_t size() const { return points_.size(); }

 private:
  struct Point {
    std::uint64_t lsn = 0;
    Instant due;
    std::uint64_t node_bytes = 0;
  };

  const Duration delay_;
  const std::uint64_t most_bytes_;
  std::deque<Point> points_;
};

}  // namespace restate::worker
