#pragma once

/// \file
/// The keys of a partition's tables (docs/formats/tables.md): a tag, a partition key or id, and
/// what puts the rows of a table in the order in which they are read.

#include "partition/queue.h"
#include "partition/status.h"

#include <restate/ids.h>
#include <restate/wire/commands.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restate::partition::keys {

// Tags. All are ASCII, so that the prefix after any of them exists.
inline constexpr std::string_view kFsm = "fs";
inline constexpr std::string_view kDedup = "de";
inline constexpr std::string_view kStatus = "iS";
inline constexpr std::string_view kJournal = "j2";
inline constexpr std::string_view kAnnounced = "jc";
inline constexpr std::string_view kArrivals = "jn";
inline constexpr std::string_view kEvents = "je";
inline constexpr std::string_view kLocks = "ss";
inline constexpr std::string_view kInbox = "ib";
inline constexpr std::string_view kState = "st";
inline constexpr std::string_view kPromises = "pr";
inline constexpr std::string_view kTimers = "ti";
inline constexpr std::string_view kOutbox = "ob";
inline constexpr std::string_view kQueues = "qm";
inline constexpr std::string_view kQueueEntries = "qs";
inline constexpr std::string_view kQueueInbox = "qI";
inline constexpr std::string_view kQueueRunning = "qR";

/// Variables of the partition. Numbers are stored.
enum class Variable : std::uint16_t {
  kInboxSequence = 0,
  kOutboxSequence = 1,
  kAppliedLsn = 2,
  kBarrier = 3,
  kDurability = 4,
  kStorageFormat = 5,
  kSchema = 6,
  kLeader = 7,
  kRuleBook = 9,
  kFeatures = 10,
  kSeal = 11,  ///< local: no replica compares it
  kOutboxHead = 12,
};

/// Names an object by reference: what keys are made from, without copies.
struct ObjectRef {
  PartitionKey partition_key;
  const std::optional<std::string>& scope;
  std::string_view service;
  std::string_view key;

  ObjectRef(const ObjectKey& object)  // NOLINT
      : partition_key(object.partition_key),
        scope(object.scope),
        service(object.service),
        key(object.key) {}
  ObjectRef(PartitionKey at, const wire::InvocationTarget& target)
      : partition_key(at), scope(target.scope), service(target.service), key(target.key) {}
};

/// The prefix of a table that belongs to the partition as a whole.
std::string of_partition(std::string_view tag, PartitionId partition);
/// The prefix of all rows with one partition key.
std::string of_partition_key(std::string_view tag, PartitionKey key);

std::string variable(PartitionId partition, Variable id);
std::string dedup_self(PartitionId partition);
std::string dedup_partition(PartitionId partition, PartitionId from);
std::string dedup_producer(PartitionId partition, const Uuid& producer);

std::string status(const InvocationId& id);
std::string journal(const InvocationId& id, std::uint32_t index);
std::string announced(const InvocationId& id, std::uint32_t completion);
std::string arrival(const InvocationId& id, const wire::NotificationId& notification);
std::string event(const InvocationId& id, wire::JournalEvent::Type type, WallTime at,
                  std::uint64_t lsn);
/// The prefix of all rows of one invocation in one of the tables above.
std::string of_invocation(std::string_view tag, const InvocationId& id);

std::string lock(const ObjectRef& object);
std::string inbox(const ObjectRef& object, std::uint64_t sequence);
std::string state(const ObjectRef& object, std::string_view key);
std::string promise(const ObjectRef& object, std::string_view key);
/// The prefix of all rows of one object in inbox, state or promises.
std::string of_object(std::string_view tag, const ObjectRef& object);

std::string timer(PartitionId partition, const wire::TimerKey& key);
std::string outbox(PartitionId partition, std::uint64_t sequence);

std::string queue(const wire::QueueId& id);
std::string queue_entry(const InvocationId& id);
/// A row of `kQueueInbox` or `kQueueRunning`.
std::string queue_place(std::string_view tag, const wire::QueuePlace& place);
/// The prefix of the rows of one queue in one of the two: all, or those that have run or have not.
std::string of_queue(std::string_view tag, const wire::QueueId& id);
std::string of_queue(std::string_view tag, const wire::QueueId& id, bool fresh);

// Decoders answer nothing for what is no key of that table.
std::optional<Variable> decode_variable(std::string_view key);
std::optional<InvocationId> decode_status(std::string_view key);
struct JournalKey {
  InvocationId invocation;
  std::uint32_t index = 0;
};
/// Journal and completion index.
std::optional<JournalKey> decode_journal(std::string_view key);
struct ArrivalKey {
  InvocationId invocation;
  wire::NotificationId notification;
};
std::optional<ArrivalKey> decode_arrival(std::string_view key);
struct EventKey {
  InvocationId invocation;
  wire::JournalEvent::Type type = wire::JournalEvent::Type::kTransientError;
  WallTime at;
  std::uint64_t lsn = 0;
};
std::optional<EventKey> decode_event(std::string_view key);
std::optional<ObjectKey> decode_lock(std::string_view key);
struct InboxKey {
  ObjectKey object;
  std::uint64_t sequence = 0;
};
std::optional<InboxKey> decode_inbox(std::string_view key);
struct ObjectRowKey {
  ObjectKey object;
  std::string name;  ///< a state key or a promise
};
std::optional<ObjectRowKey> decode_object_row(std::string_view key);
/// The invocation's partition key stands in the value, too.
std::optional<wire::TimerKey> decode_timer(std::string_view key);
std::optional<std::uint64_t> decode_outbox(std::string_view key);
std::optional<wire::QueueId> decode_queue(std::string_view key);
std::optional<InvocationId> decode_queue_entry(std::string_view key);
std::optional<wire::QueuePlace> decode_queue_place(std::string_view key);

}  // namespace restate::partition::keys
