#include "common/time_text.h"
#include "common/utf8.h"
#include "query/duckdb/encoder.h"
#include "query/value_text.h"

#include <restate/assert.h>

namespace restate::query {
namespace {

using arrow::Type;
using duckdb::idx_t;

class JsonEncoder final : public Encoder {
 public:
  explicit JsonEncoder(ResultShape shape) : shape_(std::move(shape)) {
    for (const std::string& name : shape_.names) {
      append_json_string(keys_.emplace_back(), name);
      keys_.back() += ':';
    }
  }

  Result<void> chunk(duckdb::DataChunk& chunk, std::string& out) override {
    std::vector<ColumnView> columns;
    columns.reserve(shape_.types.size());
    for (std::size_t i = 0; i < shape_.types.size(); ++i) {
      columns.emplace_back(chunk.data[i], chunk.size(), shape_.types[i]);
    }
    for (idx_t row = 0; row < chunk.size(); ++row) {
      out += first_ ? "{\"rows\":[{" : ",{";
      first_ = false;
      bool first_member = true;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        const idx_t at = columns[i].at(row);
        if (columns[i].is_null(at) || columns[i].type().shown == Type::kNull) continue;
        if (!first_member) out += ',';
        first_member = false;
        out += keys_[i];
        value(columns[i], at, out);
      }
      out += '}';
    }
    return {};
  }

  void finish(std::string& out) override { out += first_ ? "{\"rows\":[]}" : "]}"; }

 private:
  void value(const ColumnView& column, idx_t at, std::string& out) {
    switch (column.type().shown) {
      case Type::kNull:
        out += "null";
        return;
      case Type::kBool:
        out += column.boolean(at) ? "true" : "false";
        return;
      case Type::kInt64:
      case Type::kUint32:
      case Type::kUint64:
        number(column, at, out);
        return;
      case Type::kFloat64:
        append_double(out, column.real(at));
        return;
      case Type::kLargeUtf8:
        append_json_string(out, column.text(at, buffer_));
        return;
      case Type::kLargeBinary:
        out += '"';
        append_hex(out, column.text(at, buffer_));
        out += '"';
        return;
      case Type::kDate32:
        out += '"';
        append_date(out, column.date(at));
        out += '"';
        return;
      case Type::kTimestampMsUtc:
        out += '"';
        append_time_utc(out, column.time(at));
        out += '"';
        return;
      case Type::kTimestampUs:
        out += '"';
        append_time_local(out, column.time(at));
        out += '"';
        return;
      case Type::kDurationMs:
        out += '"';
        append_duration(out, column.duration_ms(at));
        out += '"';
        return;
      case Type::kList:
        return list(column, at, out);
      case Type::kStruct:
        return structure(column, at, out);
    }
    RESTATE_UNREACHABLE();
  }

  static void number(const ColumnView& column, idx_t at, std::string& out) {
    const auto bits = column.integer(at);
    if (!bits) {
      out += column.digits(at);  // JSON has one kind of number, of any size
    } else if (column.type().shown == Type::kInt64) {
      out += std::to_string(static_cast<std::int64_t>(*bits));
    } else {
      out += std::to_string(*bits);
    }
  }

  void list(const ColumnView& column, idx_t at, std::string& out) {
    const duckdb::list_entry_t range = column.list(at);
    const ColumnView& elements = column.children()[0];
    out += '[';
    for (idx_t i = 0; i < range.length; ++i) {
      if (i > 0) out += ',';
      const idx_t element = elements.at(range.offset + i);
      if (elements.is_null(element)) {
        out += "null";
      } else {
        value(elements, element, out);
      }
    }
    out += ']';
  }

  void structure(const ColumnView& column, idx_t at, std::string& out) {
    bool first = true;
    out += '{';
    for (std::size_t i = 0; i < column.children().size(); ++i) {
      const ColumnView& member = column.children()[i];
      const idx_t inner = member.at(at);
      if (member.is_null(inner)) continue;
      if (!first) out += ',';
      first = false;
      append_json_string(out, column.type().names[i]);
      out += ':';
      value(member, inner, out);
    }
    out += '}';
  }

  ResultShape shape_;
  std::vector<std::string> keys_;
  std::string buffer_;
  bool first_ = true;
};

}  // namespace

std::unique_ptr<Encoder> make_json_encoder(ResultShape shape) {
  return std::make_unique<JsonEncoder>(std::move(shape));
}

}  // namespace restate::query
