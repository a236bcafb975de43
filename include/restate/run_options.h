#pragma once

/// \file
/// How a step outside of the journal is tried again when it fails: see `Context::run`.

#include <restate/time.h>

#include <chrono>
#include <cstdint>
#include <optional>

#pragma GCC visibility push(default)

namespace restate {

/// How a step that fails is tried again; what is left open, the invocation's retry policy decides.
struct RunOptions {
  std::optional<std::uint32_t> max_attempts = {};    ///< then the step fails for good
  std::optional<Duration> max_duration = {};         ///< as does one that failed for this long
  std::optional<Duration> initial_interval = {};     ///< the wait before the second try
  double factor = 2.0;                               ///< by which the wait grows each time
  Duration max_interval = std::chrono::seconds(10);  ///< the longest wait
  /// Then it does not fail for good: the invocation is paused, and whoever resumes it has it tried
  /// again.
  bool pause_when_exhausted = false;
};

}  // namespace restate

#pragma GCC visibility pop
