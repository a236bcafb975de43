#pragma once

/// \file
/// The bytes of row values: little-endian numbers, strings behind their length. Every value begins
/// with a format byte; readers skip what a newer version appended at the end
/// (docs/formats/tables.md).

#include <restate/bytes.h>
#include <restate/ids.h>
#include <restate/result.h>
#include <restate/time.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace restate::partition {

/// The format of every row of this version.
inline constexpr std::uint8_t kRowFormat = 1;

/// Appends fields to a value. Starts with the format byte.
class RowWriter {
 public:
  explicit RowWriter(std::size_t expected = 0) {
    out_.reserve(expected + 1);
    u8(kRowFormat);
  }

  RowWriter& u8(std::uint8_t value) { return little_endian(value, 1); }
  RowWriter& u16(std::uint16_t value) { return little_endian(value, 2); }
  RowWriter& u32(std::uint32_t value) { return little_endian(value, 4); }
  RowWriter& u64(std::uint64_t value) { return little_endian(value, 8); }
  RowWriter& flag(bool value) { return u8(value ? 1 : 0); }
  RowWriter& uuid(const Uuid& value) { return raw(value.view()); }
  RowWriter& id(const InvocationId& value) {
    u64(value.key.value);
    return uuid(value.uuid);
  }
  /// A length of seven bits per byte, then the bytes.
  RowWriter& str(std::string_view value) {
    std::size_t size = value.size();
    while (size >= 0x80) {
      u8(static_cast<std::uint8_t>(size | 0x80));
      size >>= 7;
    }
    u8(static_cast<std::uint8_t>(size));
    return raw(value);
  }
  RowWriter& raw(std::string_view value) {
    out_.append(value);
    return *this;
  }
  /// Presence, then the value as `write` puts it.
  template <class T, class Write>
  RowWriter& opt(const std::optional<T>& value, Write write) {
    flag(value.has_value());
    if (value) write(*this, *value);
    return *this;
  }
  RowWriter& opt_str(const std::optional<std::string>& value) {
    return opt(value, [](RowWriter& to, const std::string& text) { to.str(text); });
  }
  RowWriter& opt_time(const std::optional<WallTime>& value) {
    return opt(value, [](RowWriter& to, WallTime time) { to.u64(time.ms); });
  }

  std::string take() { return std::move(out_); }

 private:
  RowWriter& little_endian(std::uint64_t value, std::size_t bytes) {
    char raw[8];
    for (std::size_t i = 0; i < 8; ++i) raw[i] = static_cast<char>(value >> (8 * i) & 0xff);
    out_.append(raw, bytes);
    return *this;
  }

  std::string out_;
};

/// Takes a value apart. A field that is cut short reads as zero or empty and makes `failed` true;
/// ask once, at the end.
class RowReader {
 public:
  /// Checks the format byte, too.
  explicit RowReader(const Bytes& value) : value_(value) {
    if (u8() != kRowFormat) failed_ = true;
  }

  std::uint8_t u8() { return static_cast<std::uint8_t>(little_endian(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(little_endian(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(little_endian(4)); }
  std::uint64_t u64() { return little_endian(8); }
  bool flag() { return u8() != 0; }
  WallTime time() { return {u64()}; }
  Uuid uuid() {
    const std::string_view bytes = take(16);
    return bytes.size() == 16 ? Uuid::from(bytes) : Uuid{};
  }
  InvocationId id() {
    const PartitionKey key{u64()};
    return {key, uuid()};
  }
  std::string str() { return std::string(take(size())); }
  /// A slice of the row.
  Bytes bytes() { return slice(take(size())); }
  /// Everything that is left.
  Bytes rest() { return slice(take(value_.size() - offset_)); }

  template <class Read>
  auto opt(Read read) -> std::optional<decltype(read(*this))> {
    if (!flag()) return std::nullopt;
    return read(*this);
  }
  std::optional<std::string> opt_str() {
    return opt([](RowReader& from) { return from.str(); });
  }
  std::optional<WallTime> opt_time() {
    return opt([](RowReader& from) { return from.time(); });
  }
  /// An enum of one byte whose last enumerator is `last`.
  template <class Enum>
  Enum enumerator(Enum last) {
    const std::uint8_t number = u8();
    if (number > static_cast<std::uint8_t>(last)) failed_ = true;
    return static_cast<Enum>(number);
  }
  /// How many elements of at least `element_size` bytes follow; a count that cannot fit fails.
  std::size_t count(std::size_t element_size) {
    const std::size_t number = u32();
    if (number > (value_.size() - offset_) / element_size) {
      failed_ = true;
      return 0;
    }
    return number;
  }

  /// Nothing follows: what a newer version appended is not there.
  bool at_end() const { return offset_ == value_.size(); }
  bool failed() const { return failed_; }
  void fail() { failed_ = true; }

 private:
  std::string_view take(std::size_t count) {
    if (failed_ || count > value_.size() - offset_) {
      failed_ = true;
      return {};
    }
    const std::string_view part = value_.view().substr(offset_, count);
    offset_ += count;
    return part;
  }
  Bytes slice(std::string_view part) { return part.empty() ? Bytes() : value_.slice_of(part); }
  std::size_t size() {
    std::size_t value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      const std::uint8_t byte = u8();
      value |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    failed_ = true;
    return 0;
  }
  std::uint64_t little_endian(std::size_t bytes) {
    const std::string_view part = take(bytes);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < part.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(part[i])) << (8 * i);
    }
    return value;
  }

  const Bytes& value_;
  std::size_t offset_ = 0;
  bool failed_ = false;
};

}  // namespace restate::partition
