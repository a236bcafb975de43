#include "native/run_policy.h"

#include <algorithm>

namespace restate::native {
namespace {

std::uint64_t to_ms(Duration duration) {
  const auto ms = std::chrono::duration_cast<milliseconds>(duration).count();
  return ms < 0 ? 0 : static_cast<std::uint64_t>(ms);
}

constexpr Duration kDefaultInitialInterval = milliseconds(50);

}  // namespace

RunVerdict judge_run_failure(const RunOptions& options, std::uint32_t attempts,
                             std::uint64_t elapsed_ms) {
  if (!options.max_attempts && !options.max_duration && !options.initial_interval) return {};
  if (options.max_attempts && attempts >= *options.max_attempts) return {.give_up = true};
  if (options.max_duration && elapsed_ms >= to_ms(*options.max_duration)) return {.give_up = true};
  const std::uint64_t longest = to_ms(options.max_interval);
  double delay = static_cast<double>(to_ms(options.initial_interval.value_or(kDefaultInitialInterval)));
  for (std::uint32_t i = 1; i < attempts && delay < static_cast<double>(longest); ++i) {
    delay *= std::max(options.factor, 1.0);
  }
  return {.retry_delay_ms = std::min(static_cast<std::uint64_t>(delay), longest)};
}

}  // namespace restate::native
