#include "partition/row_codec.h"
#include "partition/row_parts.h"
#include "partition/rows.h"

#include <utility>

namespace restate::partition::rows {

std::string encode(const wire::JournalEntry& entry) {
  RowWriter to(entry.body.size() + 16);
  to.u16(static_cast<std::uint16_t>(entry.type)).u64(entry.appended_at.ms);
  to.opt(entry.call, [](RowWriter& out, const wire::CallInfo& call) {
    out.id(call.callee);
    write(out, call.target);
    write(out, call.retention);
    write(out, call.span);
  });
  return to.raw(entry.body.view()).take();
}

std::optional<wire::JournalEntry> decode_entry(const Bytes& value) {
  RowReader from(value);
  wire::JournalEntry entry;
  const std::uint16_t type = from.u16();
  if (!wire::is_known_entry(type)) return std::nullopt;
  entry.type = static_cast<wire::EntryType>(type);
  entry.appended_at = from.time();
  entry.call = from.opt([](RowReader& in) {
    wire::CallInfo call;
    call.callee = in.id();
    call.target = read_target(in);
    call.retention = read_retention(in);
    call.span = read_span(in);
    return call;
  });
  entry.body = from.rest();
  return finish(from, std::move(entry));
}

std::optional<wire::EntryType> decode_entry_type(std::string_view value) {
  if (value.size() < 3 || static_cast<std::uint8_t>(value[0]) != kRowFormat) return std::nullopt;
  const auto type = static_cast<std::uint16_t>(static_cast<std::uint8_t>(value[1]) |
                                               static_cast<std::uint8_t>(value[2]) << 8);
  if (!wire::is_known_entry(type)) return std::nullopt;
  return static_cast<wire::EntryType>(type);
}

std::string encode(const Announced& announced) {
  return RowWriter(6).u32(announced.command).u16(static_cast<std::uint16_t>(announced.type)).take();
}

std::optional<Announced> decode_announced(std::uint32_t completion, const Bytes& value) {
  RowReader from(value);
  Announced announced{completion, from.u32(), wire::EntryType::kSleepCompletion};
  const std::uint16_t type = from.u16();
  if (!wire::is_known_entry(type)) return std::nullopt;
  announced.type = static_cast<wire::EntryType>(type);
  return finish(from, announced);
}

std::string encode(const Arrival& arrival) {
  return RowWriter(5).u32(arrival.index).u8(static_cast<std::uint8_t>(arrival.variant)).take();
}

std::optional<Arrival> decode_arrival(wire::NotificationId id, const Bytes& value) {
  RowReader from(value);
  Arrival arrival{std::move(id), from.u32(), Variant::kUnknown};
  arrival.variant = from.enumerator(Variant::kStateKeys);
  return finish(from, std::move(arrival));
}

std::string encode(const EventRow& event) {
  return RowWriter(4 + event.event.json.size())
      .u32(event.after_entry)
      .raw(event.event.json.view())
      .take();
}

std::optional<EventRow> decode_event(const Bytes& value) {
  RowReader from(value);
  EventRow event;
  event.after_entry = from.u32();
  event.event.json = from.rest();
  return finish(from, std::move(event));
}

}  // namespace restate::partition::rows
