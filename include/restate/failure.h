#pragma once

/// \file
/// The errors that durable functions and their steps return on purpose, and the one that they are
/// given when somebody cancels their invocation.

#include <restate/error.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// The failure of user code, for good: not retried, seen by callers.
inline Error terminal(std::string message, std::uint32_t status = 500,
                      std::vector<std::pair<std::string, std::string>> metadata = {}) {
  return {Code::kTerminal, std::move(message), status, std::move(metadata)};
}

/// Whether this is the cancellation of the invocation that got it, and not some 409 of a callee.
inline bool is_cancellation(const Error& error) {
  return error.code == Code::kTerminal && error.cancelled;
}

/// A failure that time does not mend. The invocation is paused; once somebody resumes it, what
/// failed with this, a step or the function, is tried again.
inline Error paused(std::string message) {
  Error error{Code::kUnavailable, std::move(message)};
  error.retry.pause = true;
  return error;
}

/// A failure after which the next try of the step or the function, if there is to be one, is due in
/// `delay`, whatever the policy says. Later tries are not changed by it.
inline Error retry_in(std::chrono::milliseconds delay, std::string message) {
  Error error{Code::kUnavailable, std::move(message)};
  error.retry.delay_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(delay.count(), 0));
  return error;
}

}  // namespace restate

#pragma GCC visibility pop
