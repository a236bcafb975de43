#include "query/pg/message.h"

namespace restate::query::pg {
namespace {

constexpr std::size_t kHeadBytes = 5;

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

}  // namespace

MessageWriter& MessageWriter::begin(char type) {
  start_ = out_.size();
  out_ += type;
  return u32(0);
}

void MessageWriter::end() {
  const auto size = static_cast<std::uint32_t>(out_.size() - start_ - 1);
  for (int i = 0; i < 4; ++i) {
    out_[start_ + 1 + static_cast<std::size_t>(i)] = static_cast<char>(size >> (24 - 8 * i));
  }
}

MessageWriter& MessageWriter::u8(std::uint8_t value) {
  out_ += static_cast<char>(value);
  return *this;
}

MessageWriter& MessageWriter::u16(std::uint16_t value) {
  return u8(static_cast<std::uint8_t>(value >> 8)).u8(static_cast<std::uint8_t>(value));
}

MessageWriter& MessageWriter::u32(std::uint32_t value) {
  return u16(static_cast<std::uint16_t>(value >> 16)).u16(static_cast<std::uint16_t>(value));
}

MessageWriter& MessageWriter::u64(std::uint64_t value) {
  return u32(static_cast<std::uint32_t>(value >> 32)).u32(static_cast<std::uint32_t>(value));
}

MessageWriter& MessageWriter::raw(std::string_view bytes) {
  out_.append(bytes);
  return *this;
}

MessageWriter& MessageWriter::text(std::string_view value) {
  out_.append(value.substr(0, value.find('\0')));
  out_ += '\0';
  return *this;
}

std::uint64_t FieldReader::number(std::size_t size) {
  std::uint64_t value = 0;
  for (const char c : raw(size)) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

std::string_view FieldReader::raw(std::size_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view found = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return found;
}

std::string_view FieldReader::text() {
  const std::size_t end = rest_.find('\0');
  if (end == std::string_view::npos) {
    ok_ = false;
    rest_ = {};
    return {};
  }
  const std::string_view found = rest_.substr(0, end);
  rest_.remove_prefix(end + 1);
  return found;
}

void append_failure(std::string& out, const Failure& failure) {
  const char* const severity = failure.fatal ? "FATAL" : "ERROR";
  MessageWriter writer(out);
  writer.begin('E').u8('S').text(severity).u8('V').text(severity);
  writer.u8('C').text(failure.sqlstate).u8('M').text(failure.message);
  if (failure.position) writer.u8('P').text(std::to_string(*failure.position));
  writer.u8(0).end();
}

std::string_view sqlstate_of(std::string_view message) {
  if (message.size() < kHeadBytes) return {};
  FieldReader fields(message.substr(kHeadBytes));
  while (fields.ok()) {
    const std::uint8_t field = fields.u8();
    if (field == 0) break;
    const std::string_view value = fields.text();
    if (field == 'C') return value;
  }
  return {};
}

void append_row_description(std::string& out, const std::vector<ColumnDescription>& columns) {
  MessageWriter writer(out);
  writer.begin('T').u16(static_cast<std::uint16_t>(columns.size()));
  for (const ColumnDescription& column : columns) {
    // Of no table, at no place in it, and without a modifier of its type.
    writer.text(column.name).u32(0).u16(0).u32(column.type);
    writer.u16(static_cast<std::uint16_t>(column.size)).u32(UINT32_MAX).u16(column.binary ? 1 : 0);
  }
  writer.end();
}

std::string_view front_message(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) return {};
  const std::size_t size = big_endian(bytes.substr(1, 4)) + std::size_t{1};
  return bytes.size() < size ? std::string_view() : bytes.substr(0, size);
}

}  // namespace restate::query::pg
