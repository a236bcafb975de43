#include "uv/system_random.h"

#include <sys/random.h>

#include <cerrno>
#include <utility>

namespace restate::uv {

std::uint64_t SystemRandom::next() {
  if (used_ == numbers_.size()) refill();
  return std::exchange(numbers_[used_++], 0);
}

void SystemRandom::refill() {
  auto* memory = reinterpret_cast<char*>(numbers_.data());
  std::size_t filled = 0;
  while (filled < sizeof(numbers_)) {
    const ssize_t got = getrandom(memory + filled, sizeof(numbers_) - filled, 0);
    if (got > 0) filled += static_cast<std::size_t>(got);
    RESTATE_ASSERT(got > 0 || errno == EINTR, "the system has no random numbers");
  }
  used_ = 0;
}

}  // namespace restate::uv
