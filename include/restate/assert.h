#pragma once

/// \file
/// Invariants of our own code. On in every build: going on after a broken invariant would write
/// lies into a log that others trust.

#pragma GCC visibility push(default)

namespace restate {

/// Prints where and what, then aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line,
                                   const char* message);

}  // namespace restate

#pragma GCC visibility pop

/// Aborts with `message`, a text, if `condition` does not hold. `condition` is evaluated once, in
/// every build.
#define RESTATE_ASSERT(condition, message)                                           \
  (static_cast<bool>(condition)                                                      \
       ? static_cast<void>(0)                                                        \
       : ::restate::assertion_failed(#condition, __FILE__, __LINE__, message))

/// A place that cannot be reached: after a switch that lists every enumerator.
#define RESTATE_UNREACHABLE() \
  ::restate::assertion_failed("unreachable", __FILE__, __LINE__, "impossible enumerator")
