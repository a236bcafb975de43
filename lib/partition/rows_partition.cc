#include "partition/row_codec.h"
#include "partition/row_parts.h"
#include "partition/rows.h"
#include "wire/codec.h"

#include <utility>

namespace restate::partition::rows {

std::string encode(const TimerRow& timer) {
  return RowWriter(16).u64(timer.key.invocation.key.value).u64(timer.incarnation.lsn).take();
}

std::optional<TimerRow> decode_timer(const Bytes& value) {
  RowReader from(value);
  TimerRow timer;
  timer.key.invocation.key.value = from.u64();
  timer.incarnation.lsn = from.u64();
  return finish(from, timer);
}

std::string encode(const wire::OutboxMessage& message) {
  return RowWriter().raw(wire::encode(message).view()).take();
}

std::optional<wire::OutboxMessage> decode_outbox(const Bytes& value) {
  RowReader from(value);
  const Bytes body = from.rest();
  if (from.failed()) return std::nullopt;
  auto message = wire::decode_outbox(body);
  if (!message) return std::nullopt;
  return std::move(message).value();
}

std::string encode(const Barrier& barrier) {
  return RowWriter().str(barrier.min_version).str(barrier.reason).take();
}

std::optional<Barrier> decode_barrier(const Bytes& value) {
  RowReader from(value);
  Barrier barrier;
  barrier.min_version = from.str();
  barrier.reason = from.str();
  return finish(from, std::move(barrier));
}

std::string encode(const Seal& seal) {
  return RowWriter(64)
      .str(seal.reason)
      .u64(seal.applied)
      .u64(seal.log_tail)
      .u64(seal.at.ms)
      .u32(seal.node.node.value)
      .u32(seal.node.generation)
      .take();
}

std::optional<Seal> decode_seal(const Bytes& value) {
  RowReader from(value);
  Seal seal;
  seal.reason = from.str();
  seal.applied = from.u64();
  seal.log_tail = from.u64();
  seal.at = from.time();
  seal.node.node.value = from.u32();
  seal.node.generation = from.u32();
  return finish(from, std::move(seal));
}

std::string encode(const StoredSchema& schema) {
  return RowWriter(8 + schema.schema.size()).u64(schema.version).raw(schema.schema.view()).take();
}

std::optional<StoredSchema> decode_schema(const Bytes& value) {
  RowReader from(value);
  StoredSchema schema;
  schema.version = from.u64();
  schema.schema = from.rest();
  return finish(from, std::move(schema));
}

std::string encode(const StoredRuleBook& rules) {
  return RowWriter(8 + rules.book.size()).u64(rules.version).raw(rules.book.view()).take();
}

std::optional<StoredRuleBook> decode_rule_book(const Bytes& value) {
  RowReader from(value);
  StoredRuleBook rules;
  rules.version = from.u64();
  rules.book = from.rest();
  return finish(from, std::move(rules));
}

// The partition is the one whose row it is.
std::string encode(const wire::UpdateDurability& durability) {
  return RowWriter(16).u64(durability.durable_lsn).u64(durability.at.ms).take();
}

std::optional<wire::UpdateDurability> decode_durability(const Bytes& value) {
  RowReader from(value);
  wire::UpdateDurability durability;
  durability.durable_lsn = from.u64();
  durability.at = from.time();
  return finish(from, durability);
}

std::string encode(const wire::AnnounceLeader& leader) {
  RowWriter to(41);
  to.u32(leader.node.node.value).u32(leader.node.generation).u64(leader.epoch.value);
  to.u64(leader.epoch_metadata_version);
  to.opt(leader.keys, [](RowWriter& out, KeyRange keys) { out.u64(keys.first).u64(keys.last); });
  return to.take();
}

std::optional<wire::AnnounceLeader> decode_leader(const Bytes& value) {
  RowReader from(value);
  wire::AnnounceLeader leader;
  leader.node.node.value = from.u32();
  leader.node.generation = from.u32();
  leader.epoch.value = from.u64();
  if (from.at_end()) return finish(from, leader);
  leader.epoch_metadata_version = from.u64();
  leader.keys = from.opt([](RowReader& in) {
    const std::uint64_t first = in.u64();
    return KeyRange{first, in.u64()};
  });
  return finish(from, leader);
}

std::string encode_number(std::uint64_t value) { return RowWriter(8).u64(value).take(); }

std::optional<std::uint64_t> decode_number(const Bytes& value) {
  RowReader from(value);
  const std::uint64_t number = from.u64();
  return finish(from, number);
}

Error corrupt(std::string_view table, std::string_view key) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "decoding a row of table ";
  text.append(table).append(": key ");
  for (const char c : key) {
    text.push_back(kDigits[static_cast<std::uint8_t>(c) >> 4]);
    text.push_back(kDigits[static_cast<std::uint8_t>(c) & 15]);
  }
  text.append(": unknown format, or damaged");
  return {Code::kCorrupt, std::move(text)};
}

}  // namespace restate::partition::rows
