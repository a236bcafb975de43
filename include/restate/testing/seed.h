#pragma once

/// \file
/// Everything random in a simulated world follows from one number. A failing run prints it, and
/// the same number replays the run.

#include <compare>
#include <cstdint>

#pragma GCC visibility push(default)

namespace restate::testing {

/// Any number is a good one.
struct Seed {
  std::uint64_t value = 0;  ///< as failing runs print it
  auto operator<=>(const Seed&) const = default;
};

}  // namespace restate::testing

#pragma GCC visibility pop
