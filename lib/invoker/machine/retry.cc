#include "invoker/machine/retry.h"

#include "invoker/options.h"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace restate::invoker {

namespace {

constexpr milliseconds kMinJitter{3};
constexpr milliseconds kFloor = std::chrono::duration_cast<milliseconds>(kMinRetryDelay);

/// initial * factor^(k - 1), capped; k counts from 1.
milliseconds backoff(const schema::RetryPolicy& policy, std::uint64_t k) {
  const double cap = static_cast<double>(saturated_ms(policy.max_interval_ms).count());
  if (policy.initial_ms == 0) return milliseconds(0);  // zero times infinity is no number
  const double factor = std::max(policy.factor, 1.0);
  double delay = static_cast<double>(policy.initial_ms);
  // A power of a large k is infinite, which the cap absorbs.
  delay *= std::pow(factor, static_cast<double>(k - 1));
  return milliseconds(static_cast<std::int64_t>(std::min(delay, cap)));
}

milliseconds with_jitter(milliseconds delay, std::uint64_t random) {
  const auto most = std::max<std::int64_t>(delay.count() * 3 / 10, kMinJitter.count());
  const auto span = static_cast<std::uint64_t>(most - kMinJitter.count()) + 1;
  return delay + kMinJitter + milliseconds(static_cast<std::int64_t>(random % span));
}

RetryDecision give_up(const RetryCounter& counter) {
  if (counter.policy().kill) return FailInvocation{};
  return PauseInvocation{};
}

}  // namespace

std::optional<milliseconds> RetryCounter::next(std::uint64_t random) {
  // The first attempt counts: after failure number n there were n attempts.
  if (policy_.max_attempts && failed_ + 1 >= *policy_.max_attempts) return std::nullopt;
  ++failed_;
  milliseconds delay = backoff(policy_, failed_);
  if (delay.count() == 0) delay = kFloor;  // a policy of zeros must not become a hot loop
  return with_jitter(delay, random);
}

std::optional<milliseconds> RetryCounter::next_after_refusal(std::uint64_t random) {
  const milliseconds delay = kFloor * (1 << refused_);
  refused_ = std::min(refused_ + 1, kRefusalDoublings);
  return with_jitter(delay, random);
}

milliseconds RetryCounter::next_after_shortage(std::uint64_t random) {
  const std::uint32_t doublings = std::min(shortages_++, kLongestShortage);
  return with_jitter(std::chrono::duration_cast<milliseconds>(kFirstShortageWait) *
                         (1 << doublings),
                     random);
}

RetryDecision decide(const AttemptError& error, bool pause_requested, RetryCounter& counter,
                     std::uint64_t random) {
  if (error.kind == AttemptError::Kind::kNotInvoked) return ForgetInvocation{};
  if (pause_requested || error.kind == AttemptError::Kind::kPause) return PauseInvocation{};
  switch (error.behavior) {
    case ErrorBehavior::kPause:
      return PauseInvocation{};
    case ErrorBehavior::kFail:
      return FailInvocation{};
    case ErrorBehavior::kRetry:
      break;
  }
  if (error.kind == AttemptError::Kind::kExhausted) return give_up(counter);
  if (error.shortage) return RetryAfter{counter.next_after_shortage(random)};
  if (error.next_delay) {
    // Without a floor it would be a loop without end or pause: such waits consume no attempts.
    if (error.next_delay->count() > 0) return RetryAfter{std::max(*error.next_delay, kFloor)};
    return RetryAfter{std::max(saturated_ms(counter.policy().initial_ms), kFloor)};
  }
  if (error.refused) return RetryAfter{*counter.next_after_refusal(random)};
  counter.on_accepted();
  if (const auto delay = counter.next(random)) return RetryAfter{*delay};
  return give_up(counter);
}

}  // namespace restate::invoker
