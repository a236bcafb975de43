#pragma once

/// \file
/// The time an invocation spends inside the invoker, as a machine: attempts, the waits between
/// them, and what an operator asks for meanwhile.

#include "invoker/machine/effects.h"
#include "invoker/machine/failure.h"
#include "invoker/machine/retry.h"
#include "schema/schema.h"

#include <restate/wire/journal.h>

#include <cstdint>
#include <optional>
#include <set>

namespace restate::invoker {

/// What was sent to the log and has not come back. A retry before all of it is stored would replay
/// a journal without entries that the SDK knows to be written.
class JournalTracker {
 public:
  void on_command_proposed(std::uint32_t command_index) { proposed_ = command_index; }
  void on_command_stored(std::uint32_t command_index);
  void on_run_proposed(wire::CompletionId completion) { runs_.insert(completion); }
  void on_notification(wire::EntryType type, const wire::NotificationId& id);
  bool settled() const { return stored_ >= proposed_ && runs_.empty(); }

 private:
  std::uint32_t proposed_ = 0;  ///< 0 is the input, which is always stored
  std::uint32_t stored_ = 0;
  std::multiset<wire::CompletionId> runs_;
};

class Residency {
 public:
  enum class Phase : std::uint8_t { kQueued, kInFlight, kWaitingRetry, kOver };

  Residency() = default;
  /// `queued`: it came through a queue with these tries behind it. Instead of waiting for a retry
  /// it leaves, and comes back when the queue lets it.
  explicit Residency(const std::optional<wire::RetryState>& queued) : yields_(queued.has_value()) {
    if (!queued) return;
    attempts_ = queued->attempts;
    retries_since_command_ = queued->retries_since_command;
    retry_.resume_from(queued->failed, queued->refused);
  }

  Phase phase() const { return phase_; }
  /// Failures since the last new command, for the Start message.
  std::uint32_t retries_since_command() const { return retries_since_command_; }
  /// Attempts started.
  std::uint64_t attempts() const { return attempts_; }
  /// The failure that SQL shows; null once the invocation has made progress since.
  const AttemptError* last_failure() const { return last_failure_ ? &*last_failure_ : nullptr; }
  bool pause_requested() const { return pause_requested_; }
  /// All that was sent to the log has come back.
  bool settled() const { return journal_.settled(); }

  void on_attempt_started();
  /// From now on this policy applies; tries made so far count.
  void on_policy(const schema::RetryPolicy& policy) { retry_.use(policy); }

  // What an attempt does on its way.
  void on_command_proposed(std::uint32_t command_index);
  void on_run_proposed(wire::CompletionId completion) { journal_.on_run_proposed(completion); }

  /// `random`: 64 uniform bits.
  void on_attempt_over(Outcome outcome, std::uint64_t random, Effects& out);

  void on_command_stored(std::uint32_t command_index, Effects& out);
  void on_notification(wire::EntryType type, const wire::NotificationId& id, Effects& out);
  void on_retry_timer(Effects& out);
  /// Like the timer, and the timer need not fire any more.
  void on_retry_now(Effects& out);
  /// An attempt in flight has to be told as well.
  void on_pause(Effects& out);

 private:
  void on_error(AttemptError error, std::uint64_t random, Effects& out);
  void propose_pause(const AttemptError* cause, Effects& out);
  void end(wire::Effect effect, Effects& out);
  void start_if_due(Effects& out);

  Phase phase_ = Phase::kQueued;
  bool yields_ = false;
  bool timer_fired_ = false;
  bool pause_requested_ = false;
  std::uint32_t retries_since_command_ = 0;
  std::uint64_t attempts_ = 0;
  RetryCounter retry_{schema::RetryPolicy{}};
  JournalTracker journal_;
  std::optional<AttemptError> last_failure_;
  /// The last error that became an event; the same one again is not worth another.
  std::optional<AttemptError> last_event_;
};

}  // namespace restate::invoker
