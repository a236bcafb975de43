#include "query/duckdb/encoder.h"
#include "query/duckdb/postgres_types.h"
#include "query/duckdb/postgres_values.h"
#include "query/pg/message.h"
#include "query/value_text.h"

#include "common/time_text.h"

#include <bit>

namespace restate::query {
namespace {

using duckdb::idx_t;

constexpr std::uint32_t kNull = UINT32_MAX;
/// Clients take no larger message, and its length has 32 bits.
constexpr std::size_t kMostRowBytes = (std::size_t{1} << 30) - 1;

class PostgresEncoder final : public Encoder {
 public:
  PostgresEncoder(ResultShape shape, const std::vector<bool>& binary) : shape_(std::move(shape)) {
    for (std::size_t i = 0; i < shape_.types.size(); ++i) {
      const PostgresType type = postgres_type(shape_.types[i].logical);
      const bool form = binary.size() == 1 ? binary[0] : i < binary.size() && binary[i];
      columns_.push_back({shape_.names[i], type.oid, type.size, form});
    }
  }

  Result<void> chunk(duckdb::DataChunk& chunk, std::string& out) override {
    begin(out);
    std::vector<ColumnView> views;
    views.reserve(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      views.emplace_back(chunk.data[i], chunk.size(), shape_.types[i]);
    }
    for (idx_t row = 0; row < chunk.size(); ++row) {
      const std::size_t start = out.size();
      pg::MessageWriter writer(out);
      writer.begin('D').u16(static_cast<std::uint16_t>(columns_.size()));
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const idx_t at = views[i].at(row);
        if (views[i].is_null(at) || views[i].type().shown == arrow::Type::kNull) {
          writer.u32(kNull);
        } else {
          sized(views[i], at, columns_[i].type, columns_[i].binary, out);
        }
      }
      if (out.size() - start > kMostRowBytes) {
        out.resize(start);
        return Error{Code::kUnsupported, "a row of more than a gigabyte cannot be sent"};
      }
      writer.end();
    }
    return {};
  }

  void finish(std::string& out) override { begin(out); }

 private:
  void begin(std::string& out) {
    if (begun_) return;
    begun_ = true;
    pg::append_row_description(out, columns_);
  }

  void sized(const ColumnView& column, idx_t at, std::uint32_t oid, bool binary, std::string& out) {
    const std::size_t start = out.size();
    out.append(4, '\0');
    binary ? this->binary(column, at, oid, out) : text(column, at, oid, out);
    const std::size_t size = out.size() - start - 4;
    for (std::size_t i = 0; i < 4; ++i) out[start + i] = static_cast<char>(size >> (24 - 8 * i));
  }

  static std::int64_t integer(const ColumnView& column, idx_t at) {
    return static_cast<std::int64_t>(column.integer(at).value_or(0));
  }

  void plain(const ColumnView& column, idx_t at, std::string& out) {
    const arrow::Type shown = column.type().shown;
    if (shown == arrow::Type::kLargeUtf8 || shown == arrow::Type::kLargeBinary) {
      out += column.text(at, buffer_);
    } else {
      out += column.digits(at);  // a type without a counterpart
    }
  }

  void text(const ColumnView& column, idx_t at, std::uint32_t oid, std::string& out) {
    switch (oid) {
      case kBoolOid:
        out += column.boolean(at) ? 't' : 'f';
        return;
      case kInt2Oid:
      case kInt4Oid:
      case kInt8Oid:
        out += std::to_string(integer(column, at));
        return;
      case kNumericOid:
        out += numeric(column, at);
        return;
      case kFloat8Oid:
        return append_float(out, column.real(at));
      case kByteaOid:
        out += "\\x";
        return append_hex(out, column.text(at, buffer_));
      case kDateOid:
        if (!is_infinite_date(column.date(at))) return append_date(out, column.date(at));
        out += column.date(at) > 0 ? "infinity" : "-infinity";
        return;
      case kTimestampOid:
        return append_timestamp(out, column.time(at), "");
      case kTimestamptzOid:
        return append_timestamp(out, column.time(at), "+00");
      case kIntervalOid:
        return append_interval(out, column.interval(at));
      default:  // any number
        break;
    }
    if (const std::uint32_t element = element_oid(oid)) return text_array(column, at, element, out);
    plain(column, at, out);
  }

  static std::string numeric(const ColumnView& column, idx_t at) {
    // The bits of a HUGEINT are kept by `digits` alone.
    const auto bits = column.type().logical.id() == duckdb::LogicalTypeId::UBIGINT
                          ? column.integer(at)
                          : std::nullopt;
    return bits ? std::to_string(*bits) : column.digits(at);
  }

  void text_array(const ColumnView& column, idx_t at, std::uint32_t element, std::string& out) {
    const duckdb::list_entry_t range = column.list(at);
    const ColumnView& elements = column.children()[0];
    out += '{';
    for (idx_t i = 0; i < range.length; ++i) {
      if (i > 0) out += ',';
      const idx_t inner = elements.at(range.offset + i);
      if (elements.is_null(inner)) {
        out += "NULL";
        continue;
      }
      std::string value;
      text(elements, inner, element, value);
      if (element != kTextOid || !needs_quotes(value)) {
        out += value;
        continue;
      }
      out += '"';
      for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
      }
      out += '"';
    }
    out += '}';
  }

  void binary(const ColumnView& column, idx_t at, std::uint32_t oid, std::string& out) {
    switch (oid) {
      case kBoolOid:
        out += column.boolean(at) ? '\1' : '\0';
        return;
      case kInt2Oid:
        return append_number(out, static_cast<std::uint64_t>(integer(column, at)), 2);
      case kInt4Oid:
        return append_number(out, static_cast<std::uint64_t>(integer(column, at)), 4);
      case kInt8Oid:
        return append_number(out, static_cast<std::uint64_t>(integer(column, at)), 8);
      case kNumericOid:
        return append_numeric(out, numeric(column, at));
      case kFloat8Oid:
        return append_number(out, std::bit_cast<std::uint64_t>(column.real(at)), 8);
      case kDateOid:
        return append_number(out, static_cast<std::uint64_t>(days_since_2000(column.date(at))), 4);
      case kTimestampOid:
      case kTimestamptzOid:
        return append_number(out, static_cast<std::uint64_t>(micros_since_2000(column.time(at))), 8);
      case kIntervalOid: {
        const duckdb::interval_t interval = column.interval(at);
        append_number(out, static_cast<std::uint64_t>(interval.micros), 8);
        append_number(out, static_cast<std::uint32_t>(interval.days), 4);
        return append_number(out, static_cast<std::uint32_t>(interval.months), 4);
      }
      default:  // any number
        break;
    }
    if (const std::uint32_t element = element_oid(oid)) return binary_array(column, at, element, out);
    plain(column, at, out);
  }

  void binary_array(const ColumnView& column, idx_t at, std::uint32_t element, std::string& out) {
    const duckdb::list_entry_t range = column.list(at);
    const ColumnView& elements = column.children()[0];
    bool has_null = false;
    for (idx_t i = 0; i < range.length; ++i) {
      has_null = has_null || elements.is_null(elements.at(range.offset + i));
    }
    append_number(out, range.length == 0 ? 0 : 1, 4);
    append_number(out, has_null ? 1 : 0, 4);
    append_number(out, element, 4);
    if (range.length == 0) return;
    append_number(out, range.length, 4);
    append_number(out, 1, 4);
    for (idx_t i = 0; i < range.length; ++i) {
      const idx_t inner = elements.at(range.offset + i);
      if (elements.is_null(inner)) {
        append_number(out, kNull, 4);
      } else {
        sized(elements, inner, element, true, out);
      }
    }
  }

  ResultShape shape_;
  std::vector<pg::ColumnDescription> columns_;
  std::string buffer_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Encoder> make_postgres_encoder(ResultShape shape, const std::vector<bool>& binary) {
  return std::make_unique<PostgresEncoder>(std::move(shape), binary);
}

}  // namespace restate::query
