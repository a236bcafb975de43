#pragma once

/// \file
/// Comparing secrets without telling, by the time it takes, how much of a guess was right.

#include <cstddef>
#include <string_view>

namespace restate {

/// The time depends on the length of `guess` alone.
inline bool equal_in_constant_time(std::string_view secret, std::string_view guess) {
  // Volatile, so that no compiler sees that the rest does not matter any more.
  volatile unsigned char difference = secret.size() == guess.size() ? 0 : 1;
  for (std::size_t i = 0; i < guess.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference = static_cast<unsigned char>(difference | (expected ^ guess[i]));
  }
  return difference == 0;
}

}  // namespace restate
