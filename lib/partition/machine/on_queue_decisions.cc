#include "partition/machine/lifecycle.h"
#include "partition/machine/queue.h"

#include <utility>

namespace restate::partition {

namespace {

// The entry at `place`, if `stage` still has it there. Between the decision and here it may have
// ended, been paused, been scheduled anew, or come back under the same id as another life.
struct Standing {
  Live* live = nullptr;
  QueueEntry entry;
};

Result<std::optional<Standing>> find_at(const wire::QueuePlace& place, QueueStage stage,
                                        Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(place.invocation));
  if (live == nullptr) return std::optional<Standing>();
  RESTATE_TRY(auto entry, find_entry(*live, step));
  if (!entry || entry->stage != stage) return std::optional<Standing>();
  if (entry->queue != place.queue || entry->at != place.at) return std::optional<Standing>();
  return std::optional<Standing>({live, *entry});
}

Result<void> run(const wire::QueuePlace& place, Step& step) {
  RESTATE_TRY(const auto found, find_at(place, QueueStage::kInbox, step));
  bool paused = false;
  if (found) {
    RESTATE_TRY(const auto queue, step.state.tables().find_queue(place.id()));
    paused = queue && queue->paused;
  }
  if (!found || paused) {
    step.emit(QueueRefused{place});
    return {};
  }
  Live& live = *found->live;
  QueueEntry next = found->entry;
  next.stage = QueueStage::kRunning;
  next.reason = QueueReason::kStarted;
  ++next.runs;
  change_stage(live, found->entry, next, step);
  start(live, step);
  step.emit(
      InvokeAction{live.id, live.status.target, {}, live.status.incarnation, next.retry});
  return {};
}

// A leader of before ran it, and nobody does now.
Result<void> take_back(const wire::QueuePlace& place, Step& step) {
  RESTATE_TRY(const auto found, find_at(place, QueueStage::kRunning, step));
  if (!found) return {};
  QueueEntry next = found->entry;
  next.stage = QueueStage::kInbox;
  next.reason = QueueReason::kYielded;
  next.at.fresh = false;  // and the time it had: those taken back keep their order
  next.at.sequence = step.lsn;
  change_stage(*found->live, found->entry, next, step);
  return {};
}

}  // namespace

Result<void> on_queue_decisions(const wire::QueueDecisions& command, Step& step) {
  for (const auto& place : command.yields) RESTATE_TRY_VOID(take_back(place, step));
  for (const auto& place : command.runs) RESTATE_TRY_VOID(run(place, step));
  return {};
}

}  // namespace restate::partition
