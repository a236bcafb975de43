#pragma once

/// \file
/// Whether a request that got an error is asked again, and what it is told in the end.

#include <restate/result.h>
#include <restate/time.h>

#include <chrono>
#include <optional>

namespace restate::engine {

/// One request, from the first time that it is asked. Partitions may have no leader for a moment.
class Asking {
 public:
  /// `repeatable`: asking twice does what asking once does, even if the first time had its effect.
  explicit Asking(bool repeatable) : repeatable_(repeatable) {}

  /// What the request is told, or nothing: it is asked again after `wait`. From the first answer that
  /// leaves open what happened, no later one can say that nothing has. `failed`: so has the engine, and
  /// nobody will lead any more.
  std::optional<Error> on_error(Error error, bool failed);
  /// After `on_error` had nothing to tell. Short at first: an engine that was just opened has its
  /// leaders in a moment.
  Duration wait() const;

 private:
  const bool repeatable_;
  int asked_ = 0;
  std::optional<Error> unknown_;  ///< the first answer of that kind
};

}  // namespace restate::engine
