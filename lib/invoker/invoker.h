#pragma once

/// \file
/// Runs the invocations of a partition that its leader holds: one residency per invocation that
/// should run, with attempts at its deployment, retries between them, and effects that go back into
/// the log. Forgets everything when leadership is lost; the tables know what to start again.

#include "invoker/deployment_client.h"
#include "common/trace.h"
#include "invoker/host.h"
#include "invoker/metrics.h"
#include "invoker/options.h"
#include "invoker/slots.h"

#include <restate/ids.h>
#include <restate/runtime.h>
#include <restate/wire/journal.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace restate::invoker {

/// How the last attempt failed, as SQL shows it.
struct AttemptFailure {
  std::string message;     ///< `[500 Internal] boom`, then the stack trace if there is one
  std::string error_code;  ///< `RT0007`; empty if there is none
  std::optional<std::uint32_t> related_command_index;
  std::optional<std::string> related_command_name;
  std::optional<std::string> related_command_type;  ///< `Run`
};

/// A residency as `sys_invocation_state` shows it.
struct AttemptStatus {
  bool in_flight = false;
  std::uint64_t retry_count = 0;  ///< attempts started
  std::optional<WallTime> last_start_at;
  std::optional<WallTime> next_retry_at;
  std::optional<AttemptFailure> last_failure;
  std::optional<DeploymentId> last_attempt_deployment;
  std::optional<std::string> last_attempt_server;
  std::optional<wire::AwaitTree> awaiting_on;  ///< protocol 7, while in flight
};

/// Who wants to know what happens; both outlive the invoker. Null: nobody.
struct InvokerWatchers {
  InvokerMetrics* metrics = nullptr;
  trace::Sink* traces = nullptr;
};

/// One per leader of a partition, on its shard. Calls are made in the order of the actions of the
/// log (an abort never overtakes the invoke it belongs to).
class Invoker {
 public:
  /// Everything passed by reference outlives the invoker.
  Invoker(Shard& shard, DeploymentClient& client, InvokerOptions options, SharedLimits& limits,
          InvokerHost& host, InvokerWatchers watchers = {});
  /// As `abort_all`.
  ~Invoker();
  Invoker(const Invoker&) = delete;
  Invoker& operator=(const Invoker&) = delete;

  /// From now on. What an attempt was told when it began, it keeps; what is waiting for a retry waits
  /// as long as it was to.
  void reconfigure(const InvokerOptions& options);

  /// Begins a residency; one that is still there under this id is aborted. `journal`: all entries,
  /// if they are at hand; else they are read. `queued`: it came through a queue, with these tries
  /// behind it, and yields to that queue instead of waiting here for a retry.
  void invoke(const InvocationId& invocation, std::uint32_t token,
              const wire::InvocationTarget& target, std::vector<wire::JournalEntry> journal = {},
              const std::optional<wire::RetryState>& queued = {});
  /// A notification was appended at `index`. Passed on if the attempt has not replayed it.
  void notify(const InvocationId& invocation, std::uint32_t index, wire::EntryType type,
              const wire::NotificationId& id, const Bytes& body);
  /// A command is stored and its effects are applied; `requested`: the SDK asked to hear of it.
  void ack_command(const InvocationId& invocation, std::uint32_t command_index, bool requested);
  /// Ends a residency without effects: killed, or no longer ours.
  void abort(const InvocationId& invocation);
  void abort_all();
  /// Ends the wait before the next attempt, if there is one.
  void retry_now(const InvocationId& invocation);
  /// Stops at the next opportunity and proposes `Paused`; one that waits for a retry does at once.
  void pause(const InvocationId& invocation);

  /// Nothing: no such residency.
  std::optional<AttemptStatus> status(const InvocationId& invocation) const;
  /// Every residency, in the order of the ids.
  std::vector<std::pair<InvocationId, AttemptStatus>> statuses() const;
  /// Residencies, those in the queue included.
  std::size_t size() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::invoker
