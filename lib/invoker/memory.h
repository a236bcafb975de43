#pragma once

/// \file
/// Memory for the attempts of a node, all partitions together. An attempt begins
/// with a small lease, for which it may have to wait; what it holds beyond, the frames on their way
/// in and out, it takes as it goes and gives back as it goes. Growth is not waited for: attempts that
/// wait for each other would never end.

#include "common/memory_pool.h"

#include <restate/runtime.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

namespace restate::invoker {

struct InvocationMemory {
  /// For all attempts of the node.
  std::size_t limit = std::size_t{1536} << 20;
  /// What an attempt begins with, and the unit in which it takes more.
  std::size_t initial = std::size_t{32} << 10;
};

class SharedMemory;

/// An attempt that could not begin.
class MemoryWaiter {
 public:
  /// The waiter no longer queues.
  virtual void on_memory(Lease lease) = 0;

 protected:
  ~MemoryWaiter() = default;
};

/// The pool as one shard sees it. Shard thread only, but for what says otherwise.
class ShardMemory {
 public:
  ShardMemory(Shard& shard, SharedMemory& shared) : shard_(shard), shared_(shared) {}
  ShardMemory(const ShardMemory&) = delete;
  ShardMemory& operator=(const ShardMemory&) = delete;

  /// The lease to begin with; or `waiter` queues (once) and nothing is returned.
  std::optional<Lease> admit(MemoryWaiter& waiter);
  /// Must be called before a waiter dies.
  void forget(MemoryWaiter& waiter);

  std::size_t initial() const;
  std::size_t capacity() const;
  /// What a lease on `bytes` asks for: whole units, and never more than there is, so that an attempt
  /// that is alone always gets on.
  std::size_t rounded(std::size_t bytes) const;

 private:
  friend class SharedMemory;
  /// An initial lease was taken on behalf of this shard. Any thread.
  void grant();
  void hand_out();

  Shard& shard_;
  SharedMemory& shared_;
  std::deque<MemoryWaiter*> waiters_;
  std::atomic<std::uint32_t> wanted_{0};   ///< waiters for whom nothing was taken yet
  std::atomic<std::uint32_t> granted_{0};  ///< taken, not handed out yet
  Scope scope_;
};

/// Made once per node, before its shards run; outlives the invokers. What comes back goes to the
/// shards with waiting attempts, one initial lease each in turns, before anybody else begins.
class SharedMemory {
 public:
  SharedMemory(InvocationMemory memory, const std::vector<Shard*>& shards);

  ShardMemory& on(const Shard& shard) { return *shards_[shard.index()]; }
  /// Any thread.
  const MemoryPool& pool() const { return pool_; }

 private:
  friend class ShardMemory;
  /// Hands what is free to those who wait.
  void offer();
  /// The shard whose turn it is, with one waiter less to be served; null: nobody waits.
  ShardMemory* take_waiter();
  void add_waiter(ShardMemory& shard);
  /// False: there was none that is not served.
  bool remove_waiter(ShardMemory& shard);

  const std::size_t initial_;
  std::atomic<std::uint32_t> waiting_{0};  ///< the sum of `wanted_`
  std::atomic<std::uint32_t> turn_{0};     ///< the shard that is asked first
  MemoryPool pool_;
  std::vector<std::unique_ptr<ShardMemory>> shards_;
};

}  // namespace restate::invoker
