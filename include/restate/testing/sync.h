#pragma once

/// \file
/// Asynchronous calls as a test would like them: start one, run the world until it is answered.

#include <restate/testing/world.h>

#include <memory>
#include <optional>
#include <utility>

#pragma GCC visibility push(default)

namespace restate::testing {

/// Calls `start` on `shard` with a completion and runs the world until that is called.
/// - `kInternal`: it was not within `limit` of virtual time. No code expects that of an answer, so
///   the test fails.
template <class T>
Result<T> wait(World& world, Shard& shard, Function<void(Completion<T>)> start,
               Duration limit = std::chrono::minutes(5)) {
  // Shared with the callback, which may outlive this call when the limit is reached.
  auto answer = std::make_shared<std::optional<Result<T>>>();
  shard.post([&shard, answer, start = std::move(start)]() mutable {
    start(Completion<T>(shard, [answer](Result<T> result) { answer->emplace(std::move(result)); }));
  });
  if (!world.run_until([&answer] { return answer->has_value(); }, limit)) {
    return Error{Code::kInternal,
                 "the call was not answered: the time is up, or the world is idle"};
  }
  return std::move(**answer);
}

/// The same on the first shard of the world.
template <class T>
Result<T> wait(World& world, Function<void(Completion<T>)> start,
               Duration limit = std::chrono::minutes(5)) {
  return wait<T>(world, world.shard(0), std::move(start), limit);
}

}  // namespace restate::testing

#pragma GCC visibility pop
