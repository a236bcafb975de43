#pragma once

#include <restate/run_options.h>

#include <cstdint>
#include <optional>

namespace restate::native {

/// What to do about a step that failed for the `attempts`-th time, `elapsed_ms` after its first try.
struct RunVerdict {
  bool give_up = false;
  std::optional<std::uint64_t> retry_delay_ms;  ///< nothing: the invocation's own policy decides
};

RunVerdict judge_run_failure(const RunOptions& options, std::uint32_t attempts,
                             std::uint64_t elapsed_ms);

}  // namespace restate::native
