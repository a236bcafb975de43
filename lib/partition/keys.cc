#include "partition/keys.h"

#include "storage/keys.h"

namespace restate::partition::keys {

using storage::KeyReader;
using storage::KeyWriter;

namespace {

// Notification ids in the index: kind, then number or name.
constexpr std::uint8_t kCompletionKind = 0;
constexpr std::uint8_t kSignalIndexKind = 1;
constexpr std::uint8_t kSignalNameKind = 2;

// Producers of the dedup table, by kind.
constexpr std::uint8_t kFromPartition = 0;
constexpr std::uint8_t kFromProducer = 2;
constexpr std::uint8_t kFromSelf = 3;

KeyWriter invocation_key(std::string_view tag, const InvocationId& id) {
  KeyWriter to(tag, id.key.value);
  to.uuid(id.uuid);
  return to;
}

KeyWriter object_key(std::string_view tag, const ObjectRef& object) {
  KeyWriter to(tag, object.partition_key.value);
  to.opt_str(object.scope).str(object.service).str(object.key);
  return to;
}

InvocationId read_invocation(KeyReader& from) {
  const PartitionKey key{from.u64()};
  return {key, from.uuid()};
}

ObjectKey read_object(KeyReader& from) {
  ObjectKey object;
  object.partition_key.value = from.u64();
  object.scope = from.opt_str();
  object.service = from.str();
  object.key = from.str();
  return object;
}

template <class T>
std::optional<T> finish(const KeyReader& from, T value) {
  if (!from.finish()) return std::nullopt;
  return value;
}

}  // namespace

std::string of_partition(std::string_view tag, PartitionId partition) {
  return KeyWriter(tag, partition.value).take();
}

std::string of_partition_key(std::string_view tag, PartitionKey key) {
  return KeyWriter(tag, key.value).take();
}

std::string variable(PartitionId partition, Variable id) {
  return KeyWriter(kFsm, partition.value).u16(static_cast<std::uint16_t>(id)).take();
}

std::string dedup_self(PartitionId partition) {
  return KeyWriter(kDedup, partition.value).u8(kFromSelf).take();
}

std::string dedup_partition(PartitionId partition, PartitionId from) {
  return KeyWriter(kDedup, partition.value).u8(kFromPartition).u64(from.value).take();
}

std::string dedup_producer(PartitionId partition, const Uuid& producer) {
  return KeyWriter(kDedup, partition.value).u8(kFromProducer).uuid(producer).take();
}

std::string status(const InvocationId& id) { return invocation_key(kStatus, id).take(); }

std::string journal(const InvocationId& id, std::uint32_t index) {
  return invocation_key(kJournal, id).u32(index).take();
}

std::string announced(const InvocationId& id, std::uint32_t completion) {
  return invocation_key(kAnnounced, id).u32(completion).take();
}

std::string arrival(const InvocationId& id, const wire::NotificationId& notification) {
  KeyWriter to = invocation_key(kArrivals, id);
  if (const auto* completion = std::get_if<wire::CompletionId>(&notification)) {
    return to.u8(kCompletionKind).u32(completion->value).take();
  }
  if (const auto* index = std::get_if<wire::SignalIndex>(&notification)) {
    return to.u8(kSignalIndexKind).u32(index->value).take();
  }
  return to.u8(kSignalNameKind).tail(std::get<wire::SignalName>(notification).value).take();
}

std::string event(const InvocationId& id, wire::JournalEvent::Type type, WallTime at,
                  std::uint64_t lsn) {
  return invocation_key(kEvents, id).u8(static_cast<std::uint8_t>(type)).u64(at.ms).u64(lsn).take();
}

std::string of_invocation(std::string_view tag, const InvocationId& id) {
  return invocation_key(tag, id).take();
}

std::string lock(const ObjectRef& object) {
  return KeyWriter(kLocks, object.partition_key.value)
      .opt_str(object.scope)
      .str(object.service)
      .tail(object.key)
      .take();
}

std::string inbox(const ObjectRef& object, std::uint64_t sequence) {
  return object_key(kInbox, object).u64(sequence).take();
}

std::string state(const ObjectRef& object, std::string_view key) {
  return object_key(kState, object).tail(key).take();
}

std::string promise(const ObjectRef& object, std::string_view key) {
  return object_key(kPromises, object).tail(key).take();
}

std::string of_object(std::string_view tag, const ObjectRef& object) {
  return object_key(tag, object).take();
}

std::string timer(PartitionId partition, const wire::TimerKey& key) {
  return KeyWriter(kTimers, partition.value)
      .u64(key.at.ms)
      .u8(static_cast<std::uint8_t>(key.kind))
      .uuid(key.invocation.uuid)
      .u32(key.completion)
      .u64(key.invocation.key.value)
      .take();
}

std::string outbox(PartitionId partition, std::uint64_t sequence) {
  return KeyWriter(kOutbox, partition.value).u64(sequence).take();
}

std::string queue(const wire::QueueId& id) {
  return KeyWriter(kQueues, id.key.value).uuid(id.digest).take();
}

std::string queue_entry(const InvocationId& id) { return invocation_key(kQueueEntries, id).take(); }

std::string queue_place(std::string_view tag, const wire::QueuePlace& place) {
  return KeyWriter(tag, place.invocation.key.value)
      .uuid(place.queue)
      .u8(place.at.fresh ? 1 : 0)
      .u64(place.at.run_at.ms)
      .u64(place.at.sequence)
      .uuid(place.invocation.uuid)
      .take();
}

std::string of_queue(std::string_view tag, const wire::QueueId& id) {
  return KeyWriter(tag, id.key.value).uuid(id.digest).take();
}

std::string of_queue(std::string_view tag, const wire::QueueId& id, bool fresh) {
  return KeyWriter(tag, id.key.value).uuid(id.digest).u8(fresh ? 1 : 0).take();
}

std::optional<Variable> decode_variable(std::string_view key) {
  KeyReader from(key);
  from.tag();
  from.u64();
  const auto variable = static_cast<Variable>(from.u16());
  return finish(from, variable);
}

std::optional<InvocationId> decode_status(std::string_view key) {
  KeyReader from(key);
  from.tag();
  return finish(from, read_invocation(from));
}

std::optional<JournalKey> decode_journal(std::string_view key) {
  KeyReader from(key);
  from.tag();
  JournalKey row;
  row.invocation = read_invocation(from);
  row.index = from.u32();
  return finish(from, row);
}

std::optional<ArrivalKey> decode_arrival(std::string_view key) {
  KeyReader from(key);
  from.tag();
  ArrivalKey row;
  row.invocation = read_invocation(from);
  switch (from.u8()) {
    case kCompletionKind:
      row.notification = wire::CompletionId{from.u32()};
      break;
    case kSignalIndexKind:
      row.notification = wire::SignalIndex{from.u32()};
      break;
    case kSignalNameKind:
      row.notification = wire::SignalName{from.tail()};
      break;
    default:
      return std::nullopt;
  }
  return finish(from, std::move(row));
}

std::optional<EventKey> decode_event(std::string_view key) {
  KeyReader from(key);
  from.tag();
  EventKey row;
  row.invocation = read_invocation(from);
  row.type = static_cast<wire::JournalEvent::Type>(from.u8());
  row.at.ms = from.u64();
  row.lsn = from.u64();
  return finish(from, row);
}

std::optional<ObjectKey> decode_lock(std::string_view key) {
  KeyReader from(key);
  from.tag();
  ObjectKey object;
  object.partition_key.value = from.u64();
  object.scope = from.opt_str();
  object.service = from.str();
  object.key = from.tail();
  return finish(from, std::move(object));
}

std::optional<InboxKey> decode_inbox(std::string_view key) {
  KeyReader from(key);
  from.tag();
  InboxKey row;
  row.object = read_object(from);
  row.sequence = from.u64();
  return finish(from, std::move(row));
}

std::optional<ObjectRowKey> decode_object_row(std::string_view key) {
  KeyReader from(key);
  from.tag();
  ObjectRowKey row;
  row.object = read_object(from);
  row.name = from.tail();
  return finish(from, std::move(row));
}

std::optional<wire::TimerKey> decode_timer(std::string_view key) {
  KeyReader from(key);
  from.tag();
  from.u64();
  wire::TimerKey row;
  row.at.ms = from.u64();
  row.kind = static_cast<wire::TimerKind>(from.u8());
  row.invocation.uuid = from.uuid();
  row.completion = from.u32();
  row.invocation.key.value = from.u64();
  if (row.kind != wire::TimerKind::kCompleteSleep && row.kind != wire::TimerKind::kStartScheduled) {
    return std::nullopt;
  }
  return finish(from, row);
}

std::optional<std::uint64_t> decode_outbox(std::string_view key) {
  KeyReader from(key);
  from.tag();
  from.u64();
  const std::uint64_t sequence = from.u64();
  return finish(from, sequence);
}

std::optional<wire::QueueId> decode_queue(std::string_view key) {
  KeyReader from(key);
  from.tag();
  wire::QueueId id;
  id.key.value = from.u64();
  id.digest = from.uuid();
  return finish(from, id);
}

std::optional<InvocationId> decode_queue_entry(std::string_view key) { return decode_status(key); }

std::optional<wire::QueuePlace> decode_queue_place(std::string_view key) {
  KeyReader from(key);
  from.tag();
  wire::QueuePlace place;
  place.invocation.key.value = from.u64();
  place.queue = from.uuid();
  const std::uint8_t fresh = from.u8();
  if (fresh > 1) return std::nullopt;
  place.at.fresh = fresh == 1;
  place.at.run_at.ms = from.u64();
  place.at.sequence = from.u64();
  place.invocation.uuid = from.uuid();
  return finish(from, place);
}

}  // namespace restate::partition::keys
