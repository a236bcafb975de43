#include "wire/protobuf.h"

#include <utility>

namespace restate::wire {
namespace {

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

/// The length of the sequence that starts with `lead`; 0: none does.
std::size_t utf8_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

}  // namespace

bool ProtoReader::take_varint(std::string_view& from, std::uint64_t& value) {
  value = 0;
  for (std::size_t i = 0; i < from.size() && i < 10; ++i) {
    const auto byte = static_cast<unsigned char>(from[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if ((byte & 0x80) == 0) {
      from.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool ProtoReader::next() {
  if (failed_ || rest_.empty()) return false;
  std::uint64_t key = 0;
  if (!take_varint(rest_, key) || key >> 3 == 0 || key >> 3 > 0x1FFFFFFF) {
    failed_ = true;
    return false;
  }
  field_ = static_cast<std::uint32_t>(key >> 3);
  kind_ = static_cast<Kind>(key & 7);
  bytes_ = {};
  number_ = 0;
  std::size_t size = 0;
  switch (kind_) {
    case Kind::kVarint:
      failed_ = !take_varint(rest_, number_);
      return !failed_;
    case Kind::kFixed64:
      size = 8;
      break;
    case Kind::kFixed32:
      size = 4;
      break;
    case Kind::kBytes: {
      std::uint64_t length = 0;
      if (!take_varint(rest_, length) || length > rest_.size()) {
        failed_ = true;
        return false;
      }
      size = static_cast<std::size_t>(length);
      break;
    }
    default:  // groups, which no schema of ours ever had, and kinds that do not exist
      failed_ = true;
      return false;
  }
  if (size > rest_.size()) {
    failed_ = true;
    return false;
  }
  bytes_ = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return true;
}

std::uint64_t ProtoReader::varint() {
  if (kind_ != Kind::kVarint) failed_ = true;
  return number_;
}

std::string_view ProtoReader::bytes() {
  if (kind_ != Kind::kBytes) {
    failed_ = true;
    return {};
  }
  return bytes_;
}

std::string_view ProtoReader::text() {
  const std::string_view text = bytes();
  if (!is_utf8(text)) failed_ = true;
  return text;
}

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(lead);
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    if (length >= 3) {
      // Overlong forms, surrogates and what lies beyond U+10FFFF differ in the second byte.
      const auto second = static_cast<unsigned char>(text[i + 1]);
      if (lead == 0xE0 && second < 0xA0) return false;
      if (lead == 0xED && second > 0x9F) return false;
      if (lead == 0xF0 && second < 0x90) return false;
      if (lead == 0xF4 && second > 0x8F) return false;
    }
    i += length;
  }
  return true;
}

void ProtoWriter::raw_varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

void ProtoWriter::put_varint(std::uint32_t field, std::uint64_t value) {
  tag(field, ProtoReader::Kind::kVarint);
  raw_varint(value);
}

void ProtoWriter::put_fixed64(std::uint32_t field, std::uint64_t value) {
  tag(field, ProtoReader::Kind::kFixed64);
  for (int shift = 0; shift < 64; shift += 8) out_.push_back(static_cast<char>(value >> shift));
}

void ProtoWriter::put_bytes(std::uint32_t field, std::string_view value) {
  tag(field, ProtoReader::Kind::kBytes);
  raw_varint(value.size());
  out_.append(value);
}

void ProtoWriter::put_wrapped(std::uint32_t field, std::string_view content) {
  tag(field, ProtoReader::Kind::kBytes);
  if (content.empty()) {
    raw_varint(0);
    return;
  }
  raw_varint(1 + varint_size(content.size()) + content.size());
  put_bytes(1, content);
}

}  // namespace restate::wire
