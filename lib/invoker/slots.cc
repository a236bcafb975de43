#include "invoker/slots.h"

#include <algorithm>
#include <utility>

namespace restate::invoker {

bool ShardSlots::acquire(SlotWaiter& waiter) {
  // Whoever waits already comes first: without this, a busy partition starves its neighbours.
  if (waiters_.empty() && limits_.try_acquire()) return true;
  if (std::find(waiters_.begin(), waiters_.end(), &waiter) == waiters_.end()) {
    waiters_.push_back(&waiter);
  }
  // First the bit, then another look: a release on another shard either sees the bit or has made
  // room before this look.
  limits_.starving_.fetch_or(std::uint64_t{1} << shard_.index());
  if (limits_.used_.load() < limits_.limit_) wake();
  return false;
}

void ShardSlots::release() {
  limits_.used_.fetch_sub(1);
  if (!waiters_.empty()) return wake();
  const std::uint64_t starving = limits_.starving_.load();
  for (const auto& other : limits_.shards_) {
    if ((starving >> other->shard_.index() & 1) == 0) continue;
    other->shard_.post_remote(other->scope_.bind([slots = other.get()] { slots->wake(); }));
  }
}

void ShardSlots::forget(SlotWaiter& waiter) { std::erase(waiters_, &waiter); }

void ShardSlots::wake() {
  if (std::exchange(scheduled_, true)) return;
  shard_.post(scope_.bind([this] {
    scheduled_ = false;
    hand_out();
  }));
}

void ShardSlots::hand_out() {
  // A waiter that wants more than one slot queues again, behind the others.
  while (!waiters_.empty() && limits_.try_acquire()) {
    SlotWaiter* waiter = waiters_.front();
    waiters_.pop_front();
    waiter->on_slot();
  }
  if (waiters_.empty()) {
    limits_.starving_.fetch_and(~(std::uint64_t{1} << shard_.index()));
  }
}

SharedLimits::SharedLimits(std::uint32_t concurrent_invocations, const std::vector<Shard*>& shards)
    : limit_(std::max<std::uint32_t>(concurrent_invocations, 1)) {
  RESTATE_ASSERT(shards.size() <= 64, "one bit per shard");
  for (Shard* shard : shards) shards_.push_back(std::make_unique<ShardSlots>(*shard, *this));
}

SharedLimits::~SharedLimits() = default;

bool SharedLimits::try_acquire() {
  std::uint32_t used = used_.load();
  while (used < limit_) {
    if (used_.compare_exchange_weak(used, used + 1)) return true;
  }
  return false;
}

}  // namespace restate::invoker
