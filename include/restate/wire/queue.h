#pragma once

/// \file
/// Places in the queues of flow control: where an invocation that carries a scope stands while it
/// waits for, or holds, one of the permits that its rules allow.

#include <restate/ids.h>
#include <restate/time.h>

#include <compare>
#include <cstdint>
#include <string>

#pragma GCC visibility push(default)

namespace restate::wire {

/// Names one queue: invocations of one scope, limit key and service, and for exclusive handlers of
/// one object. Text: `vq_1` and 33 base62 digits.
struct QueueId {
  PartitionKey key;  ///< of its invocations
  Uuid digest;       ///< of scope, limit key, service, object (docs/formats/tables.md)

  auto operator<=>(const QueueId&) const = default;
  /// `vq_1` and 33 digits.
  std::string str() const;
  /// `kInvalidArgument` with the reason, such as `bad length`.
  static Result<QueueId> parse(std::string_view text);
};

/// Orders a queue: what has run before goes first, then by time, then by place in the log.
struct QueuePosition {
  bool fresh = true;           ///< it has never run
  WallTime run_at;             ///< not before
  std::uint64_t sequence = 0;  ///< LSN of the record that put it there: no two stays look alike
  auto operator<=>(const QueuePosition&) const = default;
};

/// One stay of one invocation in a queue, or in the running stage that follows it. A decision about
/// a place that nobody stands at any more is void. The partition key is the invocation's.
struct QueuePlace {
  InvocationId invocation;  ///< who stands there
  Uuid queue;               ///< the digest of its queue
  QueuePosition at;         ///< where

  /// The whole name of its queue.
  QueueId id() const { return {invocation.key, queue}; }
  auto operator<=>(const QueuePlace&) const = default;
};

/// What is known of the attempts that led to a wait, so that the next one counts on.
struct RetryState {
  std::uint64_t attempts = 0;               ///< started in this residency
  std::uint64_t failed = 0;                 ///< of these, as the retry policy counts
  std::uint32_t retries_since_command = 0;  ///< failures since the last new command
  std::uint32_t refused = 0;                ///< requests in a row that nobody looked at
  bool operator==(const RetryState&) const = default;
};

}  // namespace restate::wire

#pragma GCC visibility pop
