#pragma once

/// \file
/// What can go wrong, as a value. Errors of the engine only: a failed handler of a user is data in
/// a journal (`partition::Failure`), never one of these.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace restate {

/// Why something did not happen. Decide by the code; nobody parses messages.
enum class Code : std::uint8_t {
  kInvalidArgument,     ///< the input is wrong, and stays wrong when it is sent again
  kNotFound,            ///< no such thing
  kAlreadyExists,       ///< the thing to be created is there already
  kFailedPrecondition,  ///< the state does not allow it: a version moved, a document is locked
  kUnauthenticated,     ///< no or wrong credentials
  kUnavailable,         ///< the outcome is unknown; retry only what is idempotent
  kOverloaded,          ///< a named limit is reached; nothing happened
  kNotLeader,           ///< ask another node; nothing happened
  kSealed,              ///< the loglet takes no more records; nothing was written
  kTrimmed,             ///< the records asked for are gone
  kTimeout,             ///< not done in time; the outcome is unknown
  kCancelled,           ///< whoever asked took it back
  kSuspended,           ///< a durable handler must unwind now and is replayed later
  kTerminal,            ///< a durable handler failed for good; not retried
  kShutdown,            ///< the object is closing
  kCorrupt,             ///< the disk or the log lies
  kFailed,              ///< the disk refused; the engine acknowledges nothing any more
  kUnsupported,         ///< understood, but not offered
  kInternal,            ///< a bug on our side that did not cost an invariant
};

/// The name of a code as logs show it, such as `not found`.
std::string_view to_string(Code code);

/// The HTTP status that stands for a code at our own HTTP surfaces.
int http_status(Code code);

/// What an error of a durable handler or of one of its steps wishes for the next try, whatever the policies
/// say: see `paused` and `retry_in` in <restate/failure.h>.
struct RetryWish {
  std::optional<std::uint64_t> delay_ms = {};  ///< until the next try; nothing: the policies decide
  bool pause = false;  ///< no next try before somebody has resumed the invocation
  bool operator==(const RetryWish&) const = default;
};

/// A code, and a sentence that says what was attempted and why it failed.
struct Error {
  Code code = Code::kInternal;  ///< what to do about it
  std::string message;          ///< for people
  /// `kTerminal`: how user code failed, as a status that callers see; 0 means 500.
  std::uint32_t status = 0;
  /// `kTerminal`: what else callers should know, by name. From protocol 6 on.
  std::vector<std::pair<std::string, std::string>> metadata = {};
  /// Of handlers and steps that are tried again: when. Everybody else leaves it alone.
  RetryWish retry = {};
  /// `kTerminal`: the invocation that got this is itself cancelled (see `is_cancellation`). The library says
  /// so; in what a handler or a step returns it means nothing, and nobody else gets to see it.
  bool cancelled = false;

  /// `not found: deployment dp_1abc`
  std::string describe() const;

  /// The same error with `what` in front: `opening log 3: ...`.
  Error within(std::string_view what) &&;

  bool operator==(const Error&) const = default;
};

/// Prints `error` to stderr and returns 1: the last line of a `main`.
int report(const Error& error);

}  // namespace restate

#pragma GCC visibility pop
