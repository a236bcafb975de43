#pragma once

/// \file
/// The order-preserving key codec: comparing encoded keys byte by byte compares the tuples they
/// were made of (docs/formats/storage.md). Tables put their keys together from these components.

#include <restate/ids.h>
#include <restate/result.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restate::storage {

/// Every key begins with a tag of two bytes and a partition key or id of eight; reads inside one
/// object or invocation share them, which is what SST filters are built on.
inline constexpr std::size_t kKeyPrefixSize = 10;

/// Appends components to a key. Every component but `tail` is self-delimiting, so that no key of
/// one object lies inside the scan range of another.
class KeyWriter {
 public:
  KeyWriter() = default;
  KeyWriter(std::string_view tag, std::uint64_t prefix) {
    RESTATE_ASSERT(tag.size() == 2, "a tag has two bytes");
    key_.append(tag);
    u64(prefix);
  }

  KeyWriter& u8(std::uint8_t value) { return big_endian(value, 1); }
  KeyWriter& u16(std::uint16_t value) { return big_endian(value, 2); }
  KeyWriter& u32(std::uint32_t value) { return big_endian(value, 4); }
  KeyWriter& u64(std::uint64_t value) { return big_endian(value, 8); }
  /// The sign bit is flipped, so that negative numbers come first.
  KeyWriter& i64(std::int64_t value) {
    return u64(static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63));
  }
  KeyWriter& uuid(const Uuid& value) {
    key_.append(value.view());
    return *this;
  }
  /// Escapes 00 as 00 FF and ends with 00 01: a prefix sorts before what it is a prefix of.
  KeyWriter& str(std::string_view value) {
    for (char c : value) {
      key_.push_back(c);
      if (c == '\0') key_.push_back('\xff');
    }
    key_.append(std::string_view("\0\x01", 2));
    return *this;
  }
  /// Absent sorts before everything present.
  KeyWriter& opt_str(const std::optional<std::string>& value) {
    u8(value ? 1 : 0);
    return value ? str(*value) : *this;
  }
  /// The bytes as they are, to the end of the key: only for the last component.
  KeyWriter& tail(std::string_view value) {
    key_.append(value);
    return *this;
  }
  /// What `write` appends, in descending order.
  template <class Write>
  KeyWriter& desc(Write write) {
    const std::size_t start = key_.size();
    write(*this);
    for (std::size_t i = start; i < key_.size(); ++i) key_[i] = static_cast<char>(~key_[i]);
    return *this;
  }

  std::string_view view() const { return key_; }
  std::string take() { return std::move(key_); }

 private:
  KeyWriter& big_endian(std::uint64_t value, std::size_t bytes) {
    char raw[8];
    for (std::size_t i = 0; i < 8; ++i) raw[i] = static_cast<char>(value >> (56 - 8 * i) & 0xff);
    key_.append(raw + 8 - bytes, bytes);
    return *this;
  }

  std::string key_;
};

/// Takes a key apart again. A component that is not there reads as zero or empty and makes `finish`
/// fail: a reader asks once, at the end.
class KeyReader {
 public:
  explicit KeyReader(std::string_view key) : rest_(key) {}

  std::string_view tag() { return take(2); }
  std::uint8_t u8() { return static_cast<std::uint8_t>(big_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(big_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(big_endian(4)); }
  std::uint64_t u64() { return big_endian(8); }
  std::int64_t i64() { return static_cast<std::int64_t>(u64() ^ (std::uint64_t{1} << 63)); }
  Uuid uuid() {
    char raw[16];
    for (char& c : raw) c = static_cast<char>(u8());
    return Uuid::from({raw, sizeof raw});
  }
  std::string str();
  std::optional<std::string> opt_str() {
    switch (u8()) {
      case 0:
        return std::nullopt;
      case 1:
        return str();
    }
    failed_ = true;
    return std::nullopt;
  }
  std::string tail() {
    std::string raw(rest_);
    rest_ = {};
    if (mask_ != 0) {
      for (char& c : raw) c = static_cast<char>(~c);
    }
    return raw;
  }
  template <class Read>
  auto desc(Read read) {
    mask_ ^= 0xff;
    auto value = read(*this);
    mask_ ^= 0xff;
    return value;
  }

  bool at_end() const { return rest_.empty(); }
  /// - `kCorrupt`: the key was too short, too long, or no encoding.
  Result<void> finish() const {
    if (!failed_ && rest_.empty()) return {};
    return Error{Code::kCorrupt, failed_ ? "decoding a key: it is cut short or was never a key"
                                         : "decoding a key: bytes are left over"};
  }

 private:
  std::string_view take(std::size_t count) {
    if (rest_.size() < count) {
      failed_ = true;
      rest_ = {};
      return {};
    }
    const std::string_view head = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return head;
  }
  std::uint64_t big_endian(std::size_t bytes) {
    std::uint64_t value = 0;
    for (char c : take(bytes)) value = value << 8 | (static_cast<std::uint8_t>(c) ^ mask_);
    return value;
  }

  std::string_view rest_;
  std::uint8_t mask_ = 0;
  bool failed_ = false;
};

inline std::string KeyReader::str() {
  std::string value;
  while (!failed_) {
    const std::uint8_t byte = u8();
    if (byte != 0) {
      value.push_back(static_cast<char>(byte));
      continue;
    }
    switch (u8()) {
      case 0xff:
        value.push_back('\0');
        continue;
      case 1:
        if (!failed_) return value;
    }
    failed_ = true;
  }
  return {};
}

}  // namespace restate::storage
