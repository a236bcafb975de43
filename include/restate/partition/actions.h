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

#pragma GCC visibility push(default)

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
  InvocationId invocation;                  ///< what to run
  wire::InvocationTarget target;            ///< which code, and for which key
  std::vector<wire::JournalEntry> journal;  ///< empty: read it
  wire::Incarnation incarnation = {};       ///< what the effects of the attempt are for
  /// It came through a queue, with this behind it: instead of waiting for a retry it yields.
  std::optional<wire::RetryState> queued{};
  bool operator==(const InvokeAction&) const = default;
};
/// Whoever runs an attempt of it stops: it is over, or somebody took it away.
struct AbortInvocation {
  InvocationId invocation;  ///< whose attempt
  bool operator==(const AbortInvocation&) const = default;
};
/// The command with this index is stored, and its effects are applied.
struct AckStoredCommand {
  InvocationId invocation;  ///< whose attempt
  std::uint32_t command_index = 0;  ///< its place among the commands of the journal, from 0
  bool requested = false;  ///< the SDK asked for it; otherwise only the attempt's own books
  bool operator==(const AckStoredCommand&) const = default;
};
/// A notification was appended at `index`; the attempt passes it on.
struct ForwardNotification {
  InvocationId invocation;  ///< whose attempt
  std::uint32_t index = 0;  ///< its place in the journal
  wire::EntryType type = wire::EntryType::kSignalNotification;  ///< says what it answers
  wire::NotificationId id;  ///< which command or signal it is for
  Bytes body;  ///< the protobuf message
  bool operator==(const ForwardNotification&) const = default;
};
/// A message waits to be brought to its partition.
struct NewOutboxMessage {
  std::uint64_t sequence = 0;   ///< its place in the outbox; messages are brought in this order
  wire::OutboxMessage message;  ///< what to bring
  bool operator==(const NewOutboxMessage&) const = default;
};
/// Something is due at a time. The leader proposes `wire::TimerFired` then.
struct RegisterTimer {
  wire::TimerKey key;             ///< names it, and says when
  wire::Incarnation incarnation;  ///< the life of the invocation that it belongs to
  bool operator==(const RegisterTimer&) const = default;
};
/// The timer is not needed any more. It may have fired meanwhile.
struct DeleteTimer {
  wire::TimerKey key;  ///< the one that was registered
  bool operator==(const DeleteTimer&) const = default;
};
/// The result for a request at ingress. `Void`: not ready.
struct IngressResponse {
  RequestId request;  ///< who asked
  std::optional<InvocationId> invocation;  ///< the one that it is about, if there is one
  std::optional<WallTime> completion_expiry;  ///< only from a completed row
  std::variant<wire::Void, Bytes, wire::Failure> result;  ///< what to answer
  bool operator==(const IngressResponse&) const = default;
};
/// The answer to a send: it was accepted.
struct SubmitNotification {
  RequestId request;                       ///< who asked
  std::optional<WallTime> execution_time;  ///< when it will run; nothing: as soon as it can
  bool is_new = false;                     ///< false: it was known by its id or idempotency key
  bool operator==(const SubmitNotification&) const = default;
};
/// What became of an operator's request. The admin API makes a status of it.
enum class OperationOutcome : std::uint8_t {
  kOk, kDone, kAppended, kAccepted, kNotFound, kAlreadyCompleted, kNotCompleted, kNotStarted,
  kStillRunning, kCompleted, kNotRunning, kAlreadyPaused, kCannotChangeDeployment,
  kJournalIndexOutOfRange, kMissingInput,
};
/// The answer to a request of an operator.
struct OperationResponse {
  /// What was asked for.
  enum class Operation : std::uint8_t {
    kKill, kCancel, kPurge, kPurgeJournal, kResume, kPause, kRestartAsNew };
  RequestId request;                                 ///< who asked
  Operation operation = Operation::kKill;            ///< what was asked for
  OperationOutcome outcome = OperationOutcome::kOk;  ///< what became of it
  std::optional<InvocationId> new_invocation;        ///< restart
  bool operator==(const OperationResponse&) const = default;
};
/// The registry changed at this point of the log.
struct SchemaChanged {
  std::uint64_t version = 0;  ///< of the registry
  Bytes schema;               ///< its document (docs/formats/schema.md)
  bool operator==(const SchemaChanged&) const = default;
};
/// Other limits count from here on.
struct RulesChanged {
  std::uint64_t version = 0;  ///< of the rule book
  Bytes book;                 ///< its document (docs/formats/schema.md)
  bool operator==(const RulesChanged&) const = default;
};
/// Where an invocation stands in its queue has changed: what the leader's scheduler counts.
struct QueueMoved {
  InvocationId invocation;              ///< whose entry
  Uuid queue;                           ///< the digest of its queue
  std::string scope;                    ///< of the invocation
  std::string limit_key;                ///< of the invocation; may be empty
  QueueStage from = QueueStage::kNone;  ///< where it stood
  QueueStage to = QueueStage::kNone;    ///< where it stands
  wire::QueuePosition was;              ///< unless it comes from none
  wire::QueuePosition now;              ///< unless it goes to none
  bool operator==(const QueueMoved&) const = default;
};
/// A decision to run was void.
struct QueueRefused {
  wire::QueuePlace place;  ///< what the decision named
  bool operator==(const QueueRefused&) const = default;
};
/// A queue was paused, or goes on.
struct QueuePaused {
  wire::QueueId queue;  ///< which
  bool paused = false;  ///< nothing starts from it while this holds
  bool operator==(const QueuePaused&) const = default;
};

/// For traces, of invocations that belong to one: it runs for the first time.
struct InvocationStarted {
  InvocationId invocation;        ///< the one that runs
  wire::InvocationTarget target;  ///< what it runs
  wire::SpanContext span;         ///< the trace it belongs to
  WallTime created;               ///< when its record was appended
  /// Restarts: the invocation whose journal it began with.
  std::optional<InvocationId> restarted_from;
  bool operator==(const InvocationStarted&) const = default;
};
/// The same: it has ended, whether it has ever run or not.
struct InvocationEnded {
  InvocationId invocation;               ///< the one that ended
  wire::InvocationTarget target;         ///< what it was
  wire::SpanContext span;                ///< the trace it belongs to
  std::optional<wire::Failure> failure;  ///< nothing: it ended with a value
  bool operator==(const InvocationEnded&) const = default;
};

/// One thing to do.
using Action =
    std::variant<InvokeAction, AbortInvocation, AckStoredCommand, ForwardNotification,
                 NewOutboxMessage, RegisterTimer, DeleteTimer, IngressResponse, SubmitNotification,
                 OperationResponse, SchemaChanged, RulesChanged, QueueMoved, QueueRefused,
                 QueuePaused, InvocationStarted, InvocationEnded>;
/// In the order in which they are to be done.
using Actions = std::vector<Action>;

/// One line per action, for transcripts and logs.
std::string describe(const Action& action);

}  // namespace restate::partition

#pragma GCC visibility pop
