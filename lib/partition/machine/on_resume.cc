#include "partition/machine/lifecycle.h"
#include "partition/machine/queue.h"
#include "partition/machine/respond.h"

namespace restate::partition {

namespace {

void repin(Live& live, const wire::Resume& command, Step& step) {
  if (command.deployment && live.status.pinned) {
    step.change(live).pinned->id = command.deployment->id;  // the journal speaks one protocol
  }
}

Result<OperationOutcome> resume_now(Live& live, const wire::Resume& command, Step& step) {
  switch (live.status.status) {
    case Status::kScheduled:
    case Status::kInboxed:
      return OperationOutcome::kNotStarted;
    case Status::kInvoked: {
      RESTATE_TRY(const bool waited, wake_now(live, step));
      if (waited) {
        repin(live, command, step);
        return OperationOutcome::kOk;
      }
      // It came to life by itself since the leader looked. An attempt that runs keeps its code.
      return command.deployment ? OperationOutcome::kCannotChangeDeployment : OperationOutcome::kOk;
    }
    case Status::kSuspended:
    case Status::kPaused:
      repin(live, command, step);
      RESTATE_TRY_VOID(resume(live, step));
      return OperationOutcome::kOk;
    case Status::kCompleted:
      return OperationOutcome::kCompleted;
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

Result<void> on_resume(const wire::Resume& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  OperationOutcome outcome = OperationOutcome::kNotFound;
  if (live != nullptr) {
    RESTATE_TRY(outcome, resume_now(*live, command, step));
  }
  respond(command.request, OperationResponse::Operation::kResume, outcome, step);
  return {};
}

}  // namespace restate::partition
