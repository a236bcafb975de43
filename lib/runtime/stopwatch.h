#pragma once

/// \file
/// Measures how long our own code takes, for metrics. The one clock beside the runtime's, which
/// stands still within a turn; nothing is ever decided by it, so runs of the simulator stay the same.

#include <restate/time.h>

#include <chrono>

namespace restate {

class Stopwatch {
 public:
  /// The time since the last call, or since the beginning.
  Duration lap() {
    const auto now = std::chrono::steady_clock::now();
    const Duration passed = now - since_;
    since_ = now;
    return passed;
  }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

}  // namespace restate
