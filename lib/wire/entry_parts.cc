#include "wire/entry_parts.h"

#include <utility>

namespace restate::wire {

bool decode_header(std::string_view message, Header& header) {
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) header.name = reader.text();
    if (reader.field() == 2) header.value = reader.text();
  }
  return !reader.failed();
}

bool decode_failure(std::string_view message, Failure& failure) {
  failure = Failure{0, {}, {}};  // proto3: an absent code is 0, not our 500
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) failure.code = reader.uint32();
    if (reader.field() == 2) failure.message = reader.text();
    if (reader.field() == 3) {
      Header pair;  // the same shape
      if (failure.metadata.size() == kMostPairs) return false;
      if (!decode_header(reader.bytes(), pair)) return false;
      failure.metadata.emplace_back(std::move(pair.name), std::move(pair.value));
    }
  }
  return !reader.failed();
}

bool decode_value(std::string_view message, std::string_view& content) {
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) content = reader.bytes();
  }
  return !reader.failed();
}

bool is_state_keys(std::string_view message) {
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) reader.bytes();
  }
  return !reader.failed();
}

bool decode_state_keys(std::string_view message, const Bytes& whole, StateKeys& keys) {
  ProtoReader reader(message);
  while (reader.next()) {
    if (reader.field() == 1) keys.keys.push_back(whole.slice_of(reader.bytes()));
  }
  return !reader.failed();
}

std::string encode_header(const Header& header) {
  ProtoWriter out;
  out.bytes(1, header.name);
  out.bytes(2, header.value);
  return std::move(out).take();
}

std::string encode_failure(const Failure& failure) {
  ProtoWriter out;
  out.varint(1, failure.code);
  out.bytes(2, failure.message);
  for (const auto& [key, value] : failure.metadata) out.put_bytes(3, encode_header({key, value}));
  return std::move(out).take();
}

std::string encode_state_keys(const StateKeys& keys) {
  ProtoWriter out;
  for (const Bytes& key : keys.keys) out.put_bytes(1, key.view());
  return std::move(out).take();
}

}  // namespace restate::wire
