#include "partition/machine/queue.h"

#include "partition/machine/journal.h"

#include <restate/testing/mutation.h>

#include <utility>

namespace restate::partition {

namespace {

// The rows that a stage keeps beside the entry.
void put_place(const wire::QueuePlace& place, QueueStage stage, Step& step) {
  if (stage == QueueStage::kInbox) step.state.put_place(keys::kQueueInbox, place);
  if (stage == QueueStage::kRunning) step.state.put_place(keys::kQueueRunning, place);
}

void erase_place(const wire::QueuePlace& place, QueueStage stage, Step& step) {
  if (stage == QueueStage::kInbox) step.state.erase_place(keys::kQueueInbox, place);
  if (stage == QueueStage::kRunning) step.state.erase_place(keys::kQueueRunning, place);
}

wire::QueuePlace place_of(const Live& live, const QueueEntry& entry) {
  return {live.id, entry.queue, entry.at};
}

// Replaces one entry by another, either of which may be missing, and tells the scheduler.
void move(const Live& live, const std::optional<QueueEntry>& from,
          const std::optional<QueueEntry>& to, Step& step) {
  if (from) erase_place(place_of(live, *from), from->stage, step);
  if (to) {
    put_place(place_of(live, *to), to->stage, step);
    step.state.put_queue_entry(live.id, *to);
  } else {
    step.state.erase_queue_entry(live.id);
  }
  if (RESTATE_MUTATION("partition/permit-not-returned") && from &&
      from->stage == QueueStage::kRunning) {
    return;
  }
  QueueMoved moved;
  moved.invocation = live.id;
  moved.queue = (to ? to : from)->queue;
  moved.scope = live.status.target.scope.value_or(std::string());
  moved.limit_key = live.status.limit_key;
  if (from) {
    moved.from = from->stage;
    moved.was = from->at;
  }
  if (to) {
    moved.to = to->stage;
    moved.now = to->at;
  }
  step.emit(std::move(moved));
}

QueueMeta make_queue(const Live& live, const Step& step) {
  QueueMeta queue;
  queue.scope = live.status.target.scope.value_or(std::string());
  queue.limit_key = live.status.limit_key;
  queue.service = live.status.target.service;
  if (live.status.target.exclusive()) queue.object = live.status.target.key;
  queue.created = step.time;
  return queue;
}

// Joins the inbox: from nowhere, from a parked stage, or from running.
Result<void> join(Live& live, const std::optional<QueueEntry>& from, QueueEntry to, Step& step) {
  to.stage = QueueStage::kInbox;
  to.at.sequence = step.lsn;
  if (!from) {
    const wire::QueueId id = queue_of(live.id.key, live.status.target, live.status.limit_key);
    to.queue = id.digest;
    RESTATE_TRY(auto queue, step.state.tables().find_queue(id));
    if (!queue) queue = make_queue(live, step);
    ++queue->entries;
    step.state.put_queue(id, *queue);
  }
  move(live, from, to, step);
  return {};
}

}  // namespace

bool gated(const Live& live, const Step& step) {
  return live.status.target.scope.has_value() && step.state.features().vqueues();
}

Result<std::optional<QueueEntry>> find_entry(const Live& live, const Step& step) {
  if (!gated(live, step)) return std::optional<QueueEntry>();
  return step.state.tables().find_queue_entry(live.id);
}

Result<bool> may_run(const Live& live, const Step& step) {
  RESTATE_TRY(const auto entry, find_entry(live, step));
  return !entry || entry->stage == QueueStage::kRunning;
}

Result<void> enqueue(Live& live, Step& step) {
  InvocationStatus& status = step.change(live);
  status.status = Status::kInboxed;
  if (!status.timestamps.inboxed) status.timestamps.inboxed = status.timestamps.modified;
  status.inbox_sequence = 0;
  QueueEntry entry;
  entry.at.run_at = step.time;
  return join(live, std::nullopt, entry, step);
}

Result<void> ask_attempt(Live& live, Step& step) {
  if (!gated(live, step)) {
    step.emit(InvokeAction{live.id, live.status.target, {}, live.status.incarnation});
    return {};
  }
  RESTATE_TRY(const auto entry, find_entry(live, step));
  // Without an entry it began before the feature was there.
  QueueEntry next = entry.value_or(QueueEntry{});
  next.reason = QueueReason::kStarted;
  next.retry = {};
  next.at.fresh = false;
  next.at.run_at = step.time;
  return join(live, entry, next, step);
}

Result<void> yield(Live& live, const wire::Yielded& effect, Step& step) {
  if (effect.event) RESTATE_TRY_VOID(append_new_event(live, *effect.event, step));
  RESTATE_TRY(const auto entry, find_entry(live, step));
  if (!entry) return ask_attempt(live, step);
  QueueEntry next = *entry;
  next.reason = effect.resume_at ? QueueReason::kBackingOff : QueueReason::kYielded;
  next.retry = effect.retry;
  next.at.fresh = false;
  next.at.run_at = effect.resume_at.value_or(step.time);
  return join(live, entry, next, step);
}

Result<void> park(Live& live, QueueStage stage, Step& step) {
  RESTATE_TRY(const auto entry, find_entry(live, step));
  if (!entry) return {};
  QueueEntry next = *entry;
  next.stage = stage;
  next.retry = {};  // counting begins anew with the next residency
  move(live, entry, next, step);
  return {};
}

Result<bool> leave_queue(Live& live, Step& step) {
  RESTATE_TRY(const auto entry, find_entry(live, step));
  if (!entry) return false;
  const wire::QueueId id{live.id.key, entry->queue};
  RESTATE_TRY(auto queue, step.state.tables().find_queue(id));
  if (!queue || queue->entries == 0) {
    return Error{Code::kCorrupt, "leaving queue " + id.str() + ": it has no entries"};
  }
  --queue->entries;
  if (queue->entries > 0 || queue->paused) {
    step.state.put_queue(id, *queue);
  } else {
    step.state.erase_queue(id);
  }
  move(live, entry, std::nullopt, step);
  return true;
}

void change_stage(const Live& live, const QueueEntry& from, const QueueEntry& to, Step& step) {
  move(live, from, to, step);
}

Result<bool> wake_now(Live& live, Step& step) {
  RESTATE_TRY(const auto entry, find_entry(live, step));
  if (!entry || entry->stage != QueueStage::kInbox) return false;
  if (entry->at.run_at <= step.time) return true;
  QueueEntry next = *entry;
  next.at.run_at = step.time;
  RESTATE_TRY_VOID(join(live, entry, next, step));
  return true;
}

}  // namespace restate::partition
