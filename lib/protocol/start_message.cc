#include "protocol/start_message.h"

#include "wire/protobuf.h"

#include <string_view>

namespace restate::protocol {

using wire::ProtoReader;
using wire::ProtoWriter;

Bytes encode(const StartMessage& message) {
  std::size_t room = 160 + message.key.size();
  for (const auto& [key, value] : message.state) room += key.size() + value.size() + 16;

  ProtoWriter out;
  out.reserve(room);
  const auto id = message.id.bytes();
  out.put_bytes(1, {reinterpret_cast<const char*>(id.data()), id.size()});
  out.put_bytes(2, message.id.str());
  out.varint(3, message.known_entries);
  for (const auto& [key, value] : message.state) {
    ProtoWriter entry;
    entry.reserve(key.size() + value.size() + 12);
    entry.bytes(1, key.view());
    entry.bytes(2, value.view());
    out.put_bytes(4, entry.view());
  }
  out.varint(5, message.partial_state ? 1 : 0);
  out.bytes(6, message.key);
  out.varint(7, message.retry_count_since_last_stored_entry);
  out.varint(8, message.duration_since_last_stored_entry_ms);
  out.varint(9, message.random_seed);
  if (message.scope) out.put_bytes(10, *message.scope);
  if (message.limit_key) out.put_bytes(11, *message.limit_key);
  if (message.idempotency_key) out.put_bytes(12, *message.idempotency_key);
  return Bytes(std::move(out).take());
}

Result<StartMessage> decode_start(const Bytes& payload) {
  StartMessage message;
  message.known_entries = 0;
  bool has_id = false;
  ProtoReader reader(payload.view());
  while (reader.next()) {
    switch (reader.field()) {
      case 1: {
        const std::string_view id = reader.bytes();
        if (id.size() != 24) return Error{Code::kInvalidArgument, "StartMessage: an id has 24 bytes"};
        message.id = InvocationId::from_bytes(id);
        has_id = true;
        break;
      }
      case 3: message.known_entries = reader.uint32(); break;
      case 4: {
        ProtoReader entry(reader.bytes());
        std::pair<Bytes, Bytes> pair;
        while (entry.next()) {
          if (entry.field() == 1) pair.first = payload.slice_of(entry.bytes());
          if (entry.field() == 2) pair.second = payload.slice_of(entry.bytes());
        }
        if (entry.failed()) reader.fail();
        message.state.push_back(std::move(pair));
        break;
      }
      case 5: message.partial_state = reader.boolean(); break;
      case 6: message.key = reader.text(); break;
      case 7: message.retry_count_since_last_stored_entry = reader.uint32(); break;
      case 8: message.duration_since_last_stored_entry_ms = reader.varint(); break;
      case 9: message.random_seed = reader.varint(); break;
      case 10: message.scope = reader.text(); break;
      case 11: message.limit_key = reader.text(); break;
      case 12: message.idempotency_key = reader.text(); break;
      default: break;
    }
  }
  if (reader.failed() || !has_id) {
    return Error{Code::kInvalidArgument, "StartMessage: the bytes are no such message"};
  }
  return message;
}

}  // namespace restate::protocol
