#pragma once

/// \file
/// The records of a partition's log. Nothing changes state but applying one of these.

#include <restate/wire/invocation.h>
#include <restate/wire/journal.h>
#include <restate/wire/queue.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::wire {

// --- What the invoker reports ---------------------------------------------------------------------

/// The attempt has found its deployment: from now on the invocation stays there.
struct Pinned {
  PinnedDeployment deployment;  ///< and the protocol it speaks
  bool operator==(const Pinned&) const = default;
};
/// A command of the SDK, or the result of a run that it proposed.
struct NewEntry {
  EntryType type = EntryType::kOutput;          ///< a command, or the notification of a run
  Bytes body;                                   ///< the protobuf message
  std::optional<CallInfo> call;                 ///< Call and OneWayCall
  std::optional<std::uint32_t> command_to_ack;  ///< commands: their index, to be confirmed
  bool ack_requested = false;                   ///< the SDK asked to hear of it
  bool operator==(const NewEntry&) const = default;
};
/// Something to show to people; not part of the journal that is replayed.
struct NewEvent {
  JournalEvent event;  ///< what happened
  bool operator==(const NewEvent&) const = default;
};
/// The attempt has ended, since it can only wait.
struct Suspended {
  AwaitTree awaiting;           ///< what wakes the invocation
  std::uint32_t delivered = 0;  ///< journal entries the attempt had been given when it suspended
  bool operator==(const Suspended&) const = default;
};
/// The attempt has failed for the last time that its policy allows, or somebody asked for a pause.
struct Paused {
  std::optional<JournalEvent> event;  ///< why
  bool operator==(const Paused&) const = default;
};
/// The attempt gives its place to others; the invocation is still to run. Kinds are stored.
struct Yielded {
  /// Why it yields.
  enum class Kind : std::uint8_t {
    kUnknown = 0,
    kLeaderChange = 1,
    kMemory = 2,
    kTransientError = 3,
    kLoadShedding = 4,
  };
  std::string reason;                      ///< for people
  Kind kind = Kind::kUnknown;              ///< the same, for programs
  std::optional<JournalEvent> event = {};  ///< to be shown, if there is something
  std::optional<WallTime> resume_at = {};  ///< not before; where attempts queue
  RetryState retry{};                      ///< of what came through a queue
  bool operator==(const Yielded&) const = default;
};
struct Ended {
  bool operator==(const Ended&) const = default;
};
/// The invocation has ended, with a failure.
struct Failed {
  Failure failure;  ///< its result
  bool operator==(const Failed&) const = default;
};
/// What an invoker reports of an attempt.
using Effect =
    std::variant<Pinned, NewEntry, NewEvent, Suspended, Paused, Yielded, Ended, Failed>;

// --- Timers ---------------------------------------------------------------------------------------

/// Ranks order timers of one millisecond.
enum class TimerKind : std::uint8_t { kCompleteSleep = 1, kStartScheduled = 3 };

/// Where a timer row stands: by time, then kind, invocation, completion. The table's key order.
struct TimerKey {
  WallTime at;                                 ///< not before
  TimerKind kind = TimerKind::kCompleteSleep;  ///< what is due
  InvocationId invocation;                     ///< whose
  std::uint32_t completion = 0;                ///< of a sleep: which one
  /// By `at`, then kind, uuid, completion. Invocations that share a uuid look alike here: whoever
  /// keeps timers of both compares their partition keys as well.
  auto operator<=>(const TimerKey& other) const {
    if (const auto c = at <=> other.at; c != 0) return c;
    if (const auto c = kind <=> other.kind; c != 0) return c;
    if (const auto c = invocation.uuid <=> other.invocation.uuid; c != 0) return c;
    return completion <=> other.completion;
  }
  bool operator==(const TimerKey&) const = default;
};

// --- Commands -------------------------------------------------------------------------------------

/// Whoever reads this in the log leads from here on; records of earlier epochs count no more.
struct AnnounceLeader {
  GenerationalNodeId node;            ///< the leader, and which of its starts
  LeaderEpoch epoch;                  ///< grows with every leader
  std::optional<KeyRange> keys = {};  ///< of the partition, as its leader knows it
  /// Of the document that the epoch was claimed in; 0: not known.
  std::uint64_t epoch_metadata_version = 0;
  bool operator==(const AnnounceLeader&) const = default;
};
/// Nobody older than `min_version` may go on; switches features on for every replica at one LSN.
struct VersionBarrier {
  std::string min_version;              ///< the oldest version that may go on; empty: any
  std::string reason;                   ///< shown by those that stop
  std::vector<std::uint16_t> features;  ///< to be switched on from here; ids are never reused
  bool operator==(const VersionBarrier&) const = default;
};
/// Everything up to here is in durable stores: the log before it may go.
struct UpdateDurability {
  std::uint64_t durable_lsn = 0;  ///< the last position whose rows are on disk
  WallTime at;                    ///< by the clock of the leader
  /// Whose stores. Nothing: whoever reads it, as logs said before they could be shared.
  std::optional<PartitionId> partition = {};
  bool operator==(const UpdateDurability&) const = default;
};
/// Replaces the whole state of an object or workflow key.
struct PatchState {
  InvocationTarget target;  ///< handler empty
  PartitionKey key;         ///< of the object
  /// A hash of the state that is replaced; nothing: whatever is there.
  std::optional<std::string> expected_version;
  std::map<std::string, Bytes> state;  ///< what is not in it is gone
  bool operator==(const PatchState&) const = default;
};
/// Ends an invocation from outside.
struct Terminate {
  /// `kKill`: at once, and its children. `kCancel`: its code hears of it, and may finish.
  enum class Flavor : std::uint8_t { kKill = 0, kCancel = 1 };
  InvocationId invocation;           ///< whose
  Flavor flavor = Flavor::kKill;     ///< how
  Incarnation incarnation;           ///< the life that is meant
  std::optional<RequestId> request;  ///< who is told what became of it
  bool operator==(const Terminate&) const = default;
};
/// Forgets a completed invocation, with its journal and the state of a workflow.
struct Purge {
  InvocationId invocation;           ///< whose
  Incarnation incarnation;           ///< the life that is meant
  std::optional<RequestId> request;  ///< who is told what became of it; nothing: the cleaner asks
  bool operator==(const Purge&) const = default;
};
/// Forgets the journal of a completed invocation; its result stays.
struct PurgeJournal {
  InvocationId invocation;           ///< whose
  Incarnation incarnation;           ///< the life that is meant
  std::optional<RequestId> request;  ///< who is told what became of it; nothing: the cleaner asks
  bool operator==(const PurgeJournal&) const = default;
};
/// Starts an invocation, or finds one of this id.
struct Invoke {
  ServiceInvocation invocation;  ///< all that there is to know of it
  bool operator==(const Invoke&) const = default;
};
/// Deletes outbox rows up to and including `index`.
struct TruncateOutbox {
  std::uint64_t index = 0;  ///< of the outbox of the partition that reads this
  bool operator==(const TruncateOutbox&) const = default;
};
/// Someone wants the result of an invocation. Non-blocking: an answer now, whatever it is.
struct Attach {
  InvocationId invocation;  ///< whose result
  bool block = true;        ///< false: answer at once, if need be that there is none yet
  ResponseSink sink;        ///< who wants it
  bool operator==(const Attach&) const = default;
};
/// Lets a paused invocation go on, or tries one that backs off at once.
struct Resume {
  InvocationId invocation;                     ///< which
  std::optional<PinnedDeployment> deployment;  ///< repin to it; the protocol stays
  std::optional<RequestId> request;            ///< who is told what became of it
  bool operator==(const Resume&) const = default;
};
/// Pauses an invocation until somebody resumes it.
struct Pause {
  InvocationId invocation;           ///< which
  std::optional<RequestId> request;  ///< who is told what became of it
  bool operator==(const Pause&) const = default;
};
/// Runs a completed invocation once more, as a new one that begins with a part of the old journal.
struct RestartAsNew {
  InvocationId invocation;                 ///< the completed one
  InvocationId new_invocation;             ///< the id of the new one
  std::uint32_t copy_up_to = 0;            ///< journal index, inclusive
  std::optional<DeploymentId> deployment;  ///< nothing: the newest of the service
  std::optional<RequestId> request;        ///< who is told what became of it
  bool operator==(const RestartAsNew&) const = default;
};
/// An invoker reports, on behalf of the leader that started the attempt.
struct InvokerEffect {
  InvocationId invocation;  ///< whose attempt
  Effect effect;            ///< what it reports
  /// The life that the attempt belongs to: its id may have come back since.
  Incarnation incarnation = {};
  bool operator==(const InvokerEffect&) const = default;
};
/// The leader found a timer to be due.
struct TimerFired {
  TimerKey key;             ///< which one
  Incarnation incarnation;  ///< the life it belongs to
  bool operator==(const TimerFired&) const = default;
};
/// The answer to a call, an attach or a look at an output. `Void`: not ready.
struct InvocationResponse {
  InvocationId caller;                        ///< who waits
  Incarnation incarnation;                    ///< the life that waits
  std::uint32_t completion = 0;               ///< which step of it waits
  std::variant<Void, Bytes, Failure> result;  ///< what it gets
  bool operator==(const InvocationResponse&) const = default;
};
/// A signal, the cancellation and awakeables among them, reaches an invocation.
struct NotifySignal {
  InvocationId invocation;                       ///< which
  std::variant<SignalIndex, SignalName> signal;  ///< by number or by name
  std::variant<Void, Bytes, Failure> result;     ///< what it brings
  bool operator==(const NotifySignal&) const = default;
};
/// The registry as it is from here on, for replicas and leaders alike.
struct UpsertSchema {
  std::uint64_t version = 0;  ///< grows with every change
  Bytes schema;               ///< its document (docs/formats/schema.md)
  bool operator==(const UpsertSchema&) const = default;
};
/// How many attempts may run per scope and limit key from here on.
struct UpsertRuleBook {
  std::uint64_t version = 0;  ///< grows with every change
  Bytes book;                 ///< its document (docs/formats/schema.md)
  bool operator==(const UpsertRuleBook&) const = default;
};
/// What the leader's scheduler decided: `runs` leave their queue and start an attempt, `yields` have
/// no attempt any more and wait again.
struct QueueDecisions {
  std::vector<QueuePlace> runs;    ///< in this order
  std::vector<QueuePlace> yields;  ///< in this order
  bool operator==(const QueueDecisions&) const = default;
};
/// Nothing starts from a paused queue; what runs goes on.
struct PauseQueue {
  QueueId queue;       ///< which
  bool paused = true;  ///< false: it goes on
  bool operator==(const PauseQueue&) const = default;
};

/// Order is the command's number in the log; add at the end, never reorder.
using Command =
    std::variant<AnnounceLeader, VersionBarrier, UpdateDurability, PatchState, Terminate, Purge,
                 PurgeJournal, Invoke, TruncateOutbox, Attach, Resume, RestartAsNew, InvokerEffect,
                 TimerFired, InvocationResponse, NotifySignal, UpsertSchema, Pause,
                 UpsertRuleBook, QueueDecisions, PauseQueue>;

/// `Invoke`, `InvokerEffect`, ...
std::string_view command_name(const Command& command);

// --- Envelope -------------------------------------------------------------------------------------

/// How apply recognises a record it has seen. One high-water mark per producer.
struct NoDedup {
  bool operator==(const NoDedup&) const = default;
};
/// What this partition's leader says to itself: proposals of an earlier leader are dropped.
struct SelfDedup {
  LeaderEpoch epoch;           ///< of the leader that proposed it
  std::uint64_t sequence = 0;  ///< counts its proposals
  auto operator<=>(const SelfDedup&) const = default;
};
/// A message of another partition's outbox.
struct PartitionDedup {
  PartitionId from;            ///< the partition that sends
  std::uint64_t sequence = 0;  ///< its place in the outbox there
  bool operator==(const PartitionDedup&) const = default;
};
/// Something outside that counts what it sends, such as the reader of a Kafka partition.
struct ProducerDedup {
  Uuid producer;               ///< its name, for good
  std::uint64_t sequence = 0;  ///< such as an offset
  bool operator==(const ProducerDedup&) const = default;
};
/// Which of these a record has.
using Dedup = std::variant<NoDedup, SelfDedup, PartitionDedup, ProducerDedup>;

/// A record's body, decoded.
struct Envelope {
  Dedup dedup;      ///< whether it was seen before
  Command command;  ///< what it says
  bool operator==(const Envelope&) const = default;
};

/// Messages between invocations; rows of the outbox until the destination's log has them.
using OutboxMessage =
    std::variant<Invoke, InvocationResponse, Terminate, Attach, NotifySignal>;

/// The invocation (or key) a command is about; nothing for commands about the partition.
std::optional<PartitionKey> destination(const Command& command);
/// The partition key of whoever is to get it.
PartitionKey destination(const OutboxMessage& message);

}  // namespace restate::wire

#pragma GCC visibility pop
