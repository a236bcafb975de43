#pragma once

/// \file
/// The time stamp of documents: milliseconds since 2022-01-01T00:00:00Z in the high bits, a counter
/// in the low 22, so that stamps of one writer never repeat.

#include <restate/time.h>

#include <compare>
#include <cstdint>

#pragma GCC visibility push(default)

namespace restate::metadata {

/// Compares as a number, which is the order of writing for one writer.
struct HybridTime {
  std::uint64_t value = 0;  ///< milliseconds << 22 | counter; 0: before 2022

  auto operator<=>(const HybridTime&) const = default;
  /// 2022-01-01T00:00:00Z in milliseconds since 1970.
  static constexpr std::uint64_t kEpochMs = 1'640'995'200'000;
  static constexpr int kCounterBits = 22;  ///< up to four million stamps in a millisecond

  /// The stamp of `now` with counter 0; a clock before 2022 gives 0.
  static HybridTime from(WallTime now) {
    return {now.ms < kEpochMs ? 0 : (now.ms - kEpochMs) << kCounterBits};
  }
  /// The milliseconds in it, without the counter.
  WallTime wall() const { return {(value >> kCounterBits) + kEpochMs}; }
};

}  // namespace restate::metadata

#pragma GCC visibility pop
