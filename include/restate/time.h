#pragma once

/// \file
/// Two clocks that must not be mixed: `Instant` measures waiting on this machine, `WallTime` is the
/// time of day that records carry.

#include <chrono>
#include <compare>
#include <cstdint>

#pragma GCC visibility push(default)

namespace restate {

/// How long something takes, in nanoseconds.
using Duration = std::chrono::nanoseconds;
using std::chrono::milliseconds;

/// A point on the monotonic clock of one process.
struct Instant {
  std::int64_t ns = 0;  ///< since some moment of this process; never shown to users

  auto operator<=>(const Instant&) const = default;
  friend Instant operator+(Instant at, Duration wait) { return {at.ns + wait.count()}; }
  friend Instant operator-(Instant at, Duration wait) { return {at.ns - wait.count()}; }
  friend Duration operator-(Instant a, Instant b) { return Duration(a.ns - b.ns); }
};

/// Milliseconds since 1970-01-01T00:00:00Z.
struct WallTime {
  std::uint64_t ms = 0;  ///< since 1970, without leap seconds

  auto operator<=>(const WallTime&) const = default;
  /// Saturates: a retention of "for ever" must not wrap around.
  WallTime plus(std::uint64_t more_ms) const {
    return {ms + more_ms < ms ? UINT64_MAX : ms + more_ms};
  }
  /// The time from `earlier` to this, 0 if the clock went backwards.
  std::uint64_t ms_since(WallTime earlier) const { return ms > earlier.ms ? ms - earlier.ms : 0; }
};

}  // namespace restate

#pragma GCC visibility pop
