#include "partition/machine/lifecycle.h"
#include "partition/machine/respond.h"

namespace restate::partition {

namespace {

using Operation = OperationResponse::Operation;

// The cleaner names the life it saw and nobody waits for its answer. It decided by rows of a while
// ago, so the decision is made again here.
bool from_cleaner(const std::optional<RequestId>& request, wire::Incarnation incarnation) {
  return !request && incarnation.lsn != 0;
}

// What stands in the way of a purge.
std::optional<OperationOutcome> refusal(const Live* live, wire::Incarnation incarnation) {
  if (live == nullptr || !incarnation.matches(live->status.incarnation)) {
    return OperationOutcome::kNotFound;
  }
  if (live->status.status != Status::kCompleted) return OperationOutcome::kNotCompleted;
  return std::nullopt;
}

}  // namespace

Result<void> on_purge(const wire::Purge& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  if (const auto refused = refusal(live, command.incarnation)) {
    respond(command.request, Operation::kPurge, *refused, step);
    return {};
  }
  if (from_cleaner(command.request, command.incarnation) &&
      step.time < live->status.completion_expiry()) {
    return {};
  }
  RESTATE_TRY_VOID(step.state.erase_journal(*live));
  if (live->status.target.workflow_run()) {
    // The key may run again, and must then find nothing.
    const keys::ObjectRef workflow(live->id.key, live->status.target);
    RESTATE_TRY_VOID(step.state.erase_all_state(workflow));
    RESTATE_TRY_VOID(step.state.erase_all_promises(workflow));
  }
  step.state.invocations.erase(*live);
  respond(command.request, Operation::kPurge, OperationOutcome::kOk, step);
  return {};
}

Result<void> on_purge_journal(const wire::PurgeJournal& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  if (const auto refused = refusal(live, command.incarnation)) {
    respond(command.request, Operation::kPurgeJournal, *refused, step);
    return {};
  }
  if (from_cleaner(command.request, command.incarnation) &&
      step.time < live->status.journal_expiry()) {
    return {};
  }
  if (live->status.journal.length != 0) RESTATE_TRY_VOID(drop_journal(*live, step));
  respond(command.request, Operation::kPurgeJournal, OperationOutcome::kOk, step);
  return {};
}

}  // namespace restate::partition
