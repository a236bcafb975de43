#pragma once

/// \file
/// The wire format of protobuf, read and written by hand. Journal bodies and frames pass through
/// here on every step of every invocation: a reader that yields views lets payloads stay slices of
/// the buffer they came in, and a writer that appends to one string copies each byte once. The
/// generated classes copy every string twice. `service_protocol.proto` describes the messages, and
/// the tests compare both.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace restate::wire {

/// Yields the fields of one message in the order of its bytes.
class ProtoReader {
 public:
  enum class Kind : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

  explicit ProtoReader(std::string_view message) : rest_(message) {}

  /// Moves to the next field. False at the end, and when the bytes are no message: see `failed`.
  bool next();
  bool failed() const { return failed_; }

  std::uint32_t field() const { return field_; }

  // Each of these reads the current field as a type. Another kind on the wire is a failure.
  std::uint64_t varint();
  std::uint32_t uint32() { return static_cast<std::uint32_t>(varint()); }
  bool boolean() { return varint() != 0; }
  std::string_view bytes();
  /// Like `bytes`; what is not UTF-8 is a failure.
  std::string_view text();

  /// A repeated uint32: calls `each(value)` for one value, or for all of a packed run.
  template <class Each>
  void repeated_uint32(Each each) {
    if (kind_ != Kind::kBytes) {
      each(uint32());
      return;
    }
    std::string_view run = bytes();
    std::uint64_t value = 0;
    while (!run.empty()) {
      if (!take_varint(run, value)) {
        failed_ = true;
        return;
      }
      each(static_cast<std::uint32_t>(value));
    }
  }

  /// To be called when a nested message failed.
  void fail() { failed_ = true; }

 private:
  static bool take_varint(std::string_view& from, std::uint64_t& value);

  std::string_view rest_;
  std::string_view bytes_;
  std::uint64_t number_ = 0;
  std::uint32_t field_ = 0;
  Kind kind_ = Kind::kVarint;
  bool failed_ = false;
};

bool is_utf8(std::string_view text);

/// Appends fields. Plain `varint` and `bytes` leave out default values, as proto3 does for fields
/// without presence; the `put_` twins write them always, for fields with presence, members of a
/// oneof and elements of repeated fields.
class ProtoWriter {
 public:
  void varint(std::uint32_t field, std::uint64_t value) {
    if (value != 0) put_varint(field, value);
  }
  void bytes(std::uint32_t field, std::string_view value) {
    if (!value.empty()) put_bytes(field, value);
  }
  void put_varint(std::uint32_t field, std::uint64_t value);
  void put_bytes(std::uint32_t field, std::string_view value);
  void put_fixed64(std::uint32_t field, std::uint64_t value);
  /// A message with one bytes field 1, such as `Value`, without building it apart.
  void put_wrapped(std::uint32_t field, std::string_view content);

  void reserve(std::size_t bytes) { out_.reserve(bytes); }
  const std::string& view() const { return out_; }
  std::string take() && { return std::move(out_); }

 private:
  void raw_varint(std::uint64_t value);
  void tag(std::uint32_t field, ProtoReader::Kind kind) {
    raw_varint(std::uint64_t{field} << 3 | static_cast<std::uint64_t>(kind));
  }
  std::string out_;
};

}  // namespace restate::wire
