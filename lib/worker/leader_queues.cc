#include "worker/leader.h"

#include "partition/tables.h"

#include <algorithm>

// The scheduler's driver: it is told of every move, decides at the end of a turn and when somebody's
// time has come, and its decisions go through the log like everything else.

namespace restate::worker {

Result<void> Leader::begin_queues() {
  RESTATE_TRY(const partition::Features features, processor_.machine().tables().features());
  if (features.vqueues()) queue_scan_.start();
  return {};
}

QueueScan::Host Leader::queue_scan_host() {
  return {[this](std::vector<wire::QueuePlace> left) {
            // They hold their permits until apply has put them back into their queues, in front.
            processor_.proposer().propose(wire::QueueDecisions{{}, std::move(left)});
          },
          [this] { return !processor_.proposer().full(); },
          [this] { schedule_decisions(); },
          [this](const Error& error) { processor_.fail(error); }};
}

void Leader::schedule_decisions() {
  if (std::exchange(decides_, true)) return;
  context_.shard.post(scope_.bind([this] { decide(); }));
}

void Leader::decide() {
  decides_ = false;
  // Who is not counted yet may hold the permit that would be given away.
  if (!queue_scan_.done()) return;
  if (processor_.proposer().full()) return;  // `on_room` looks again
  const WallTime now = context_.shard.wall_now();
  std::vector<wire::QueuePlace> places = scheduler_.decide(now, limits::kQueueDecisions);
  if (!places.empty()) {
    processor_.proposer().propose(wire::QueueDecisions{std::move(places), {}});
    return schedule_decisions();  // the others in a task of their own
  }
  const auto due = scheduler_.next_due();
  if (!due) return scheduler_alarm_->cancel();
  // The wall clock decides, and it may jump: nobody waits longer than a bound without a look at it.
  scheduler_alarm_->arm(std::min(context_.shard.instant_of(*due),
                                 context_.shard.now() + milliseconds(limits::kLongestWaitMs)));
}

std::vector<wire::QueuePlace> Leader::load_waiters(const wire::QueueId& queue, bool fresh,
                                                   const std::optional<wire::QueuePlace>& after,
                                                   std::size_t limit) {
  std::vector<wire::QueuePlace> places;
  // The committed rows: of what is applied only, the scheduler has not been told.
  const partition::Tables tables(processor_.id(), processor_.space());
  const auto scanned = tables.scan_queue_inbox(
      queue, fresh, after, [&](const wire::QueuePlace& place) {
        places.push_back(place);
        return places.size() < limit;
      });
  if (!scanned) processor_.fail(scanned.error());
  return places;
}

}  // namespace restate::worker
