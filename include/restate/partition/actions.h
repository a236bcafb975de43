#pragma once

/// \file
/// What should happen outside once a record is applied. Hints for the leader: they may be lost in a
/// crash, and whoever becomes leader finds the same work in the tables.

#include <restate/wire/commands.h>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace restate::partition {

/// Where an entry of a queue is. Numbers are stored.
enum class QueueStage : std::uint8_t {
  kNone = 0,  ///< in no queue: not yet, or not any more. Never stored.
  kInbox = 1,
  kRunning = 2,  ///< holds permits
  kSuspended = 3,
  kPaused = 4,
};

/// Start an attempt. `journal` carries the entries when the state machine has them at hand (a new
/// invocation: its input), so that a first attempt reads nothing.
struct InvokeAction {
  InvocationId invocation;
  wire::InvocationTarget target;
  std::vector<wire::JournalEntry> journal;  ///< empty: read it
  wire::Incarnation incarnation = {};       ///< what the effects of the attempt are for
  /// It came through a queue, with this behind it: instead of waiting for a retry it yields.
  std::optional<wire::RetryState> queued{};
  bool operator==(const InvokeAction&) const = default;
};
struct AbortInvocation {
  InvocationId invocation;
  bool operator==(const AbortInvocation&) const = default;
};
/// The command with this index is stored, and its effects are applied.
struct AckStoredCommand {
  InvocationId invocation;
  std::uint32_t command_index = 0;
  bool requested = false;  ///< the SDK asked for it; otherwise only the attempt's own books
  bool operator==(const AckStoredCommand&) const = default;
};
/// A notification was appended at `index`; the attempt passes it on.
struct ForwardNotification {
  InvocationId invocation;
  std::uint32_t index = 0;
  wire::EntryType type = wire::EntryType::kSignalNotification;
  wire::NotificationId id;
  Bytes body;  ///< the protobuf message
  bool operator==(const ForwardNotification&) const = default;
};
struct NewOutboxMessage {
  std::uint64_t sequence = 0;
  wire::OutboxMessage message;
  bool operator==(const NewOutboxMessage&) const = default;
};
struct RegisterTimer {
  wire::TimerKey key;
  wire::Incarnation incarnation;
  bool operator==(const RegisterTimer&) const = default;
};
struct DeleteTimer {
  wire::TimerKey key;
  bool operator==(const DeleteTimer&) const = default;
};
/// The result for a request at ingress. `Void`: not ready.
struct IngressResponse {
  RequestId request;
  std::optional<InvocationId> invocation;
  std::optional<WallTime> completion_expiry;  ///< only from a completed row
  std::variant<wire::Void, Bytes, wire::Failure> result;
  bool operator==(const IngressResponse&) const = default;
};
struct SubmitNotification {
  RequestId request;
  std::optional<WallTime> execution_time;
  bool is_new = false;
  bool operator==(const SubmitNotification&) const = default;
};
/// What became of an operator's request (state-machine.md 4.4, 9).
enum class OperationOutcome : std::uint8_t {
  kOk, kDone, kAppended, kAccepted, kNotFound, kAlreadyCompleted, kNotCompleted, kNotStarted,
  kStillRunning, kCompleted, kNotRunning, kAlreadyPaused, kCannotChangeDeployment,
  kJournalIndexOutOfRange, kMissingInput,
};
struct OperationResponse {
  enum class Operation : std::uint8_t {
    kKill, kCancel, kPurge, kPurgeJournal, kResume, kPause, kRestartAsNew };
  RequestId request;
  Operation operation = Operation::kKill;
  OperationOutcome outcome = OperationOutcome::kOk;
  std::optional<InvocationId> new_invocation;  ///< restart
  bool operator==(const OperationResponse&) const = default;
};
/// The registry changed at this point of the log.
struct SchemaChanged {
  std::uint64_t version = 0;
  Bytes schema;
  bool operator==(const SchemaChanged&) const = default;
};
/// Other limits count from here on.
struct RulesChanged {
  std::uint64_t version = 0;
  Bytes book;
  bool operator==(const RulesChanged&) const = default;
};
/// Where an invocation stands in its queue has changed: what the leader's scheduler counts.
struct QueueMoved {
  InvocationId invocation;
  Uuid queue;
  std::string scope;
  std::string limit_key;
  QueueStage from = QueueStage::kNone;
  QueueStage to = QueueStage::kNone;
  wire::QueuePosition was;  ///< unless it comes from none
  wire::QueuePosition now;  ///< unless it goes to none
  bool operator==(const QueueMoved&) const = default;
};
/// A decision to run was void.
struct QueueRefused {
  wire::QueuePlace place;
  bool operator==(const QueueRefused&) const = default;
};
struct QueuePaused {
  wire::QueueId queue;
  bool paused = false;
  bool operator==(const QueuePaused&) const = default;
};

/// For traces, of invocations that belong to one: it runs for the first time.
struct InvocationStarted {
  InvocationId invocation;
  wire::InvocationTarget target;
  wire::SpanContext span;
  WallTime created;
  std::optional<InvocationId> restarted_from;
  bool operator==(const InvocationStarted&) const = default;
};
/// The same: it has ended, whether it has ever run or not.
struct InvocationEnded {
  InvocationId invocation;
  wire::InvocationTarget target;
  wire::SpanContext span;
  std::optional<wire::Failure> failure;
  bool operator==(const InvocationEnded&) const = default;
};

using Action =
    std::variant<InvokeAction, AbortInvocation, AckStoredCommand, ForwardNotification,
                 NewOutboxMessage, RegisterTimer, DeleteTimer, IngressResponse, SubmitNotification,
                 OperationResponse, SchemaChanged, RulesChanged, QueueMoved, QueueRefused,
                 QueuePaused, InvocationStarted, InvocationEnded>;
using Actions = std::vector<Action>;

/// One line per action, for transcripts and logs.
std::string describe(const Action& action);

}  // namespace restate::partition
