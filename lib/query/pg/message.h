#pragma once

/// \file
/// The pieces that messages of PostgreSQL's protocol (version 3) are made of: a letter, a length that
/// counts itself, fields in big endian.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restate::query::pg {

/// Appends messages to a text.
class MessageWriter {
 public:
  explicit MessageWriter(std::string& out) : out_(out) {}

  /// Every `begin` has its `end`, which fills in the length.
  MessageWriter& begin(char type);
  void end();

  MessageWriter& u8(std::uint8_t value);
  MessageWriter& u16(std::uint16_t value);
  MessageWriter& u32(std::uint32_t value);
  MessageWriter& u64(std::uint64_t value);
  MessageWriter& raw(std::string_view bytes);
  /// Up to the first zero, and one behind it.
  MessageWriter& text(std::string_view value);

 private:
  std::string& out_;
  std::size_t start_ = 0;
};

/// Takes fields from the front of a message. Once one is missing, everything that follows is zero or
/// empty, and `ok` is false.
class FieldReader {
 public:
  explicit FieldReader(std::string_view body) : rest_(body) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  std::string_view raw(std::size_t size);
  /// Up to a zero, which is taken, too.
  std::string_view text();

  std::size_t left() const { return rest_.size(); }
  bool ok() const { return ok_; }
  /// True if the message was as long as its fields.
  bool complete() const { return ok_ && rest_.empty(); }

 private:
  std::uint64_t number(std::size_t size);

  std::string_view rest_;
  bool ok_ = true;
};

/// What a client is told when something fails.
struct Failure {
  std::string sqlstate;
  std::string message;
  std::optional<std::size_t> position = std::nullopt;  ///< in characters, from 1
  bool fatal = false;                                  ///< the connection ends with it
};

void append_failure(std::string& out, const Failure& failure);

/// The SQLSTATE of an ErrorResponse; empty if it has none.
std::string_view sqlstate_of(std::string_view message);

/// The columns of a result: name, and the oid and the length of the type.
struct ColumnDescription {
  std::string name;
  std::uint32_t type = 25;
  std::int16_t size = -1;
  bool binary = false;
};

void append_row_description(std::string& out, const std::vector<ColumnDescription>& columns);

/// The message at the front of `bytes`, whole, with its letter and its length; empty: it is not there
/// yet. For what we wrote ourselves.
std::string_view front_message(std::string_view bytes);

}  // namespace restate::query::pg
