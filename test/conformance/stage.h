#pragma once

// Where a conformance suite plays: a shard, and a way to wait for answers on it. The same suite
// runs in a simulated world and on real threads.

#include "support/catch.h"

#include <restate/runtime.h>

#include <optional>
#include <utility>

namespace restate::testing {

class Stage {
 public:
  virtual ~Stage() = default;
  virtual Shard& shard() = 0;
  virtual void run_until(Function<bool()> condition) = 0;

  /// Calls `start` with a completion and returns what that is called with.
  template <class T>
  Result<T> wait(Function<void(Completion<T>)> start) {
    std::optional<Result<T>> answer;
    bool inside = true;
    start(Completion<T>(shard(), [&](Result<T> result) {
      CHECK_FALSE(inside);  // never inside the call that asked
      answer.emplace(std::move(result));
    }));
    inside = false;
    run_until([&] { return answer.has_value(); });
    return std::move(*answer);
  }
};

}  // namespace restate::testing
