#include "query/duckdb/column_view.h"

#include <restate/assert.h>

#include <cmath>

namespace restate::query {
namespace {

using arrow::Type;
using duckdb::LogicalTypeId;

constexpr std::int64_t kMsPerDay = 86'400'000;
constexpr std::int64_t kDaysPerMonth = 30;

Type shown_type(const duckdb::LogicalType& type, bool& as_text) {
  switch (type.id()) {
    case LogicalTypeId::SQLNULL:
      return Type::kNull;
    case LogicalTypeId::BOOLEAN:
      return Type::kBool;
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
    case LogicalTypeId::INTEGER:
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::HUGEINT:
      return Type::kInt64;
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
      return Type::kUint32;
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::UHUGEINT:
      return Type::kUint64;
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::DECIMAL:
      return Type::kFloat64;
    case LogicalTypeId::BLOB:
      return Type::kLargeBinary;
    case LogicalTypeId::DATE:
      return Type::kDate32;
    case LogicalTypeId::TIMESTAMP_TZ:
      return Type::kTimestampMsUtc;
    case LogicalTypeId::TIMESTAMP:
      return Type::kTimestampUs;
    case LogicalTypeId::INTERVAL:
      return Type::kDurationMs;
    case LogicalTypeId::LIST:
      return Type::kList;
    case LogicalTypeId::STRUCT:
      return Type::kStruct;
    case LogicalTypeId::VARCHAR:
      return Type::kLargeUtf8;
    default:  // of DuckDB, which has many
      as_text = true;
      return Type::kLargeUtf8;
  }
}

}  // namespace

ResultType result_type(const duckdb::LogicalType& type) {
  ResultType result;
  result.logical = type;
  result.shown = shown_type(type, result.as_text);
  if (result.shown == Type::kList) {
    result.children.push_back(result_type(duckdb::ListType::GetChildType(type)));
  } else if (result.shown == Type::kStruct) {
    for (const auto& [name, child] : duckdb::StructType::GetChildTypes(type)) {
      result.names.push_back(name);
      result.children.push_back(result_type(child));
    }
  }
  return result;
}

ColumnView::ColumnView(duckdb::Vector& vector, duckdb::idx_t rows, const ResultType& type)
    : vector_(&vector), type_(&type) {
  // The members of others and the values behind `GetValue` are found by row then.
  const bool wide =
      type.logical.id() == LogicalTypeId::HUGEINT || type.logical.id() == LogicalTypeId::UHUGEINT;
  if (type.shown == Type::kList || type.shown == Type::kStruct || type.as_text || wide) {
    vector.Flatten(rows);
  }
  vector.ToUnifiedFormat(rows, format_);
  if (type.shown == Type::kList) {
    elements_ = duckdb::ListVector::GetListSize(vector);
    children_.emplace_back(duckdb::ListVector::GetEntry(vector), elements_, type.children[0]);
  } else if (type.shown == Type::kStruct) {
    auto& members = duckdb::StructVector::GetEntries(vector);
    for (std::size_t i = 0; i < members.size(); ++i) {
      children_.emplace_back(*members[i], rows, type.children[i]);
    }
  }
}

std::optional<std::uint64_t> ColumnView::integer(duckdb::idx_t at) const {
  const auto widen = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  switch (type_->logical.id()) {
    case LogicalTypeId::TINYINT:
      return widen(data<std::int8_t>()[at]);
    case LogicalTypeId::SMALLINT:
      return widen(data<std::int16_t>()[at]);
    case LogicalTypeId::INTEGER:
      return widen(data<std::int32_t>()[at]);
    case LogicalTypeId::BIGINT:
      return widen(data<std::int64_t>()[at]);
    case LogicalTypeId::UTINYINT:
      return data<std::uint8_t>()[at];
    case LogicalTypeId::USMALLINT:
      return data<std::uint16_t>()[at];
    case LogicalTypeId::UINTEGER:
      return data<std::uint32_t>()[at];
    case LogicalTypeId::UBIGINT:
      return data<std::uint64_t>()[at];
    case LogicalTypeId::HUGEINT: {
      const duckdb::hugeint_t value = data<duckdb::hugeint_t>()[at];
      const bool is_signed = type_->shown == Type::kInt64;
      const bool small = value.upper == 0 && (!is_signed || value.lower <= INT64_MAX);
      const bool negative = is_signed && value.upper == -1 && value.lower > INT64_MAX;
      if (!small && !negative) return std::nullopt;
      return value.lower;
    }
    case LogicalTypeId::UHUGEINT: {
      const duckdb::uhugeint_t value = data<duckdb::uhugeint_t>()[at];
      if (value.upper != 0) return std::nullopt;
      return value.lower;
    }
    default:
      RESTATE_UNREACHABLE();
  }
}

double ColumnView::real(duckdb::idx_t at) const {
  if (type_->logical.id() == LogicalTypeId::DOUBLE) return data<double>()[at];
  if (type_->logical.id() == LogicalTypeId::FLOAT) return static_cast<double>(data<float>()[at]);
  const double scale = std::pow(10.0, duckdb::DecimalType::GetScale(type_->logical));
  switch (type_->logical.InternalType()) {
    case duckdb::PhysicalType::INT16:
      return static_cast<double>(data<std::int16_t>()[at]) / scale;
    case duckdb::PhysicalType::INT32:
      return static_cast<double>(data<std::int32_t>()[at]) / scale;
    case duckdb::PhysicalType::INT64:
      return static_cast<double>(data<std::int64_t>()[at]) / scale;
    default: {
      const duckdb::hugeint_t value = data<duckdb::hugeint_t>()[at];
      return (std::ldexp(static_cast<double>(value.upper), 64) + static_cast<double>(value.lower)) /
             scale;
    }
  }
}

std::string_view ColumnView::text(duckdb::idx_t at, std::string& buffer) const {
  if (type_->as_text) {
    buffer = vector_->GetValue(at).ToString();
    return buffer;
  }
  const duckdb::string_t& value = data<duckdb::string_t>()[at];
  return {value.GetData(), value.GetSize()};
}

std::int64_t ColumnView::duration_ms(duckdb::idx_t at) const {
  const duckdb::interval_t& value = data<duckdb::interval_t>()[at];
  const std::int64_t days = value.months * kDaysPerMonth + value.days;
  const std::int64_t micros = value.micros;
  return days * kMsPerDay + micros / 1000 - (micros % 1000 < 0 ? 1 : 0);
}

}  // namespace restate::query
