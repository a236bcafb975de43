#pragma once

/// \file
/// The settings of services and handlers.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#pragma GCC visibility push(default)

namespace restate {

/// What services and handlers may set; what they leave open, the server decides. Times in
/// milliseconds.
struct ServiceOptions {
  std::optional<std::uint64_t> inactivity_timeout_ms = {},  ///< a wait this long suspends
      abort_timeout_ms = {};  ///< after this long beyond that, the attempt is cut off
  std::optional<std::uint64_t> journal_retention_ms = {},  ///< after the end
      idempotency_retention_ms = {};           ///< of results, after the end: for the same key
  std::optional<bool> enable_lazy_state = {},  ///< state is read value by value, not sent along
      ingress_private = {};                    ///< only other handlers may call it
  std::optional<std::uint64_t> retry_initial_ms = {},  ///< the wait before the second attempt
      retry_max_interval_ms = {},                      ///< the longest wait
      retry_max_attempts = {};                         ///< then `retry_kill` decides
  std::optional<double> retry_factor = {};             ///< by which the wait grows each time
  std::optional<bool> retry_kill = {};                 ///< on max attempts: kill; else pause
  std::optional<std::string> documentation = {};       ///< shown by tools
  std::map<std::string, std::string> metadata = {};    ///< shown by tools
};

/// What a handler may set beside; what it leaves open, its service decides.
struct HandlerOptions : ServiceOptions {
  std::optional<std::uint64_t> workflow_retention_ms = {};  ///< `run` of workflows only
  /// What is left open, the handler's types say.
  std::optional<std::string> accept = {},  ///< what requests may carry
      content_type = {};                   ///< of results
};

}  // namespace restate

#pragma GCC visibility pop
