#include "query/arrow_message.h"

#include <flatbuffers/flatbuffers.h>

namespace restate::query::arrow {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;
using Table = flatbuffers::Table;

/// Buffers begin at multiples of this, which suits vector instructions of readers.
constexpr std::size_t kAlignment = 64;
constexpr std::string_view kContinuation = "\xff\xff\xff\xff";

// Numbers of the format (Schema.fbs and Message.fbs of Arrow).
constexpr std::int16_t kVersion5 = 4;
constexpr std::uint8_t kSchemaHeader = 1;
constexpr std::uint8_t kBatchHeader = 3;

/// The slot of a table's nth field.
constexpr flatbuffers::voffset_t slot(int n) {
  return static_cast<flatbuffers::voffset_t>(4 + 2 * n);
}

struct TypeOffset {
  std::uint8_t id = 0;
  Offset<Table> table;
};

TypeOffset make_type(FlatBufferBuilder& to, Type type) {
  Offset<flatbuffers::String> zone;
  if (type == Type::kTimestampMsUtc) zone = to.CreateString("+00:00");
  const auto start = to.StartTable();
  std::uint8_t id = 0;
  const auto integer = [&](std::int32_t bits, bool is_signed) {
    id = 2;
    to.AddElement<std::int32_t>(slot(0), bits, 0);
    to.AddElement<std::uint8_t>(slot(1), is_signed ? 1 : 0, 0);
  };
  switch (type) {
    case Type::kNull:
      id = 1;
      break;
    case Type::kInt64:
      integer(64, true);
      break;
    case Type::kUint32:
      integer(32, false);
      break;
    case Type::kUint64:
      integer(64, false);
      break;
    case Type::kFloat64:
      id = 3;
      to.AddElement<std::int16_t>(slot(0), 2, 0);  // double
      break;
    case Type::kBool:
      id = 6;
      break;
    case Type::kDate32:
      id = 8;
      to.AddElement<std::int16_t>(slot(0), 0, 1);  // days; the default is milliseconds
      break;
    case Type::kTimestampMsUtc:
      id = 10;
      to.AddElement<std::int16_t>(slot(0), 1, 0);
      to.AddOffset(slot(1), zone);
      break;
    case Type::kTimestampUs:
      id = 10;
      to.AddElement<std::int16_t>(slot(0), 2, 0);
      break;
    case Type::kList:
      id = 12;
      break;
    case Type::kStruct:
      id = 13;
      break;
    case Type::kDurationMs:
      id = 18;
      to.AddElement<std::int16_t>(slot(0), 1, 1);
      break;
    case Type::kLargeBinary:
      id = 19;
      break;
    case Type::kLargeUtf8:
      id = 20;
      break;
  }
  return {id, Offset<Table>(to.EndTable(start))};
}

Offset<Table> make_field(FlatBufferBuilder& to, const Field& field) {
  std::vector<Offset<Table>> children;
  for (const Field& child : field.children) children.push_back(make_field(to, child));
  const auto child_list = to.CreateVector(children);
  const auto name = to.CreateString(field.name);
  const TypeOffset type = make_type(to, field.type);
  const auto start = to.StartTable();
  to.AddOffset(slot(0), name);
  to.AddElement<std::uint8_t>(slot(1), field.nullable ? 1 : 0, 0);
  to.AddElement<std::uint8_t>(slot(2), type.id, 0);
  to.AddOffset(slot(3), type.table);
  to.AddOffset(slot(5), child_list);
  return Offset<Table>(to.EndTable(start));
}

void append_number(std::string& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>(value >> shift & 0xff));
}

/// The head of a message in front of its body.
std::string envelope(FlatBufferBuilder& to, std::uint8_t header_type, Offset<Table> header,
                     std::string_view body) {
  const auto start = to.StartTable();
  to.AddElement<std::int64_t>(slot(3), static_cast<std::int64_t>(body.size()), 0);
  to.AddOffset(slot(2), header);
  to.AddElement<std::int16_t>(slot(0), kVersion5, 0);
  to.AddElement<std::uint8_t>(slot(1), header_type, 0);
  to.Finish(Offset<Table>(to.EndTable(start)));
  // The prefix of eight bytes counts towards the alignment of the body.
  const std::size_t prefix = kContinuation.size() + 4;
  const std::size_t padded = (prefix + to.GetSize() + kAlignment - 1) / kAlignment * kAlignment;
  std::string out;
  out.reserve(padded + body.size());
  out += kContinuation;
  append_number(out, static_cast<std::uint32_t>(padded - prefix));
  out.append(reinterpret_cast<const char*>(to.GetBufferPointer()), to.GetSize());
  out.resize(padded, '\0');
  out += body;
  return out;
}

}  // namespace

void Batch::buffer(std::string_view bytes) {
  buffers_.push_back(
      {static_cast<std::int64_t>(body_.size()), static_cast<std::int64_t>(bytes.size())});
  body_ += bytes;
  body_.resize((body_.size() + kAlignment - 1) / kAlignment * kAlignment, '\0');
}

std::string schema_message(const std::vector<Field>& fields) {
  FlatBufferBuilder to;
  std::vector<Offset<Table>> columns;
  for (const Field& field : fields) columns.push_back(make_field(to, field));
  const auto column_list = to.CreateVector(columns);
  const auto start = to.StartTable();
  to.AddOffset(slot(1), column_list);
  return envelope(to, kSchemaHeader, Offset<Table>(to.EndTable(start)), {});
}

std::string batch_message(const Batch& batch) {
  FlatBufferBuilder to;
  const auto nodes = to.CreateVectorOfStructs(batch.nodes_);
  const auto buffers = to.CreateVectorOfStructs(batch.buffers_);
  const auto start = to.StartTable();
  to.AddElement<std::int64_t>(slot(0), batch.rows_, 0);
  to.AddOffset(slot(1), nodes);
  to.AddOffset(slot(2), buffers);
  return envelope(to, kBatchHeader, Offset<Table>(to.EndTable(start)), batch.body_);
}

std::string_view end_mark() { return std::string_view("\xff\xff\xff\xff\0\0\0\0", 8); }

}  // namespace restate::query::arrow
