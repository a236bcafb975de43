#pragma once

/// \file
/// Everything random in a simulated world follows from one number. A failing run prints it, and
/// the same number replays the run.

#include <compare>
#include <cstdint>

namespace restate::testing {

struct Seed {
  std::uint64_t value = 0;
  auto operator<=>(const Seed&) const = default;
};

}  // namespace restate::testing
