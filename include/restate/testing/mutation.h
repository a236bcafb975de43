#pragma once

/// \file
/// Planted bugs. A simulator that finds nothing may be blind, so the code holds places where one
/// line can be made wrong, and test/sim/mutants.cc sees to it that every one of them is noticed.

#ifdef RESTATE_MUTATIONS

#include <atomic>
#include <cstdint>
#include <cstring>

#pragma GCC visibility push(default)

namespace restate::testing {
namespace detail {

inline std::atomic<const char*> mutation{nullptr};
inline std::atomic<std::uint64_t> mutation_hits{0};

inline bool mutated(const char* name) {
  const char* active = mutation.load(std::memory_order_relaxed);
  if (active == nullptr || std::strcmp(active, name) != 0) return false;
  mutation_hits.fetch_add(1, std::memory_order_relaxed);
  return true;
}

}  // namespace detail

/// Makes the process run with the planted bug `name` from now on; null: with none, as it starts.
/// `name` is kept. Call it while no engine runs.
inline void set_mutation(const char* name) {
  detail::mutation.store(name, std::memory_order_relaxed);
  detail::mutation_hits.store(0, std::memory_order_relaxed);
}

/// How often the planted bug was reached since it was set.
inline std::uint64_t mutation_hits() {
  return detail::mutation_hits.load(std::memory_order_relaxed);
}

}  // namespace restate::testing

#pragma GCC visibility pop

/// Whether the planted bug of this name is the one to run with. Names are `module/what-goes-wrong`.
#define RESTATE_MUTATION(name) (::restate::testing::detail::mutated(name))

#else

// Nothing is left of them in a product.
#define RESTATE_MUTATION(name) false

#endif
