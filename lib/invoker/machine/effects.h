#pragma once

/// \file
/// What the machines of the invoker want done. Order is meaning: a driver carries effects out one
/// after the other.

#include "invoker/machine/failure.h"

#include <restate/bytes.h>
#include <restate/time.h>
#include <restate/wire/commands.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace restate::invoker {

// --- Of an attempt
// --------------------------------------------------------------------------------

struct SendFrames {
  ByteChain chain;
};
/// Ends the request body.
struct CloseInput {};
/// Starts the one waiting time of an attempt anew; the previous one is void.
struct SetTimeout {
  enum class Kind : std::uint8_t { kInactivity, kAbort };
  Kind kind = Kind::kInactivity;
  milliseconds after{};
};
struct AttemptEnded {};
struct AttemptSuspended {
  wire::AwaitTree awaiting;
  std::uint32_t delivered = 0;
};
using Outcome = std::variant<AttemptEnded, AttemptSuspended, AttemptError>;
/// The attempt has told all it will ever tell.
struct AttemptOver {
  Outcome outcome;
  /// The endpoint said its last word and may end its response in peace. Otherwise the stream is
  /// cancelled.
  bool orderly = false;
};

// --- Of a residency
// -------------------------------------------------------------------------------

/// Hand this to the leader of the partition.
struct Propose {
  wire::Effect effect;
};
struct StartAttempt {};
struct WaitForRetry {
  milliseconds delay;
};
struct StopWaiting {};
/// The invocation yields: propose it, with the time at which `delay` is over.
struct ProposeYield {
  wire::Yielded yielded;
  milliseconds delay;
};
/// The invocation leaves the invoker.
struct ResidencyOver {};

using Effect = std::variant<SendFrames, CloseInput, SetTimeout, AttemptOver, Propose, StartAttempt,
                            WaitForRetry, StopWaiting, ResidencyOver, ProposeYield>;
using Effects = std::vector<Effect>;

}  // namespace restate::invoker
