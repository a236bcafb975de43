#include "worker/leader.h"

#include "partition/tables.h"

#include <restate/testing/mutation.h>

// The scheduler's driver: it is told of every move, decides at the end of a turn and when somebody's
// time has come, and its decisions go through the log like everything else.

namespace restate::worker {

using partition::QueueStage;

Result<void> Leader::begin_queues() {
  const partition::Tables& tables = processor_.machine().tables();
  RESTATE_TRY(const partition::Features features, tables.features());
  if (!features.vqueues()) return {};
  const KeyRange keys = processor_.description().keys;
  std::map<wire::QueueId, partition::QueueMeta> queues;
  RESTATE_TRY_VOID(
      tables.scan_queues(keys, [&](const wire::QueueId& id, partition::QueueMeta&& queue) {
        if (queue.paused) scheduler_.on(partition::QueuePaused{id, true});
        queues.emplace(id, std::move(queue));
        return true;
      }));
  const auto restore = [&](const wire::QueuePlace& place, QueueStage stage) {
    const auto found = queues.find(place.id());
    if (found == queues.end()) return false;
    scheduler_.on(partition::QueueMoved{place.invocation, place.queue, found->second.scope,
                                        found->second.limit_key, QueueStage::kNone, stage,
                                        {}, place.at});
    return true;
  };
  bool complete = true;
  RESTATE_TRY_VOID(tables.scan_queue_places(
      partition::keys::kQueueInbox, keys, [&](const wire::QueuePlace& place) {
        if (RESTATE_MUTATION("worker/waiters-not-loaded")) return false;
        return complete = restore(place, QueueStage::kInbox);
      }));
  // Nobody runs them any more. They hold their permits until apply has put them back into their
  // queues, in front.
  std::vector<wire::QueuePlace> left;
  RESTATE_TRY_VOID(tables.scan_queue_places(
      partition::keys::kQueueRunning, keys, [&](const wire::QueuePlace& place) {
        left.push_back(place);
        return complete = complete && restore(place, QueueStage::kRunning);
      }));
  if (!complete) return Error{Code::kCorrupt, "opening the queues: an entry has no queue"};
  if (RESTATE_MUTATION("worker/running-not-taken-back")) left.clear();
  for (std::size_t at = 0; at < left.size(); at += limits::kQueueDecisions) {
    const auto first = left.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t count = std::min(limits::kQueueDecisions, left.size() - at);
    processor_.proposer().propose(
        wire::QueueDecisions{{}, {first, first + static_cast<std::ptrdiff_t>(count)}});
  }
  schedule_decisions();
  return {};
}

void Leader::schedule_decisions() {
  if (std::exchange(decides_, true)) return;
  context_.shard.post(scope_.bind([this] { decide(); }));
}

void Leader::decide() {
  decides_ = false;
  const WallTime now = context_.shard.wall_now();
  while (true) {
    if (processor_.proposer().full()) return;  // `on_room` looks again
    std::vector<wire::QueuePlace> places = scheduler_.decide(now, limits::kQueueDecisions);
    if (places.empty()) break;
    processor_.proposer().propose(wire::QueueDecisions{std::move(places), {}});
  }
  const auto due = scheduler_.next_due();
  if (!due) return scheduler_alarm_->cancel();
  // The wall clock decides, and it may jump: nobody waits longer than a bound without a look at it.
  const std::uint64_t wait_ms = std::min(due->ms_since(now), limits::kLongestWaitMs);
  scheduler_alarm_->arm(context_.shard.now() + milliseconds(wait_ms));
}

std::vector<wire::QueuePlace> Leader::load_waiters(const wire::QueueId& queue, bool fresh,
                                                   const std::optional<wire::QueuePlace>& after,
                                                   std::size_t limit) {
  std::vector<wire::QueuePlace> places;
  const auto scanned = processor_.machine().tables().scan_queue_inbox(
      queue, fresh, after, [&](const wire::QueuePlace& place) {
        places.push_back(place);
        return places.size() < limit;
      });
  if (!scanned) processor_.fail(scanned.error());
  return places;
}

}  // namespace restate::worker
