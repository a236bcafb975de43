#include "invoker/memory.h"

#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::invoker {

std::optional<Lease> ShardMemory::admit(MemoryWaiter& waiter) {
  Lease lease(shared_.pool_);
  // Whoever waits already comes first, on whichever shard.
  if (shared_.waiting_.load() == 0 && lease.resize(shared_.initial_)) return lease;
  if (std::find(waiters_.begin(), waiters_.end(), &waiter) == waiters_.end()) {
    waiters_.push_back(&waiter);
    // First the wish, then a look: bytes that come back on another shard either see the wish or
    // were there for the look.
    shared_.add_waiter(*this);
    shared_.offer();
  }
  return std::nullopt;
}

void ShardMemory::forget(MemoryWaiter& waiter) {
  // If what it waits for is on its way, it will be more than there are waiters, and goes back.
  if (std::erase(waiters_, &waiter) > 0) shared_.remove_waiter(*this);
}

std::size_t ShardMemory::initial() const { return shared_.initial_; }
std::size_t ShardMemory::capacity() const { return shared_.pool_.capacity(); }

std::size_t ShardMemory::rounded(std::size_t bytes) const {
  const std::size_t unit = shared_.initial_;
  const std::size_t units = std::max<std::size_t>((bytes + unit - 1) / unit, 1);
  return std::min(units * unit, shared_.pool_.capacity());
}

void ShardMemory::grant() {
  if (granted_.fetch_add(1) > 0) return;  // it has been told of the others
  shard_.post_remote(scope_.bind([this] { hand_out(); }));
}

void ShardMemory::hand_out() {
  std::uint32_t granted = granted_.exchange(0);
  for (; granted > 0 && !waiters_.empty(); --granted) {
    MemoryWaiter* waiter = waiters_.front();
    waiters_.pop_front();
    Lease lease(shared_.pool_, shared_.initial_);
    if (RESTATE_MUTATION("invoker/memory-waiter-forgotten")) continue;
    waiter->on_memory(std::move(lease));
  }
  if (granted > 0) shared_.pool_.give_back(granted * shared_.initial_);
}

SharedMemory::SharedMemory(InvocationMemory memory, const std::vector<Shard*>& shards)
    : initial_(std::max<std::size_t>(memory.initial, 1024)),
      pool_(std::max(memory.limit, 2 * initial_), [this] { offer(); }) {
  for (Shard* shard : shards) shards_.push_back(std::make_unique<ShardMemory>(*shard, *this));
}

void SharedMemory::offer() {
  while (ShardMemory* shard = take_waiter()) {
    if (pool_.try_take(initial_)) {
      // Two threads may choose the same shard at the same moment: a turn lost, nothing else.
      turn_.store(shard->shard_.index() + 1);
      shard->grant();
      continue;
    }
    add_waiter(*shard);
    // What came back while nobody seemed to wait must not lie idle.
    if (pool_.capacity() - std::min(pool_.used(), pool_.capacity()) < initial_) return;
  }
}

ShardMemory* SharedMemory::take_waiter() {
  if (waiting_.load() == 0) return nullptr;
  const std::size_t first = turn_.load();
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    ShardMemory& shard = *shards_[(first + i) % shards_.size()];
    if (remove_waiter(shard)) return &shard;
  }
  return nullptr;
}

void SharedMemory::add_waiter(ShardMemory& shard) {
  waiting_.fetch_add(1);
  shard.wanted_.fetch_add(1);
}

bool SharedMemory::remove_waiter(ShardMemory& shard) {
  std::uint32_t wanted = shard.wanted_.load();
  while (wanted > 0) {
    if (!shard.wanted_.compare_exchange_weak(wanted, wanted - 1)) continue;
    waiting_.fetch_sub(1);
    return true;
  }
  return false;
}

}  // namespace restate::invoker
