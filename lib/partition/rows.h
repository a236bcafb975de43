#pragma once

/// \file
/// Row values of every table, to bytes and back (docs/formats/tables.md). Decoding keeps slices of
/// the value it is given.

#include "partition/queue.h"
#include "partition/status.h"

#include <restate/bytes.h>
#include <restate/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restate::partition::rows {

std::string encode(const InvocationStatus& status);
std::string encode(const wire::JournalEntry& entry);
std::string encode(const Announced& announced);
std::string encode(const Arrival& arrival);
std::string encode(const EventRow& event);
std::string encode(const Lock& lock);
std::string encode(const InboxEntry& entry);
std::string encode(const Promise& promise);
std::string encode(const TimerRow& timer);
std::string encode(const wire::OutboxMessage& message);
std::string encode(const Barrier& barrier);
std::string encode(const Seal& seal);
std::string encode(const StoredSchema& schema);
std::string encode(const StoredRuleBook& rules);
std::string encode(const wire::UpdateDurability& durability);
std::string encode(const wire::AnnounceLeader& leader);
std::string encode(const QueueEntry& entry);
std::string encode(const QueueMeta& queue);
/// A row of an inbox or of the running stage: everything stands in its key.
std::string encode_place();
/// A state value: bytes of the user behind the format byte.
std::string encode_state(const Bytes& value);
std::string encode_number(std::uint64_t value);

// Decoders answer nothing if the value is no such row; `decode` below says which one it was.
std::optional<InvocationStatus> decode_status(const Bytes& value);
std::optional<StatusHeader> decode_status_header(std::string_view value);
std::optional<wire::JournalEntry> decode_entry(const Bytes& value);
/// The entry's type, without the rest.
std::optional<wire::EntryType> decode_entry_type(std::string_view value);
std::optional<Announced> decode_announced(std::uint32_t completion, const Bytes& value);
std::optional<Arrival> decode_arrival(wire::NotificationId id, const Bytes& value);
/// Type, time and LSN are in the key.
std::optional<EventRow> decode_event(const Bytes& value);
std::optional<Lock> decode_lock(const Bytes& value);
std::optional<InboxEntry> decode_inbox(const Bytes& value);
std::optional<Promise> decode_promise(const Bytes& value);
/// Time, kind, uuid and completion are in the key.
std::optional<TimerRow> decode_timer(const Bytes& value);
std::optional<wire::OutboxMessage> decode_outbox(const Bytes& value);
std::optional<Barrier> decode_barrier(const Bytes& value);
std::optional<Seal> decode_seal(const Bytes& value);
std::optional<StoredSchema> decode_schema(const Bytes& value);
std::optional<StoredRuleBook> decode_rule_book(const Bytes& value);
std::optional<wire::UpdateDurability> decode_durability(const Bytes& value);
std::optional<wire::AnnounceLeader> decode_leader(const Bytes& value);
std::optional<QueueEntry> decode_queue_entry(const Bytes& value);
std::optional<QueueMeta> decode_queue(const Bytes& value);
std::optional<Bytes> decode_state(const Bytes& value);
std::optional<std::uint64_t> decode_number(const Bytes& value);

/// `kCorrupt`, naming the table and the key in hexadecimal.
Error corrupt(std::string_view table, std::string_view key);

}  // namespace restate::partition::rows
