#include "partition/machine/lifecycle.h"
#include "partition/machine/queue.h"
#include "partition/machine/respond.h"

namespace restate::partition {

namespace {

wire::JournalEvent by_hand() {
  return {wire::JournalEvent::Type::kPaused, R"({"ty":"Paused"})"};
}

Result<OperationOutcome> pause_now(Live& live, Step& step) {
  switch (live.status.status) {
    case Status::kScheduled:
    case Status::kInboxed:
    case Status::kCompleted:
      return OperationOutcome::kNotRunning;
    case Status::kInvoked:
      RESTATE_TRY_VOID(pause(live, by_hand(), step));
      step.emit(AbortInvocation{live.id});
      return OperationOutcome::kAccepted;
    case Status::kSuspended:
      // What comes through a queue can be held even while it waits for something else.
      if (!gated(live, step)) return OperationOutcome::kAlreadyPaused;
      RESTATE_TRY_VOID(pause(live, by_hand(), step));
      return OperationOutcome::kAccepted;
    case Status::kPaused:
      return OperationOutcome::kAlreadyPaused;
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

Result<void> on_pause(const wire::Pause& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  OperationOutcome outcome = OperationOutcome::kNotFound;
  if (live != nullptr) {
    RESTATE_TRY(outcome, pause_now(*live, step));
  }
  respond(command.request, OperationResponse::Operation::kPause, outcome, step);
  return {};
}

}  // namespace restate::partition
