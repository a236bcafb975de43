#pragma once

/// \file
/// Bytes that may be held at once. Nothing is allocated here: whoever is about to hold bytes takes a
/// lease on them first, and who gets none does without. Shared by the shards of a node.

#include <restate/function.h>

#include <atomic>
#include <cstddef>
#include <utility>

namespace restate {

/// Counts. Any thread.
class MemoryPool {
 public:
  /// `freed` runs after bytes have come back, on the thread that gave them.
  explicit MemoryPool(std::size_t capacity, Function<void()> freed = {})
      : capacity_(capacity), freed_(std::move(freed)) {}
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  std::size_t capacity() const { return capacity_; }
  std::size_t used() const { return used_.load(); }
  /// All of it or nothing.
  bool try_take(std::size_t bytes);
  void give_back(std::size_t bytes);

 private:
  const std::size_t capacity_;
  std::atomic<std::size_t> used_{0};
  Function<void()> freed_;
};

/// Some bytes of a pool, until the end of its life. One thread at a time.
class Lease {
 public:
  Lease() = default;
  explicit Lease(MemoryPool& pool) : pool_(&pool) {}
  /// On bytes that were taken already.
  Lease(MemoryPool& pool, std::size_t taken) : pool_(&pool), bytes_(taken) {}
  Lease(Lease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Lease& operator=(Lease&& other) noexcept;
  ~Lease() { release(); }

  std::size_t bytes() const { return bytes_; }
  /// True if it has a pool to take from.
  bool attached() const { return pool_ != nullptr; }
  /// Takes what is missing or gives back what is too much. False: the pool has not enough, and the
  /// lease is as it was. Without a pool anything goes.
  bool resize(std::size_t bytes);
  void release() { resize(0); }

 private:
  MemoryPool* pool_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace restate
