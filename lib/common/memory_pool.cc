#include "common/memory_pool.h"

#include <restate/assert.h>

namespace restate {

bool MemoryPool::try_take(std::size_t bytes) {
  std::size_t used = used_.load();
  do {
    // In this order nothing overflows, whatever the numbers.
    if (used > capacity_ || bytes > capacity_ - used) return false;
  } while (!used_.compare_exchange_weak(used, used + bytes));
  return true;
}

void MemoryPool::give_back(std::size_t bytes) {
  const std::size_t before = used_.fetch_sub(bytes);
  RESTATE_ASSERT(before >= bytes, "what comes back was taken");
  if (freed_) freed_();
}

Lease& Lease::operator=(Lease&& other) noexcept {
  if (this == &other) return *this;
  release();
  pool_ = std::exchange(other.pool_, nullptr);
  bytes_ = std::exchange(other.bytes_, 0);
  return *this;
}

bool Lease::resize(std::size_t bytes) {
  if (pool_ == nullptr || bytes == bytes_) return true;
  if (bytes > bytes_) {
    if (!pool_->try_take(bytes - bytes_)) return false;
    bytes_ = bytes;
    return true;
  }
  const std::size_t freed = bytes_ - bytes;
  bytes_ = bytes;
  pool_->give_back(freed);
  return true;
}

}  // namespace restate
