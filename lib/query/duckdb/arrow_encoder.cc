#include "query/duckdb/encoder.h"

#include "query/catalog.h"

#include <restate/assert.h>

#include <algorithm>
#include <cstring>

namespace restate::query {
namespace {

using arrow::Type;
using duckdb::idx_t;

template <class T>
void append_raw(std::string& out, T value) {
  char bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.append(bytes, sizeof value);
}

/// True if these are all the columns of `sys_invocation`: the one table that promises more than
/// that a column may be null.
bool is_all_invocations(const ResultShape& shape) {
  const auto columns = table(TableId::kInvocation).columns;
  return std::equal(
      columns.begin(), columns.end(), shape.names.begin(), shape.names.end(),
      [](const Column& column, const std::string& name) { return column.name == name; });
}

class ArrowEncoder final : public Encoder {
 public:
  explicit ArrowEncoder(ResultShape shape) : shape_(std::move(shape)) {}

  Result<void> chunk(duckdb::DataChunk& chunk, std::string& out) override {
    if (!begun_) {
      widen(chunk);
      begin(out);
    }
    arrow::Batch batch(static_cast<std::int64_t>(chunk.size()));
    std::vector<idx_t> rows(chunk.size());
    for (idx_t i = 0; i < chunk.size(); ++i) rows[i] = i;
    for (std::size_t i = 0; i < shape_.types.size(); ++i) {
      const ColumnView column(chunk.data[i], chunk.size(), shape_.types[i]);
      RESTATE_TRY_VOID(put(batch, column, rows));
    }
    out += arrow::batch_message(batch);
    return {};
  }

  void finish(std::string& out) override {
    if (!begun_) begin(out);
    out += arrow::end_mark();
  }

 private:
  void begin(std::string& out) {
    begun_ = true;
    std::vector<arrow::Field> fields;
    const bool invocations = is_all_invocations(shape_);
    for (std::size_t i = 0; i < shape_.types.size(); ++i) {
      fields.push_back(field_of(shape_.names[i], shape_.types[i]));
      if (invocations) fields.back().nullable = table(TableId::kInvocation).columns[i].nullable;
    }
    out += arrow::schema_message(fields);
  }

  static arrow::Field field_of(const std::string& name, const ResultType& type) {
    arrow::Field field{name, type.shown, true, {}};
    for (std::size_t i = 0; i < type.children.size(); ++i) {
      const std::string child = type.shown == Type::kList ? "item" : type.names[i];
      field.children.push_back(field_of(child, type.children[i]));
    }
    return field;
  }

  /// Sums and large literals are 128 bits wide in DuckDB and 64 in the answer: signed, unless the
  /// first rows say otherwise. The schema goes out before the rest is known.
  void widen(duckdb::DataChunk& chunk) {
    for (std::size_t i = 0; i < shape_.types.size(); ++i) {
      ResultType& type = shape_.types[i];
      if (type.logical.id() != duckdb::LogicalTypeId::HUGEINT) continue;
      const ColumnView column(chunk.data[i], chunk.size(), type);
      for (idx_t row = 0; row < chunk.size(); ++row) {
        const idx_t at = column.at(row);
        if (!column.is_null(at) && !column.integer(at)) type.shown = Type::kUint64;
      }
    }
  }

  /// Appends a column whose rows are `rows` of `column`, in that order.
  Result<void> put(arrow::Batch& batch, const ColumnView& column, const std::vector<idx_t>& rows) {
    if (column.type().shown == Type::kNull) {
      batch.node(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.size()));
      return {};
    }
    std::string validity((rows.size() + 7) / 8, '\0');
    std::int64_t nulls = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (column.is_null(column.at(rows[i]))) {
        ++nulls;
      } else {
        set_bit(validity, i);
      }
    }
    batch.node(static_cast<std::int64_t>(rows.size()), nulls);
    batch.buffer(nulls == 0 ? std::string_view() : validity);
    switch (column.type().shown) {
      case Type::kBool:
        put_bits(batch, column, rows);
        return {};
      case Type::kLargeUtf8:
      case Type::kLargeBinary:
        put_texts(batch, column, rows);
        return {};
      case Type::kList:
        return put_list(batch, column, rows);
      case Type::kStruct:
        return put_struct(batch, column, rows);
      case Type::kNull:
      case Type::kInt64:
      case Type::kUint32:
      case Type::kUint64:
      case Type::kFloat64:
      case Type::kDate32:
      case Type::kTimestampMsUtc:
      case Type::kTimestampUs:
      case Type::kDurationMs:
        return put_fixed(batch, column, rows);
    }
    RESTATE_UNREACHABLE();
  }

  static void set_bit(std::string& bits, std::size_t i) {
    bits[i / 8] = static_cast<char>(bits[i / 8] | 1 << (i % 8));
  }

  static void put_bits(arrow::Batch& batch, const ColumnView& column,
                       const std::vector<idx_t>& rows) {
    std::string bits((rows.size() + 7) / 8, '\0');
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const idx_t at = column.at(rows[i]);
      if (!column.is_null(at) && column.boolean(at)) set_bit(bits, i);
    }
    batch.buffer(bits);
  }

  void put_texts(arrow::Batch& batch, const ColumnView& column, const std::vector<idx_t>& rows) {
    std::string offsets, bytes;
    append_raw(offsets, std::int64_t{0});
    for (const idx_t row : rows) {
      const idx_t at = column.at(row);
      if (!column.is_null(at)) bytes += column.text(at, buffer_);
      append_raw(offsets, static_cast<std::int64_t>(bytes.size()));
    }
    batch.buffer(offsets);
    batch.buffer(bytes);
  }

  static Result<void> put_fixed(arrow::Batch& batch, const ColumnView& column,
                                const std::vector<idx_t>& rows) {
    std::string data;
    for (const idx_t row : rows) {
      const idx_t at = column.at(row);
      const bool is_null = column.is_null(at);
      switch (column.type().shown) {
        case Type::kUint32:
          append_raw(data, is_null ? std::uint32_t{0}
                                   : static_cast<std::uint32_t>(column.integer(at).value_or(0)));
          break;
        case Type::kInt64:
        case Type::kUint64: {
          const auto bits = is_null ? std::uint64_t{0} : column.integer(at);
          if (!bits) return Error{Code::kUnsupported, "A number does not fit into 64 bits"};
          append_raw(data, *bits);
          break;
        }
        case Type::kFloat64:
          append_raw(data, is_null ? 0.0 : column.real(at));
          break;
        case Type::kDate32:
          append_raw(data, is_null ? std::int32_t{0} : static_cast<std::int32_t>(column.date(at)));
          break;
        case Type::kTimestampMsUtc: {
          const std::int64_t micros = is_null ? 0 : column.time(at);
          append_raw(data, micros / 1000 - (micros % 1000 < 0 ? 1 : 0));
          break;
        }
        case Type::kTimestampUs:
          append_raw(data, is_null ? std::int64_t{0} : column.time(at));
          break;
        case Type::kDurationMs:
          append_raw(data, is_null ? std::int64_t{0} : column.duration_ms(at));
          break;
        case Type::kNull:
        case Type::kBool:
        case Type::kLargeUtf8:
        case Type::kLargeBinary:
        case Type::kList:
        case Type::kStruct:
          RESTATE_UNREACHABLE();
      }
    }
    batch.buffer(data);
    return {};
  }

  Result<void> put_list(arrow::Batch& batch, const ColumnView& column,
                        const std::vector<idx_t>& rows) {
    std::string offsets;
    std::vector<idx_t> elements;
    append_raw(offsets, std::int32_t{0});
    for (const idx_t row : rows) {
      const idx_t at = column.at(row);
      if (!column.is_null(at)) {
        const duckdb::list_entry_t range = column.list(at);
        for (idx_t i = 0; i < range.length; ++i) elements.push_back(range.offset + i);
      }
      append_raw(offsets, static_cast<std::int32_t>(elements.size()));
    }
    batch.buffer(offsets);
    return put(batch, column.children()[0], elements);
  }

  Result<void> put_struct(arrow::Batch& batch, const ColumnView& column,
                          const std::vector<idx_t>& rows) {
    for (const ColumnView& member : column.children()) {
      RESTATE_TRY_VOID(put(batch, member, rows));
    }
    return {};
  }

  ResultShape shape_;
  std::string buffer_;
  bool begun_ = false;
};

}  // namespace

std::unique_ptr<Encoder> make_arrow_encoder(ResultShape shape) {
  return std::make_unique<ArrowEncoder>(std::move(shape));
}

}  // namespace restate::query
