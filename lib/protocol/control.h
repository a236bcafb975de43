#pragma once

/// \file
/// The messages that steer an attempt and are never stored, in both directions: the engine reads
/// what SDKs send and writes what they read, and the SDK in this repository does the opposite.

#include "protocol/doc_codes.h"

#include <restate/bytes.h>
#include <restate/wire/journal.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace restate::protocol {

// What an endpoint may make an invocation hold outside of its journal: it goes into one record of the
// log and into one row.

/// Futures that a suspension may wait for, with the nodes that combine them.
inline constexpr std::size_t kMostAwaited = 262'144;
/// Of each text of an error message; the rest is cut off. Escaped, it may become six times as long.
inline constexpr std::size_t kLongestErrorText = 64u << 10;

/// A decoded message, or why it is none (with the code to report).
template <class Message>
using Decoded = std::variant<Message, ProtocolError>;

/// `Suspension`: what must be in the journal before another attempt makes sense.
struct Suspension {
  wire::AwaitTree awaiting;
  bool operator==(const Suspension&) const = default;
};
/// `AwaitingOn` (protocol 7): the same while running, for people to look at.
struct AwaitingOn {
  wire::AwaitTree awaiting;
  bool executing_side_effects = false;
  bool operator==(const AwaitingOn&) const = default;
};

struct ErrorMessage {
  enum class Behavior : std::uint8_t { kRetry = 0, kPause = 1, kFail = 2 };
  std::uint32_t code = 500;
  std::string message;
  std::string stacktrace;
  std::optional<std::uint32_t> related_command_index;
  std::optional<std::string> related_command_name;
  std::optional<std::uint32_t> related_command_type;
  std::optional<std::uint64_t> next_retry_delay_ms;
  Behavior behavior = Behavior::kRetry;
  bool operator==(const ErrorMessage&) const = default;
};

struct ProposeRunCompletion {
  wire::CompletionId completion;
  wire::InvocationResult result;
  bool operator==(const ProposeRunCompletion&) const = default;
};

/// Empty sets, nodes without a leaf below them and unknown combinators: RT0012. A tree deeper than
/// `max_depth` (the root is depth 0), or of more than `kMostAwaited` parts: RT0025. In protocols
/// below 7 the three lists are one flat set.
Decoded<Suspension> decode_suspension(const Bytes& payload, std::uint16_t protocol,
                                      std::size_t max_depth);
Decoded<AwaitingOn> decode_awaiting_on(const Bytes& payload, std::size_t max_depth);
/// Texts are cut to `kLongestErrorText`.
Decoded<ErrorMessage> decode_error(const Bytes& payload);
/// The value is a slice of the payload.
Decoded<ProposeRunCompletion> decode_propose_run_completion(const Bytes& payload);
/// The index of a CommandAck, or the completion of a ProposeRunCompletionAck.
Decoded<std::uint32_t> decode_ack(const Bytes& payload);

Bytes encode(const Suspension& message, std::uint16_t protocol);
Bytes encode(const AwaitingOn& message);
Bytes encode(const ErrorMessage& message);
Bytes encode(const ProposeRunCompletion& message);
Bytes encode_ack(std::uint32_t number);

/// The notification that a proposal becomes in the journal.
wire::Notification run_completion(ProposeRunCompletion proposal);

}  // namespace restate::protocol
