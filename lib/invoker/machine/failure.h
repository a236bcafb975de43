#pragma once

/// \file
/// Why an attempt failed, and the forms in which people and SQL see it.

#include "protocol/doc_codes.h"

#include <restate/time.h>
#include <restate/wire/invocation.h>
#include <restate/wire/journal.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restate::invoker {

using protocol::DocCode;

/// What the SDK wants done with its error.
enum class ErrorBehavior : std::uint8_t { kRetry, kPause, kFail };

struct AttemptError {
  /// How far the failure reaches.
  enum class Kind : std::uint8_t {
    kTransient,   ///< another attempt may do better
    kExhausted,   ///< another attempt would end the same: straight to the on-max-attempts action
    kPause,       ///< a human must look at it
    kNotInvoked,  ///< the invocation is no longer ours to run
  };
  Kind kind = Kind::kTransient;
  std::uint32_t code = 500;  ///< HTTP-like; the code of the result if this is the end
  std::string message;
  std::string stacktrace;
  DocCode doc_code = DocCode::kNone;
  std::optional<std::uint32_t> related_command_index;
  std::optional<std::string> related_command_name;
  std::optional<std::uint32_t> related_command_type;  ///< a type code, known or not
  /// Counts towards `retry_count_since_last_stored_entry`.
  bool counts = true;
  /// The endpoint has not looked at the request: no attempt of the policy, within limits.
  bool refused = false;
  /// The node had no memory for it: no attempt of the policy, however often.
  bool shortage = false;
  ErrorBehavior behavior = ErrorBehavior::kRetry;
  /// Asked for by the endpoint, for the next wait only.
  std::optional<milliseconds> next_delay;
};

/// The result of an invocation that ends with this error.
wire::Failure failure_of(const AttemptError& error);

/// `[500 Internal] boom`, then the stack trace on lines of its own.
std::string describe(const AttemptError& error);
/// `409 Aborted`; `418` if the code has no name.
std::string code_text(std::uint32_t code);

/// The related command's type as SQL and events name it, such as `Run`; nothing for commands that
/// are not shown.
std::optional<std::string_view> related_type_name(const AttemptError& error);

/// The body of a `TransientError` event, `ty` included.
wire::JournalEvent transient_error_event(const AttemptError& error);
/// The body of a `Paused` event.
wire::JournalEvent paused_event(const AttemptError* last);

/// True if whoever reads the events would see the same thing twice: stack traces do not count.
bool same_event(const AttemptError& a, const AttemptError& b);

}  // namespace restate::invoker
