#include "partition/machine/lifecycle.h"
#include "partition/machine/respond.h"

namespace restate::partition {

namespace {

OperationOutcome pause_now(Live& live, Step& step) {
  switch (live.status.status) {
    case Status::kScheduled:
    case Status::kInboxed:
    case Status::kCompleted:
      return OperationOutcome::kNotRunning;
    case Status::kInvoked:
      pause(live, wire::JournalEvent{wire::JournalEvent::Type::kPaused, R"({"ty":"Paused"})"},
            step);
      step.emit(AbortInvocation{live.id});
      return OperationOutcome::kAccepted;
    case Status::kSuspended:
    case Status::kPaused:
      return OperationOutcome::kAlreadyPaused;
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

Result<void> on_pause(const wire::Pause& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  const OperationOutcome outcome =
      live == nullptr ? OperationOutcome::kNotFound : pause_now(*live, step);
  respond(command.request, OperationResponse::Operation::kPause, outcome, step);
  return {};
}

}  // namespace restate::partition
