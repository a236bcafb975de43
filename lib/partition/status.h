#pragma once

/// \file
/// What a partition knows about one invocation: the row that every command reads first.

#include <restate/wire/commands.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace restate::partition {

/// Where an invocation stands. No row: free. Numbers are stored.
enum class Status : std::uint8_t {
  kScheduled = 1,  ///< waits for its time
  kInboxed = 2,    ///< waits for its object
  kInvoked = 3,    ///< runs, or retries
  kSuspended = 4,  ///< waits for a notification
  kPaused = 5,     ///< waits for a human
  kCompleted = 6,  ///< retained, with its result
};

/// `scheduled`, `inboxed`, ... as SQL shows it.
std::string_view to_string(Status status);

/// When it last entered each status; creation is never after modification.
struct Timestamps {
  WallTime created;
  WallTime modified;
  std::optional<WallTime> scheduled;
  std::optional<WallTime> inboxed;
  std::optional<WallTime> running;  ///< the first time; resuming does not move it
  std::optional<WallTime> completed;
  bool operator==(const Timestamps&) const = default;
};

/// What is known of a journal without reading it.
struct JournalMetadata {
  std::uint32_t length = 0;                  ///< entries; 0 once the journal is dropped
  std::uint32_t commands = 0;                ///< of these
  std::uint32_t events = 0;                  ///< rows in the table of events
  std::optional<std::uint32_t> last_output;  ///< index of the newest Output command
  bool operator==(const JournalMetadata&) const = default;
};

struct InvocationStatus {
  Status status = Status::kInvoked;
  wire::Incarnation incarnation;
  wire::InvocationTarget target;
  wire::Source source;
  wire::SpanContext span;
  std::string limit_key;
  Timestamps timestamps;
  std::vector<wire::ResponseSink> sinks;  ///< in order of arrival, none twice
  std::optional<std::string> idempotency_key;
  std::optional<WallTime> execution_time;
  wire::Retention retention;
  std::optional<std::uint64_t> random_seed;  ///< else a function of the id
  JournalMetadata journal;
  std::optional<wire::PinnedDeployment> pinned;
  std::uint64_t inbox_sequence = 0;              ///< kInboxed
  wire::AwaitTree awaiting;                      ///< kSuspended: what is still to come
  std::uint32_t delivered = 0;                   ///< kSuspended: entries the last attempt had seen
  std::optional<wire::InvocationResult> result;  ///< kCompleted
  std::string created_by;  ///< the version of the server that proposed it; empty: not known

  /// Runs, or will without anybody's doing but a notification's or a human's.
  bool started() const {
    return status == Status::kInvoked || status == Status::kSuspended || status == Status::kPaused;
  }
  /// Until then the result is kept. Only of completed invocations.
  WallTime completion_expiry() const {
    return timestamps.completed.value_or(WallTime{}).plus(retention.completion_ms);
  }
  WallTime journal_expiry() const {
    return timestamps.completed.value_or(WallTime{}).plus(retention.journal_ms);
  }
  bool operator==(const InvocationStatus&) const = default;
};

/// What a scan of all invocations reads without decoding the row.
struct StatusHeader {
  Status status = Status::kInvoked;
  std::uint32_t journal_length = 0;
  wire::Incarnation incarnation;
  WallTime created;
  WallTime modified;
  WallTime completed;  ///< zero if it has not
  wire::Retention retention;
};

/// How a notification ended, as the notification index keeps it. Numbers are stored.
enum class Variant : std::uint8_t {
  kUnknown = 0,  ///< several notifications of one signal that disagree
  kVoid = 1,
  kValue = 2,
  kFailure = 3,
  kInvocationId = 4,
  kStateKeys = 5,
};

inline Variant variant_of(const wire::NotificationResult& result) {
  return static_cast<Variant>(result.index() + 1);
}

/// A row of the notification index: where the newest notification of an id is.
struct Arrival {
  wire::NotificationId id;
  std::uint32_t index = 0;
  Variant variant = Variant::kUnknown;
  bool operator==(const Arrival&) const = default;
};

/// A row of the completion index: which command announced a completion, and of which kind.
struct Announced {
  std::uint32_t completion = 0;
  std::uint32_t command = 0;  ///< its entry index
  wire::EntryType type = wire::EntryType::kSleepCompletion;
  bool operator==(const Announced&) const = default;
};

/// An event beside the journal.
struct EventRow {
  wire::JournalEvent event;
  std::uint32_t after_entry = 0;
  WallTime at;
  std::uint64_t lsn = 0;
  bool operator==(const EventRow&) const = default;
};

/// An object, or the key of a workflow: what locks, inboxes, state and promises belong to.
struct ObjectKey {
  PartitionKey partition_key;
  std::optional<std::string> scope;
  std::string service;
  std::string key;

  ObjectKey() = default;
  ObjectKey(PartitionKey at, const wire::InvocationTarget& target)
      : partition_key(at), scope(target.scope), service(target.service), key(target.key) {}
  bool operator==(const ObjectKey&) const = default;
};

/// Who holds an object.
struct Lock {
  InvocationId holder;
  std::uint32_t waiting = 0;    ///< rows in the object's inbox
  std::uint64_t scan_from = 0;  ///< no row of it has a smaller sequence
  bool operator==(const Lock&) const = default;
};

/// A change of a whole state that waits for the object.
struct StateMutation {
  std::optional<std::string> expected_version;
  std::map<std::string, Bytes> state;
  bool operator==(const StateMutation&) const = default;
};

using InboxEntry = std::variant<InvocationId, StateMutation>;

struct InboxRow {
  ObjectKey object;
  std::uint64_t sequence = 0;
  InboxEntry entry;
};

/// A promise of a workflow: listeners until it is completed, then its value for good.
struct Promise {
  std::vector<wire::InvocationSink> listeners;
  std::optional<wire::InvocationResult> result;
  bool operator==(const Promise&) const = default;
};

struct TimerRow {
  wire::TimerKey key;
  wire::Incarnation incarnation;
  bool operator==(const TimerRow&) const = default;
};

/// What a barrier left behind.
struct Barrier {
  std::string min_version;
  std::string reason;
  bool operator==(const Barrier&) const = default;
};

/// Says that these tables must not be used on this node: they hold what the log has lost. Written
/// by the node itself, not by a record.
struct Seal {
  std::string reason;
  std::uint64_t applied = 0;
  std::uint64_t log_tail = 0;  ///< the next LSN of the log at that time
  WallTime at;
  GenerationalNodeId node;
  bool operator==(const Seal&) const = default;
};

/// The registry as the log last set it.
struct StoredSchema {
  std::uint64_t version = 0;
  Bytes schema;
  bool operator==(const StoredSchema&) const = default;
};

/// The rule book as the log last set it.
struct StoredRuleBook {
  std::uint64_t version = 0;
  Bytes book;
  bool operator==(const StoredRuleBook&) const = default;
};

/// What the log, not configuration, has switched on.
class Features {
 public:
  static constexpr std::uint16_t kJournalV2 = 1;
  static constexpr std::uint16_t kVqueues = 2;
  static constexpr std::uint16_t kUniqueRandomSeeds = 3;

  static bool known(std::uint16_t id) {
    return id == kJournalV2 || id == kVqueues || id == kUniqueRandomSeeds;
  }
  bool has(std::uint16_t id) const { return id < 64 && (bits_ >> id & 1) != 0; }
  void add(std::uint16_t id) { bits_ |= std::uint64_t{1} << id; }
  bool unique_random_seeds() const { return has(kUniqueRandomSeeds); }
  bool vqueues() const { return has(kVqueues); }
  std::uint64_t bits() const { return bits_; }
  static Features from_bits(std::uint64_t bits) {
    Features features;
    features.bits_ = bits;
    return features;
  }
  bool operator==(const Features&) const = default;

 private:
  std::uint64_t bits_ = std::uint64_t{1} << kJournalV2;
};

}  // namespace restate::partition
