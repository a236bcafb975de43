#pragma once

/// \file
/// What of the configuration concerns invokers (config.md, `[worker.invoker]`).

#include "http/limits.h"
#include "schema/schema.h"

#include <restate/time.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace restate::invoker {

using namespace std::chrono_literals;

struct InvokerOptions {
  /// Timeouts, retry policy and retentions of handlers that say nothing.
  schema::Defaults defaults;
  /// Frames from an endpoint; the slack for everything around a payload comes on top.
  std::size_t message_size_limit = 32u * 1024 * 1024;
  std::size_t message_size_warning = 10u * 1024 * 1024;
  /// Nothing: `message_size_limit`.
  std::optional<std::size_t> eager_state_size_limit;
  bool disable_eager_state = false;
  /// Offer protocol 7 to deployments that know it.
  bool protocol_v7 = false;
  std::size_t max_awaited_future_depth = 1000;
  /// What one message of an attempt may take, in either direction. Nothing: `message_size_limit`.
  /// An attempt that needs more fails, and so would every other.
  std::optional<std::size_t> per_invocation_memory;
  /// Inputs of invocations that wait for a slot, per partition; the others are read when they start.
  std::size_t queued_journal_bytes = std::size_t{4} << 20;
  /// An endpoint is not read while the log owes it more than this: a slow disk slows who fills it.
  std::size_t unstored_high_water = std::size_t{1} << 20;
  /// How ids of idempotent calls are made; the same for all of a cluster, for ever.
  bool controlled_idempotent_sharding = true;
  /// Calls may name a scope and a limit key; handlers hear of theirs.
  bool flow_control = false;
  /// Also calls of virtual objects.
  bool scoped_virtual_objects = false;

  std::size_t eager_state_limit() const {
    return std::min(eager_state_size_limit.value_or(message_size_limit), invocation_memory());
  }
  std::size_t invocation_memory() const {
    return per_invocation_memory.value_or(message_size_limit);
  }
};

// Bounds and waiting times that are nobody's to configure.

/// Durations come as 64 bits of milliseconds; longer than this nobody waits, and sums stay small.
inline constexpr std::uint64_t kLongestWaitMs = 365ull * 24 * 3600 * 1000;
constexpr std::chrono::milliseconds saturated_ms(std::uint64_t ms) {
  return std::chrono::milliseconds(
      static_cast<std::int64_t>(ms < kLongestWaitMs ? ms : kLongestWaitMs));
}

/// On top of `message_size_limit`.
inline constexpr std::size_t kMessageSlackBytes = 262'144;
/// A replay pauses when the stream holds more than this, until `AttemptListener::on_drained`.
inline constexpr std::size_t kReplayHighWater = http::kHighWater;
/// The longest request to a function before compression, and the longest response after it: both are
/// held in memory as a whole. Functions take 6 MB.
inline constexpr std::size_t kLambdaBodyBytes = 64 * 1024 * 1024;
/// Journal read ahead of the stream.
inline constexpr std::size_t kReplayReadBytes = 256 * 1024;
/// An endpoint that broke the rules may go on talking for this long.
inline constexpr Duration kDrainTimeout = 5s;
/// The shortest wait before a retry that the other side may ask for: no hot loops.
inline constexpr Duration kMinRetryDelay = 50ms;
/// An endpoint that turns requests away unread, as one that restarts does, costs no attempts, however
/// often it does so. The waits begin with the shortest one and double this often.
inline constexpr std::uint32_t kRefusalDoublings = 6;
/// Attempts that found no memory wait at first for this long, then twice as long each time, as
/// often as the second number says. They cost no attempts.
inline constexpr Duration kFirstShortageWait = 100ms;
inline constexpr std::uint32_t kLongestShortage = 6;
/// What an attempt holds is looked at this often while it is more than it began with.
inline constexpr Duration kLeaseLook = 1s;
/// Inactivity and abort timeouts are looked at this often.
inline constexpr Duration kDeadlineTick = 50ms;

}  // namespace restate::invoker
