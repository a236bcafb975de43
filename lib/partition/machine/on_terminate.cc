#include "partition/machine/journal.h"
#include "partition/machine/lifecycle.h"
#include "partition/machine/respond.h"
#include "partition/machine/terminate.h"

namespace restate::partition {

namespace {

using Operation = OperationResponse::Operation;

// No user code runs. What it has written stays.
Result<OperationOutcome> kill(Live& live, Step& step) {
  switch (live.status.status) {
    case Status::kScheduled:
    case Status::kInboxed:
      RESTATE_TRY_VOID(terminate_waiting(live, wire::failures::killed(), step));
      return OperationOutcome::kOk;
    case Status::kInvoked:
    case Status::kSuspended:
    case Status::kPaused:
      RESTATE_TRY_VOID(kill_children(live, step));
      RESTATE_TRY_VOID(end(live, wire::failures::killed(), step));
      step.emit(AbortInvocation{live.id});
      return OperationOutcome::kOk;
    case Status::kCompleted:
      return OperationOutcome::kAlreadyCompleted;
  }
  RESTATE_UNREACHABLE();
}

}  // namespace

Result<OperationOutcome> cancel(Live& live, Step& step) {
  switch (live.status.status) {
    case Status::kScheduled:
    case Status::kInboxed:
      RESTATE_TRY_VOID(terminate_waiting(live, wire::failures::canceled(), step));
      return OperationOutcome::kDone;
    case Status::kInvoked:
    case Status::kSuspended:
    case Status::kPaused:
      // Every request appends one: user code may catch a cancellation, and be cancelled again.
      RESTATE_TRY_VOID(deliver(live,
                               wire::Notification{wire::EntryType::kSignalNotification,
                                                  wire::kCancelSignal, wire::Void{}},
                               step));
      return OperationOutcome::kAppended;
    case Status::kCompleted:
      return OperationOutcome::kAlreadyCompleted;
  }
  RESTATE_UNREACHABLE();
}

Result<void> on_terminate(const wire::Terminate& command, Step& step) {
  const bool is_kill = command.flavor == wire::Terminate::Flavor::kKill;
  const Operation operation = is_kill ? Operation::kKill : Operation::kCancel;
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  if (live == nullptr) {
    // An attempt may still run that nobody wants any more.
    step.emit(AbortInvocation{command.invocation});
    respond(command.request, operation, OperationOutcome::kNotFound, step);
    return {};
  }
  if (!command.incarnation.matches(live->status.incarnation)) {
    respond(command.request, operation, OperationOutcome::kNotFound, step);
    return {};
  }
  RESTATE_TRY(const OperationOutcome outcome, is_kill ? kill(*live, step) : cancel(*live, step));
  respond(command.request, operation, outcome, step);
  return {};
}

}  // namespace restate::partition
