#include "partition/machine/lifecycle.h"

#include "partition/machine/journal.h"
#include "partition/machine/object.h"
#include "partition/machine/queue.h"
#include "partition/machine/respond.h"

#include <restate/testing/mutation.h>

#include <utility>
#include <vector>

namespace restate::partition {

namespace {

void notify_submitted(const Live& live, const Entrance& entrance, Step& step) {
  if (!entrance.submit_notification) return;
  step.emit(SubmitNotification{*entrance.submit_notification, live.status.execution_time, true});
}

void tell_started(const Live& live, Step& step) {
  const InvocationStatus& status = live.status;
  if (status.span.traceparent.empty()) return;
  const bool restarted = status.source.kind == wire::Source::Kind::kRestartAsNew;
  step.emit(InvocationStarted{live.id, status.target, status.span, status.timestamps.created,
                              restarted ? status.source.invocation : std::nullopt});
}

void tell_ended(const Live& live, const wire::InvocationResult& result, Step& step) {
  const InvocationStatus& status = live.status;
  if (status.span.traceparent.empty() || RESTATE_MUTATION("partition/end-not-told")) return;
  const auto* failure = std::get_if<wire::Failure>(&result);
  step.emit(InvocationEnded{live.id, status.target, status.span,
                            failure != nullptr ? std::optional(*failure) : std::nullopt});
}

wire::TimerKey start_timer(const Live& live) {
  return {live.status.execution_time.value_or(WallTime{}), wire::TimerKind::kStartScheduled,
          live.id, 0};
}

}  // namespace

Result<void> enter(Live& live, Entrance entrance, Step& step) {
  if (!live.status.execution_time || RESTATE_MUTATION("partition/delayed-send-at-once")) {
    return enter_now(live, std::move(entrance), step);
  }
  // A time in the past goes this way, too: the timer fires at once, and clients see the time.
  InvocationStatus& status = step.change(live);
  status.status = Status::kScheduled;
  status.timestamps.scheduled = status.timestamps.modified;
  const TimerRow timer{start_timer(live), status.incarnation};
  if (!RESTATE_MUTATION("partition/delayed-send-never")) step.state.put_timer(timer);
  step.emit(RegisterTimer{timer.key, timer.incarnation});
  notify_submitted(live, entrance, step);
  return {};
}

Result<void> enter_now(Live& live, Entrance entrance, Step& step) {
  RESTATE_TRY(const bool free, acquire(live, step));
  if (!free) {
    notify_submitted(live, entrance, step);
    return {};
  }
  notify_submitted(live, entrance, step);
  return admit(live, std::move(entrance.journal), step);
}

Result<void> admit(Live& live, std::vector<wire::JournalEntry> journal, Step& step) {
  if (gated(live, step)) return enqueue(live, step);
  start(live, step);
  step.emit(InvokeAction{live.id, live.status.target, std::move(journal),
                         live.status.incarnation});
  return {};
}

void start(Live& live, Step& step) {
  InvocationStatus& status = step.change(live);
  status.status = Status::kInvoked;
  status.inbox_sequence = 0;
  if (status.timestamps.running && !RESTATE_MUTATION("partition/start-told-again")) return;
  status.timestamps.running = status.timestamps.modified;
  tell_started(live, step);
}

Result<void> resume(Live& live, Step& step) {
  InvocationStatus& status = step.change(live);
  status.status = Status::kInvoked;
  status.awaiting = {};
  status.delivered = 0;
  return ask_attempt(live, step);
}

Result<void> pause(Live& live, std::optional<wire::JournalEvent> event, Step& step) {
  if (event) append_event(live, std::move(*event), step);
  InvocationStatus& status = step.change(live);
  status.status = Status::kPaused;
  status.awaiting = {};
  status.delivered = 0;
  return park(live, QueueStage::kPaused, step);
}

Result<void> end(Live& live, wire::InvocationResult result, Step& step) {
  reply_to_all(live, result, step);
  tell_ended(live, result, step);
  RESTATE_TRY_VOID(leave_queue(live, step));
  InvocationStatus& status = step.change(live);
  const ObjectKey object(live.id.key, status.target);
  const bool exclusive = status.target.exclusive();
  if (status.retention.completion_ms > 0) {
    status.status = Status::kCompleted;
    status.timestamps.completed = status.timestamps.modified;
    status.sinks.clear();
    status.awaiting = {};
    status.delivered = 0;
    status.result = std::move(result);
    if (status.retention.journal_ms == 0) RESTATE_TRY_VOID(drop_journal(live, step));
  } else {
    RESTATE_TRY_VOID(step.state.erase_journal(live));
    step.state.invocations.erase(live);
  }
  if (exclusive) return release(object, live.id, step);
  return {};
}

Result<void> terminate_waiting(Live& live, const wire::Failure& failure, Step& step) {
  const bool scheduled = live.status.status == Status::kScheduled;
  const wire::TimerKey timer = start_timer(live);
  const ObjectKey object(live.id.key, live.status.target);
  const bool exclusive = live.status.target.exclusive();
  reply_to_all(live, failure, step);
  tell_ended(live, failure, step);
  // Who waits for a permit has the object already; the others wait for either of the two.
  RESTATE_TRY(const bool queued, leave_queue(live, step));
  if (scheduled) {
    step.state.erase_timer(timer);
  } else if (!queued) {
    RESTATE_TRY_VOID(leave_inbox(live, step));
  }
  RESTATE_TRY_VOID(step.state.erase_journal(live));
  step.state.invocations.erase(live);
  if (scheduled) step.emit(DeleteTimer{timer});
  if (queued && exclusive) return release(object, live.id, step);
  return {};
}

Result<void> kill_children(const Live& live, Step& step) {
  if (live.status.journal.commands <= 1) return {};  // the Input calls nobody
  // Sent after the scan, which must not see its rows change.
  std::vector<InvocationId> children;
  RESTATE_TRY_VOID(step.state.tables().scan_journal(
      live.id, 0, live.status.journal.length, [&](std::uint32_t, wire::JournalEntry&& entry) {
        if (entry.call && !RESTATE_MUTATION("partition/kill-spares-children")) {
          children.push_back(entry.call->callee);
        }
        return true;
      }));
  for (const InvocationId& child : children) {
    send(wire::Terminate{child, wire::Terminate::Flavor::kKill, {}, {}}, step);
  }
  return {};
}

Result<void> drop_journal(Live& live, Step& step) {
  RESTATE_TRY_VOID(step.state.erase_journal(live));
  step.change(live).journal = {};
  return {};
}

}  // namespace restate::partition
