#include "invoker/slots.h"

#include <algorithm>
#include <utility>

namespace restate::invoker {
namespace {

std::uint32_t at_least_one(std::uint32_t slots) { return std::max<std::uint32_t>(slots, 1); }

}  // namespace

bool ShardSlots::acquire(SlotWaiter& waiter) {
  // Whoever waits already comes first: without this, a busy partition starves its neighbours.
  if (waiters_.empty() && limits_.try_acquire()) {
    acquired_.add();
    return true;
  }
  if (std::find(waiters_.begin(), waiters_.end(), &waiter) == waiters_.end()) {
    waiters_.push_back(&waiter);
  }
  // First the bit, then another look: a release on another shard either sees the bit or has made
  // room before this look.
  limits_.starving_.fetch_or(bit());
  if (limits_.used_.load() < limits_.limit()) wake();
  return false;
}

void ShardSlots::release() {
  released_.add();
  limits_.give_back(*this);
}

void ShardSlots::forget(SlotWaiter& waiter) { std::erase(waiters_, &waiter); }

void ShardSlots::grant(std::uint32_t slots) {
  if (granted_.fetch_add(slots) > 0) return;  // it has been told of the others
  shard_.post_remote(scope_.bind([this] { wake(); }));
}

void ShardSlots::wake() {
  if (std::exchange(scheduled_, true)) return;
  shard_.post(scope_.bind([this] {
    scheduled_ = false;
    hand_out();
  }));
}

void ShardSlots::hand_out() {
  std::uint32_t granted = granted_.exchange(0);
  // A waiter that wants more than one slot queues again, behind the others.
  while (!waiters_.empty()) {
    if (granted > 0) {
      --granted;
    } else if (!limits_.try_acquire()) {
      break;
    }
    SlotWaiter* waiter = waiters_.front();
    waiters_.pop_front();
    acquired_.add();
    waiter->on_slot();
  }
  // The bit first, so that what is left goes to somebody else.
  if (waiters_.empty()) limits_.starving_.fetch_and(~bit());
  for (; granted > 0; --granted) limits_.give_back(*this);
}

SharedLimits::SharedLimits(std::uint32_t concurrent_invocations, const std::vector<Shard*>& shards,
                           InvocationMemory memory)
    : limit_(at_least_one(concurrent_invocations)), memory_(memory, shards) {
  RESTATE_ASSERT(shards.size() <= 64, "one bit per shard");
  for (Shard* shard : shards) shards_.push_back(std::make_unique<ShardSlots>(*shard, *this));
}

SharedLimits::~SharedLimits() = default;

void SharedLimits::set_limit(std::uint32_t concurrent_invocations) {
  limit_.store(at_least_one(concurrent_invocations));
  for (const auto& shard : shards_) shard->grant(0);
}

bool SharedLimits::try_acquire() {
  std::uint32_t used = used_.load();
  while (used < limit()) {
    if (used_.compare_exchange_weak(used, used + 1)) return true;
  }
  return false;
}

bool SharedLimits::retire() {
  std::uint32_t used = used_.load();
  while (used > limit()) {
    if (used_.compare_exchange_weak(used, used - 1)) return true;
  }
  return false;
}

ShardSlots* SharedLimits::next_starving() {
  const std::uint64_t starving = starving_.load();
  if (starving == 0) return nullptr;
  const std::size_t first = turn_.load();
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    ShardSlots& shard = *shards_[(first + i) % shards_.size()];
    if ((starving & shard.bit()) == 0) continue;
    // Two shards may choose the same one at the same moment: a turn lost, not a slot.
    turn_.store(shard.shard_.index() + 1);
    return &shard;
  }
  return nullptr;
}

void SharedLimits::give_back(ShardSlots& from) {
  if (retire()) return;
  if (ShardSlots* shard = next_starving()) {
    if (shard != &from) return shard->grant(1);
    from.granted_.fetch_add(1);
    return from.wake();
  }
  used_.fetch_sub(1);
  // Who began to starve in between saw no room; now there is some.
  if (ShardSlots* shard = next_starving()) shard->grant(0);
}

}  // namespace restate::invoker
