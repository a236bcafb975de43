#pragma once

/// \file
/// Random numbers from the kernel, a page at a time. Ids are made of them: two processes must
/// never draw the same, and nobody may guess the next.

#include <restate/runtime.h>

#include <array>
#include <cstddef>

namespace restate::uv {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;

 private:
  void refill();

  std::array<std::uint64_t, 512> numbers_{};
  std::size_t used_ = numbers_.size();
};

}  // namespace restate::uv
