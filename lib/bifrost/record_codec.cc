#include "bifrost/record_codec.h"

#include <cstring>

namespace restate::bifrost {
namespace {

constexpr std::uint8_t kFormat = 1;
constexpr std::uint16_t kHasExtension = 1;
constexpr std::size_t kHeaderBytes = 12;

std::size_t key_bytes(RecordKeys::Kind kind) {
  switch (kind) {
    case RecordKeys::Kind::kNone:
      return 0;
    case RecordKeys::Kind::kSingle:
      return 8;
    case RecordKeys::Kind::kPair:
    case RecordKeys::Kind::kRange:
      return 16;
  }
  RESTATE_UNREACHABLE();
}

void put_u64(std::string& out, std::uint64_t number) {
  char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<char>(number >> (8 * i));
  out.append(bytes, sizeof bytes);
}

std::uint64_t get_u64(std::string_view from) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    number |= static_cast<std::uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  }
  return number;
}

void encode(const Record& record, std::string& out) {
  out.push_back(static_cast<char>(kFormat));
  out.push_back(static_cast<char>(record.keys.kind));
  out.append(2, '\0');
  put_u64(out, record.created_at.ms);
  const std::size_t keys = key_bytes(record.keys.kind);
  if (keys >= 8) put_u64(out, record.keys.first);
  if (keys >= 16) put_u64(out, record.keys.second);
  out.append(record.body.view());
}

Error corrupt(const char* why) { return Error{Code::kCorrupt, why}; }

}  // namespace

std::vector<Bytes> encode_records(const RecordBatch& batch) {
  std::size_t total = 0;
  for (const Record& record : batch) {
    total += kHeaderBytes + key_bytes(record.keys.kind) + record.body.size();
  }
  std::string arena;
  arena.reserve(total);
  std::vector<std::size_t> ends;
  ends.reserve(batch.size());
  for (const Record& record : batch) {
    encode(record, arena);
    ends.push_back(arena.size());
  }

  const Bytes all(std::move(arena));
  std::vector<Bytes> records;
  records.reserve(batch.size());
  std::size_t start = 0;
  for (const std::size_t end : ends) {
    records.push_back(all.slice(start, end - start));
    start = end;
  }
  return records;
}

Result<Record> decode_record(const Bytes& stored) {
  const std::string_view in = stored.view();
  if (in.size() < kHeaderBytes) return corrupt("a record shorter than its header");
  if (static_cast<std::uint8_t>(in[0]) != kFormat) return corrupt("a record in an unknown format");
  if (static_cast<std::uint8_t>(in[1]) > static_cast<std::uint8_t>(RecordKeys::Kind::kRange)) {
    return corrupt("a record with unknown keys");
  }
  Record record;
  record.keys.kind = static_cast<RecordKeys::Kind>(in[1]);
  record.created_at.ms = get_u64(in.substr(4));
  const auto flags = static_cast<std::uint16_t>(static_cast<unsigned char>(in[2]) |
                                                static_cast<unsigned char>(in[3]) << 8);
  const std::size_t keys = key_bytes(record.keys.kind);
  std::size_t at = kHeaderBytes;
  if (in.size() < at + keys) return corrupt("a record that ends inside its keys");
  if (keys >= 8) record.keys.first = get_u64(in.substr(at));
  if (keys >= 16) record.keys.second = get_u64(in.substr(at + 8));
  at += keys;
  if ((flags & kHasExtension) != 0) {
    if (in.size() <= at || in.size() < at + 1 + static_cast<unsigned char>(in[at])) {
      return corrupt("a record that ends inside its extension");
    }
    at += 1 + static_cast<unsigned char>(in[at]);
  }
  record.body = stored.slice(at);
  return record;
}

}  // namespace restate::bifrost
