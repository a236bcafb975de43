#include "partition/row_codec.h"
#include "partition/row_parts.h"
#include "partition/rows.h"

#include <utility>

namespace restate::partition::rows {

std::string encode(const Lock& lock) {
  return RowWriter(36).id(lock.holder).u32(lock.waiting).u64(lock.scan_from).take();
}

std::optional<Lock> decode_lock(const Bytes& value) {
  RowReader from(value);
  Lock lock;
  lock.holder = from.id();
  lock.waiting = from.u32();
  lock.scan_from = from.u64();
  return finish(from, lock);
}

std::string encode(const InboxEntry& entry) {
  RowWriter to(25);
  to.u8(static_cast<std::uint8_t>(entry.index()));
  if (const auto* id = std::get_if<InvocationId>(&entry)) return to.id(*id).take();
  const auto& mutation = std::get<StateMutation>(entry);
  to.opt_str(mutation.expected_version).u32(static_cast<std::uint32_t>(mutation.state.size()));
  for (const auto& [key, value] : mutation.state) to.str(key).str(value.view());
  return to.take();
}

std::optional<InboxEntry> decode_inbox(const Bytes& value) {
  RowReader from(value);
  switch (from.u8()) {
    case 0:
      return finish(from, InboxEntry(from.id()));
    case 1: {
      StateMutation mutation;
      mutation.expected_version = from.opt_str();
      const std::size_t keys = from.count(2);
      for (std::size_t i = 0; i < keys; ++i) {
        std::string key = from.str();
        mutation.state.emplace(std::move(key), from.bytes());
      }
      return finish(from, InboxEntry(std::move(mutation)));
    }
  }
  return std::nullopt;
}

std::string encode(const Promise& promise) {
  RowWriter to(32);
  to.opt(promise.result,
         [](RowWriter& out, const wire::InvocationResult& result) { write(out, result); });
  to.u32(static_cast<std::uint32_t>(promise.listeners.size()));
  for (const auto& listener : promise.listeners) write(to, listener);
  return to.take();
}

std::optional<Promise> decode_promise(const Bytes& value) {
  RowReader from(value);
  Promise promise;
  promise.result = from.opt([](RowReader& in) { return read_result(in); });
  const std::size_t listeners = from.count(36);
  for (std::size_t i = 0; i < listeners; ++i)
    promise.listeners.push_back(read_invocation_sink(from));
  return finish(from, std::move(promise));
}

std::string encode_state(const Bytes& value) {
  return RowWriter(value.size()).raw(value.view()).take();
}

std::optional<Bytes> decode_state(const Bytes& value) {
  RowReader from(value);
  Bytes rest = from.rest();
  return finish(from, std::move(rest));
}

}  // namespace restate::partition::rows
