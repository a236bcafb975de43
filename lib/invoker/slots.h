#pragma once

/// \file
/// How many invocations of a node may be inside its invokers at once, all partitions together, and
/// what they may hold.

#include "common/metrics.h"
#include "invoker/memory.h"

#include <restate/runtime.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace restate::invoker {

class SharedLimits;

/// Somebody who could not get a slot.
class SlotWaiter {
 public:
  /// A slot is taken on the waiter's behalf, which no longer queues. Use it, or release it.
  virtual void on_slot() = 0;

 protected:
  ~SlotWaiter() = default;
};

/// The slots as one shard sees them. Shard thread only, but for what says otherwise.
class ShardSlots {
 public:
  ShardSlots(Shard& shard, SharedLimits& limits) : shard_(shard), limits_(limits) {}
  ShardSlots(const ShardSlots&) = delete;
  ShardSlots& operator=(const ShardSlots&) = delete;

  /// Takes a slot, or queues `waiter` (once) and returns false.
  bool acquire(SlotWaiter& waiter);
  void release();
  /// Must be called before a waiter dies.
  void forget(SlotWaiter& waiter);

  /// Of this shard: taken, and given back.
  const Counter& acquired() const { return acquired_; }
  const Counter& released() const { return released_; }

 private:
  friend class SharedLimits;
  /// A taken slot comes from a shard, or a free one may be there to be taken. Any thread.
  void grant(std::uint32_t slots);
  void wake();
  void hand_out();
  std::uint64_t bit() const { return std::uint64_t{1} << shard_.index(); }

  Shard& shard_;
  SharedLimits& limits_;
  std::deque<SlotWaiter*> waiters_;
  std::atomic<std::uint32_t> granted_{0};  ///< taken for us, not handed out yet
  bool scheduled_ = false;
  Counter acquired_, released_;
  Scope scope_;
};

/// Made once per node, before its shards run; outlives the invokers. A slot that is given back goes
/// straight on to a shard that starves, one after the other: it is never free in between, where a
/// shard with more to do would find it first.
class SharedLimits {
 public:
  /// At most 64 shards.
  SharedLimits(std::uint32_t concurrent_invocations, const std::vector<Shard*>& shards,
               InvocationMemory memory = {});
  ~SharedLimits();

  ShardSlots& on(const Shard& shard) { return *shards_[shard.index()]; }
  SharedMemory& memory() { return memory_; }
  std::uint32_t limit() const { return limit_.load(); }
  /// From now on there are `concurrent_invocations` slots. Who has one keeps it: with fewer than are taken,
  /// what is given back is gone until that holds. Any thread.
  void set_limit(std::uint32_t concurrent_invocations);
  /// Slots taken, on all shards. Any thread.
  std::uint32_t used() const { return used_.load(); }

 private:
  friend class ShardSlots;
  bool try_acquire();
  /// The next shard that starves, in turns; null: none does.
  ShardSlots* next_starving();
  /// Takes a slot out of use if more are taken than there are.
  bool retire();
  void give_back(ShardSlots& from);

  std::atomic<std::uint32_t> limit_;
  std::atomic<std::uint32_t> used_{0};
  std::atomic<std::uint64_t> starving_{0};  ///< one bit per shard
  std::atomic<std::uint32_t> turn_{0};      ///< the shard that is asked first
  std::vector<std::unique_ptr<ShardSlots>> shards_;
  SharedMemory memory_;
};

}  // namespace restate::invoker
