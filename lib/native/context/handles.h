#pragma once

/// \file
/// What the parts of `Context` share: the names that handlers see, and those of the machine below.

#include "native/await.h"
#include "native/session.h"

#include <restate/awaitable.h>
#include <restate/result.h>
#include <restate/time.h>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace restate::native {

inline Handle handle_of(const Awaitable& awaitable) { return {awaitable.index}; }
inline Awaitable awaitable_of(Handle handle) { return {.index = handle.index}; }

/// Not less than was asked for.
inline std::uint64_t whole_ms(Duration duration) {
  const auto ms = std::chrono::ceil<milliseconds>(duration).count();
  return ms < 0 ? 0 : static_cast<std::uint64_t>(ms);
}

inline Result<Handle> start_timer(HandlerSession& session, Duration how_long,
                                  std::string_view name = {}) {
  return session.vm().sleep(session.wall_now().plus(whole_ms(how_long)), name);
}

}  // namespace restate::native
