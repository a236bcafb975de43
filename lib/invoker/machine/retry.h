#pragma once

/// \file
/// What happens after an attempt has failed: the retry policy as a counter, and the order in which
/// reasons to stop are looked at.

#include "invoker/machine/failure.h"
#include "schema/schema.h"

#include <restate/time.h>

#include <cstdint>
#include <optional>
#include <variant>

namespace restate::invoker {

/// How often a residency has been tried, under a policy that may change on the way. Progress does
/// not reset it; only a new residency starts from zero.
class RetryCounter {
 public:
  explicit RetryCounter(const schema::RetryPolicy& policy) : policy_(policy) {}

  /// Goes on where an earlier residency stopped.
  void resume_from(std::uint64_t failed, std::uint32_t refused) {
    failed_ = failed;
    refused_ = refused;
  }
  std::uint64_t failed() const { return failed_; }
  std::uint32_t refused() const { return refused_; }
  /// Another deployment was chosen: its policy counts from here on, with the tries made so far.
  void use(const schema::RetryPolicy& policy) { policy_ = policy; }
  const schema::RetryPolicy& policy() const { return policy_; }

  /// The wait before the next attempt, or nothing when there may be none. Consumes one attempt.
  /// `random`: 64 uniform bits, for the jitter.
  std::optional<milliseconds> next(std::uint64_t random);
  /// The same where nobody has looked at the request. Consumes nothing, however often: the endpoint
  /// is there, and will have drained. There is always an answer, and waits in a row grow.
  std::optional<milliseconds> next_after_refusal(std::uint64_t random);
  /// The same where the node had no memory. Consumes nothing, ever: it is our fault.
  milliseconds next_after_shortage(std::uint64_t random);
  /// Somebody has looked at it.
  void on_accepted() { refused_ = 0, shortages_ = 0; }

 private:
  schema::RetryPolicy policy_;
  std::uint64_t failed_ = 0;
  std::uint32_t refused_ = 0;    ///< in a row
  std::uint32_t shortages_ = 0;  ///< in a row
};

struct RetryAfter {
  milliseconds delay;
  bool operator==(const RetryAfter&) const = default;
};
struct PauseInvocation {
  bool operator==(const PauseInvocation&) const = default;
};
struct FailInvocation {
  bool operator==(const FailInvocation&) const = default;
};
struct ForgetInvocation {
  bool operator==(const ForgetInvocation&) const = default;
};
using RetryDecision = std::variant<RetryAfter, PauseInvocation, FailInvocation, ForgetInvocation>;

/// The one place that decides. A pause that an operator asked for comes before everything.
RetryDecision decide(const AttemptError& error, bool pause_requested, RetryCounter& counter,
                     std::uint64_t random);

}  // namespace restate::invoker
