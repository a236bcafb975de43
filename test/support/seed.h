#pragma once

// The seed of a random test: printed when it fails, taken back from RESTATE_TEST_SEED.

#include <restate/testing/seed.h>

#include "support/catch.h"

#include <cstdlib>
#include <string>

namespace restate::testing {

/// `fallback`, unless the environment names a seed to replay. Put `INFO(seed_line(seed))` behind it.
inline Seed seed_or(std::uint64_t fallback) {
  const char* given = std::getenv("RESTATE_TEST_SEED");
  return Seed{given != nullptr ? std::strtoull(given, nullptr, 10) : fallback};
}

/// The line that replays a run.
inline std::string seed_line(Seed seed) {
  return "replay with RESTATE_TEST_SEED=" + std::to_string(seed.value);
}

}  // namespace restate::testing
