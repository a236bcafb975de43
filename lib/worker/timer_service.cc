#include "worker/timer_service.h"

#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::worker {

TimerService::TimerService(Shard& shard, Load load, Function<bool(const DueTimer&)> fire,
                           std::size_t most)
    : shard_(shard),
      most_(std::max<std::size_t>(most, 1)),
      load_(std::move(load)),
      fire_(std::move(fire)),
      alarm_(shard.make_timer([this] { on_alarm(); })) {}

void TimerService::start() {
  more_after_.reset();
  std::vector<DueTimer> first = load_(std::nullopt, most_);
  if (first.size() == most_) more_after_ = first.back().key;
  for (const DueTimer& timer : first) waiting_.emplace(timer.key, timer.incarnation);
  arm();
}

void TimerService::add(const DueTimer& timer) {
  // Ids come back: the key may stand for an earlier life, whose row this one has replaced.
  fired_.erase(timer.key);
  // Behind the part of the table that is loaded: it is found when the earlier ones have fired.
  if (more_after_ && TimerOrder()(*more_after_, timer.key)) return;
  waiting_.insert_or_assign(timer.key, timer.incarnation);
  if (waiting_.size() > 2 * most_) {
    auto keep_until = std::next(waiting_.begin(), static_cast<std::ptrdiff_t>(most_));
    if (!RESTATE_MUTATION("worker/unloaded-timers-forgotten")) {
      more_after_ = std::prev(keep_until)->first;
    }
    waiting_.erase(keep_until, waiting_.end());
  }
  if (waiting_.begin()->first == timer.key) arm();
}

void TimerService::erase(const wire::TimerKey& key) {
  fired_.erase(key);
  waiting_.erase(key);
}

void TimerService::resume() {
  if (std::exchange(waits_for_room_, false)) arm();
}

void TimerService::load_more() {
  const wire::TimerKey after = *more_after_;
  more_after_.reset();
  std::vector<DueTimer> next = load_(after, most_);
  if (next.size() == most_) more_after_ = next.back().key;
  for (const DueTimer& timer : next) {
    if (!fired_.contains(timer.key)) waiting_.emplace(timer.key, timer.incarnation);
  }
}

void TimerService::arm() {
  if (waits_for_room_) return;
  if (waiting_.empty() && more_after_) load_more();
  if (waiting_.empty()) {
    alarm_->cancel();
    armed_for_.reset();
    return;
  }
  const Instant at = std::min(shard_.instant_of(waiting_.begin()->first.at),
                              shard_.now() + milliseconds(limits::kLongestWaitMs));
  if (armed_for_ == at) return;
  armed_for_ = at;
  alarm_->arm(at);
}

void TimerService::on_alarm() {
  armed_for_.reset();
  const WallTime now = shard_.wall_now();
  for (std::size_t count = 0; count < limits::kTimersPerTurn; ++count) {
    if (waiting_.empty() && more_after_) load_more();
    // Never early: the wall clock decides, and it may have gone back since the alarm was set.
    if (waiting_.empty()) break;
    if (now < waiting_.begin()->first.at && !RESTATE_MUTATION("worker/timer-fires-early")) break;
    const auto first = waiting_.begin();
    const DueTimer due{first->first, first->second};
    if (!fire_(due)) {
      waits_for_room_ = true;
      return;
    }
    waiting_.erase(first);
    fired_.insert(due.key);
  }
  arm();
}

}  // namespace restate::worker
