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

namespace restate::wire {

// --- What the invoker reports ---------------------------------------------------------------------

struct Pinned {
  PinnedDeployment deployment;
  bool operator==(const Pinned&) const = default;
};
/// A command of the SDK, or the result of a run that it proposed.
struct NewEntry {
  EntryType type = EntryType::kOutput;
  Bytes body;
  std::optional<CallInfo> call;                  ///< Call and OneWayCall
  std::optional<std::uint32_t> command_to_ack;   ///< commands: their index, to be confirmed
  bool ack_requested = false;                    ///< the SDK asked to hear of it
  bool operator==(const NewEntry&) const = default;
};
struct NewEvent {
  JournalEvent event;
  bool operator==(const NewEvent&) const = default;
};
struct Suspended {
  AwaitTree awaiting;
  std::uint32_t delivered = 0;  ///< journal entries the attempt had been given when it suspended
  bool operator==(const Suspended&) const = default;
};
struct Paused {
  std::optional<JournalEvent> event;
  bool operator==(const Paused&) const = default;
};
/// The attempt gives its place to others; the invocation is still to run. Kinds are stored.
struct Yielded {
  enum class Kind : std::uint8_t {
    kUnknown = 0,
    kLeaderChange = 1,
    kMemory = 2,
    kTransientError = 3,
    kLoadShedding = 4,
  };
  std::string reason;
  Kind kind = Kind::kUnknown;
  std::optional<JournalEvent> event = {};
  std::optional<WallTime> resume_at = {};  ///< not before; where attempts queue
  RetryState retry{};  ///< of what came through a queue
  bool operator==(const Yielded&) const = default;
};
struct Ended {
  bool operator==(const Ended&) const = default;
};
struct Failed {
  Failure failure;
  bool operator==(const Failed&) const = default;
};
using Effect =
    std::variant<Pinned, NewEntry, NewEvent, Suspended, Paused, Yielded, Ended, Failed>;

// --- Timers ---------------------------------------------------------------------------------------

/// Ranks order timers of one millisecond.
enum class TimerKind : std::uint8_t { kCompleteSleep = 1, kStartScheduled = 3 };

/// Where a timer row stands: by time, then kind, invocation, completion. The table's key order.
struct TimerKey {
  WallTime at;
  TimerKind kind = TimerKind::kCompleteSleep;
  InvocationId invocation;
  std::uint32_t completion = 0;
  auto operator<=>(const TimerKey& other) const {
    if (const auto c = at <=> other.at; c != 0) return c;
    if (const auto c = kind <=> other.kind; c != 0) return c;
    if (const auto c = invocation.uuid <=> other.invocation.uuid; c != 0) return c;
    return completion <=> other.completion;
  }
  bool operator==(const TimerKey&) const = default;
};

// --- Commands -------------------------------------------------------------------------------------

struct AnnounceLeader {
  GenerationalNodeId node;
  LeaderEpoch epoch;
  std::optional<KeyRange> keys = {};  ///< of the partition, as its leader knows it
  /// Of the document that the epoch was claimed in; 0: not known.
  std::uint64_t epoch_metadata_version = 0;
  bool operator==(const AnnounceLeader&) const = default;
};
/// Nobody older than `min_version` may go on; switches features on for every replica at one LSN.
struct VersionBarrier {
  std::string min_version;
  std::string reason;
  std::vector<std::uint16_t> features;
  bool operator==(const VersionBarrier&) const = default;
};
/// Everything up to here is in durable stores: the log before it may go.
struct UpdateDurability {
  std::uint64_t durable_lsn = 0;
  WallTime at;
  /// Whose stores. Nothing: whoever reads it, as logs said before they could be shared.
  std::optional<PartitionId> partition = {};
  bool operator==(const UpdateDurability&) const = default;
};
/// Replaces the whole state of an object or workflow key.
struct PatchState {
  InvocationTarget target;  ///< handler empty
  PartitionKey key;
  std::optional<std::string> expected_version;
  std::map<std::string, Bytes> state;
  bool operator==(const PatchState&) const = default;
};
struct Terminate {
  enum class Flavor : std::uint8_t { kKill = 0, kCancel = 1 };
  InvocationId invocation;
  Flavor flavor = Flavor::kKill;
  Incarnation incarnation;
  std::optional<RequestId> request;
  bool operator==(const Terminate&) const = default;
};
struct Purge {
  InvocationId invocation;
  Incarnation incarnation;
  std::optional<RequestId> request;
  bool operator==(const Purge&) const = default;
};
struct PurgeJournal {
  InvocationId invocation;
  Incarnation incarnation;
  std::optional<RequestId> request;
  bool operator==(const PurgeJournal&) const = default;
};
struct Invoke {
  ServiceInvocation invocation;
  bool operator==(const Invoke&) const = default;
};
/// Deletes outbox rows up to and including `index`.
struct TruncateOutbox {
  std::uint64_t index = 0;
  bool operator==(const TruncateOutbox&) const = default;
};
/// Someone wants the result of an invocation. Non-blocking: an answer now, whatever it is.
struct Attach {
  InvocationId invocation;
  bool block = true;
  ResponseSink sink;
  bool operator==(const Attach&) const = default;
};
struct Resume {
  InvocationId invocation;
  std::optional<PinnedDeployment> deployment;  ///< repin to it; the protocol stays
  std::optional<RequestId> request;
  bool operator==(const Resume&) const = default;
};
struct Pause {
  InvocationId invocation;
  std::optional<RequestId> request;
  bool operator==(const Pause&) const = default;
};
struct RestartAsNew {
  InvocationId invocation;
  InvocationId new_invocation;
  std::uint32_t copy_up_to = 0;  ///< journal index, inclusive
  std::optional<DeploymentId> deployment;
  std::optional<RequestId> request;
  bool operator==(const RestartAsNew&) const = default;
};
struct InvokerEffect {
  InvocationId invocation;
  Effect effect;
  /// The life that the attempt belongs to: its id may have come back since.
  Incarnation incarnation = {};
  bool operator==(const InvokerEffect&) const = default;
};
struct TimerFired {
  TimerKey key;
  Incarnation incarnation;
  bool operator==(const TimerFired&) const = default;
};
/// The answer to a call, an attach or a look at an output. `Void`: not ready.
struct InvocationResponse {
  InvocationId caller;
  Incarnation incarnation;
  std::uint32_t completion = 0;
  std::variant<Void, Bytes, Failure> result;
  bool operator==(const InvocationResponse&) const = default;
};
struct NotifySignal {
  InvocationId invocation;
  std::variant<SignalIndex, SignalName> signal;
  std::variant<Void, Bytes, Failure> result;
  bool operator==(const NotifySignal&) const = default;
};
/// The registry as it is from here on, for replicas and leaders alike.
struct UpsertSchema {
  std::uint64_t version = 0;
  Bytes schema;
  bool operator==(const UpsertSchema&) const = default;
};
/// How many attempts may run per scope and limit key from here on.
struct UpsertRuleBook {
  std::uint64_t version = 0;
  Bytes book;
  bool operator==(const UpsertRuleBook&) const = default;
};
/// What the leader's scheduler decided: `runs` leave their queue and start an attempt, `yields` have
/// no attempt any more and wait again.
struct QueueDecisions {
  std::vector<QueuePlace> runs;
  std::vector<QueuePlace> yields;
  bool operator==(const QueueDecisions&) const = default;
};
/// Nothing starts from a paused queue; what runs goes on.
struct PauseQueue {
  QueueId queue;
  bool paused = true;
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
struct SelfDedup {
  LeaderEpoch epoch;
  std::uint64_t sequence = 0;
  auto operator<=>(const SelfDedup&) const = default;
};
struct PartitionDedup {
  PartitionId from;
  std::uint64_t sequence = 0;
  bool operator==(const PartitionDedup&) const = default;
};
struct ProducerDedup {
  Uuid producer;
  std::uint64_t sequence = 0;
  bool operator==(const ProducerDedup&) const = default;
};
using Dedup = std::variant<NoDedup, SelfDedup, PartitionDedup, ProducerDedup>;

/// A record's body, decoded.
struct Envelope {
  Dedup dedup;
  Command command;
  bool operator==(const Envelope&) const = default;
};

/// Messages between invocations; rows of the outbox until the destination's log has them.
using OutboxMessage =
    std::variant<Invoke, InvocationResponse, Terminate, Attach, NotifySignal>;

/// The invocation (or key) a command is about; nothing for commands about the partition.
std::optional<PartitionKey> destination(const Command& command);
PartitionKey destination(const OutboxMessage& message);

}  // namespace restate::wire
