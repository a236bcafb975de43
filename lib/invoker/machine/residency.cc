#include "invoker/machine/residency.h"

#include <restate/testing/mutation.h>

#include <algorithm>
#include <utility>
#include <variant>

namespace restate::invoker {

void JournalTracker::on_command_stored(std::uint32_t command_index) {
  stored_ = std::max(stored_, command_index);
}

void JournalTracker::on_notification(wire::EntryType type, const wire::NotificationId& id) {
  if (type != wire::EntryType::kRunCompletion || runs_.empty()) return;
  const auto* completion = std::get_if<wire::CompletionId>(&id);
  if (completion == nullptr) return;
  if (const auto run = runs_.find(*completion); run != runs_.end()) runs_.erase(run);
}

void Residency::on_attempt_started() {
  phase_ = Phase::kInFlight;
  timer_fired_ = false;
  ++attempts_;
}

void Residency::on_command_proposed(std::uint32_t command_index) {
  journal_.on_command_proposed(command_index);
  retries_since_command_ = 0;
  last_failure_.reset();
  last_event_.reset();
}

void Residency::on_attempt_over(Outcome outcome, std::uint64_t random, Effects& out) {
  if (std::holds_alternative<AttemptEnded>(outcome)) {
    // A requested pause comes too late: the code has finished.
    end(wire::Ended{}, out);
  } else if (auto* suspended = std::get_if<AttemptSuspended>(&outcome)) {
    if (pause_requested_) return propose_pause(nullptr, out);
    end(wire::Suspended{std::move(suspended->awaiting), suspended->delivered}, out);
  } else {
    on_error(std::move(std::get<AttemptError>(outcome)), random, out);
  }
}

void Residency::on_error(AttemptError error, std::uint64_t random, Effects& out) {
  if (error.counts) ++retries_since_command_;
  const RetryDecision decision = decide(error, pause_requested_, retry_, random);
  if (std::holds_alternative<ForgetInvocation>(decision)) {
    phase_ = Phase::kOver;
    out.push_back(ResidencyOver{});
  } else if (std::holds_alternative<PauseInvocation>(decision)) {
    propose_pause(&error, out);
  } else if (std::holds_alternative<FailInvocation>(decision)) {
    end(wire::Failed{failure_of(error)}, out);
  } else if (yields_) {
    // The log has all that this attempt proposed before it has this: no retry comes too early.
    phase_ = Phase::kOver;
    wire::Yielded yielded{"transient error", wire::Yielded::Kind::kTransientError,
                          transient_error_event(error)};
    yielded.retry = {attempts_, retry_.failed(), retries_since_command_, retry_.refused()};
    out.push_back(ProposeYield{std::move(yielded), std::get<RetryAfter>(decision).delay});
    out.push_back(ResidencyOver{});
  } else {
    if (!last_event_ || !same_event(*last_event_, error)) {
      out.push_back(Propose{wire::NewEvent{transient_error_event(error)}});
      last_event_ = error;
    }
    last_failure_ = std::move(error);
    phase_ = Phase::kWaitingRetry;
    out.push_back(WaitForRetry{std::get<RetryAfter>(decision).delay});
  }
}

void Residency::on_command_stored(std::uint32_t command_index, Effects& out) {
  journal_.on_command_stored(command_index);
  start_if_due(out);
}

void Residency::on_notification(wire::EntryType type, const wire::NotificationId& id,
                                Effects& out) {
  journal_.on_notification(type, id);
  start_if_due(out);
}

void Residency::on_retry_timer(Effects& out) {
  if (phase_ != Phase::kWaitingRetry) return;
  timer_fired_ = true;
  start_if_due(out);
}

void Residency::on_retry_now(Effects& out) {
  if (phase_ != Phase::kWaitingRetry || timer_fired_) return;
  out.push_back(StopWaiting{});
  on_retry_timer(out);
}

void Residency::on_pause(Effects& out) {
  switch (phase_) {
    case Phase::kQueued:
    case Phase::kWaitingRetry:
      return propose_pause(last_failure(), out);
    case Phase::kInFlight:
      pause_requested_ = true;
      return;
    case Phase::kOver:
      return;
  }
}

void Residency::propose_pause(const AttemptError* cause, Effects& out) {
  end(wire::Paused{paused_event(cause)}, out);
}

void Residency::end(wire::Effect effect, Effects& out) {
  phase_ = Phase::kOver;
  out.push_back(Propose{std::move(effect)});
  out.push_back(ResidencyOver{});
}

void Residency::start_if_due(Effects& out) {
  if (phase_ != Phase::kWaitingRetry || !timer_fired_) return;
  if (!journal_.settled() && !RESTATE_MUTATION("invoker/retry-before-stored")) return;
  out.push_back(StartAttempt{});
}

}  // namespace restate::invoker
