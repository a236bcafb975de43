#include "invoker/resident.h"

#include "common/duration_text.h"

#include <restate/log.h>

#include <utility>
#include <variant>

// How an attempt ended, and who is told.

namespace restate::invoker {
namespace {

/// What a failed attempt led to, for the log: the effects from `first` on.
std::string consequence(const Effects& effects, std::size_t first) {
  for (std::size_t i = first; i < effects.size(); ++i) {
    const auto* wait = std::get_if<WaitForRetry>(&effects[i]);
    const auto* yield = std::get_if<ProposeYield>(&effects[i]);
    if (wait != nullptr || yield != nullptr) {
      const milliseconds delay = wait != nullptr ? wait->delay : yield->delay;
      return "retrying in " + duration_text(static_cast<std::uint64_t>(delay.count()));
    }
    const auto* propose = std::get_if<Propose>(&effects[i]);
    if (propose != nullptr && std::holds_alternative<wire::Paused>(propose->effect)) {
      return "pausing until somebody resumes it";
    }
  }
  return "the last one: it fails";
}

}  // namespace

void Resident::on_attempt_over(Outcome outcome) {
  Effects& effects = around_.effects;
  Logger& log = around_.shard.log();
  std::optional<AttemptError> failure;
  if (auto* error = std::get_if<AttemptError>(&outcome);
      error != nullptr && error->kind != AttemptError::Kind::kNotInvoked &&
      log.enabled(LogLevel::kWarn)) {
    failure = *error;
  }
  lease_.release();
  const std::size_t before = effects.size();
  const bool ran = std::exchange(attempt_runs_, false);
  const Kind kind = kind_of(outcome);
  residency_.on_attempt_over(std::move(outcome), around_.shard.random().next(), effects);
  count(kind, ran, effects, before);
  end_span(kind, effects, before);
  if (!failure) return;
  log.warn("invoker", "Invocation error, " + consequence(effects, before),
           {{"restate.invocation.id", invocation_.str()},
            {"restate.error.code", protocol::to_string(failure->doc_code)},
            {"restate.deployment.id", last_deployment_ ? last_deployment_->str() : ""},
            {"error", describe(*failure)}});
}

void Resident::end_span(Kind kind, const Effects& effects, std::size_t first) {
  using Status = trace::Span::Status;
  // The last words belong to the attempt, but are carried out after it.
  for (std::size_t i = first; i < effects.size(); ++i) {
    if (const auto* propose = std::get_if<Propose>(&effects[i])) span_.on_effect(propose->effect);
    if (const auto* yield = std::get_if<ProposeYield>(&effects[i])) span_.on_effect(yield->yielded);
  }
  switch (kind) {
    case Kind::kEnded:
      return span_.end(Status::kOk);
    case Kind::kFailed:
      return span_.end(Status::kError, "transient failure");
    case Kind::kSuspended:
    case Kind::kVoid:
      return span_.end(Status::kUnset);
  }
}

Resident::Kind Resident::kind_of(const Outcome& outcome) {
  if (std::holds_alternative<AttemptEnded>(outcome)) return Kind::kEnded;
  if (std::holds_alternative<AttemptSuspended>(outcome)) return Kind::kSuspended;
  const bool none = std::get<AttemptError>(outcome).kind == AttemptError::Kind::kNotInvoked;
  return none ? Kind::kVoid : Kind::kFailed;
}

void Resident::count(Kind kind, bool ran, const Effects& effects, std::size_t first) {
  InvokerMetrics& metrics = around_.metrics;
  if (ran) metrics.attempts.record(around_.shard.now() - attempt_since_);
  switch (kind) {
    case Kind::kEnded:
      return metrics.completed.add();
    case Kind::kSuspended:
      return metrics.suspended.add();
    case Kind::kVoid:
      return;
    case Kind::kFailed:
      break;
  }
  for (std::size_t i = first; i < effects.size(); ++i) {
    if (std::holds_alternative<WaitForRetry>(effects[i]) ||
        std::holds_alternative<ProposeYield>(effects[i])) {
      return metrics.failed_transient.add();
    }
  }
  metrics.failed.add();
}

}  // namespace restate::invoker
