#include "query/duckdb/postgres_parameters.h"

#include "query/duckdb/postgres_types.h"
#include "query/duckdb/postgres_values.h"
#include "query/pg/message.h"

#include <duckdb/common/exception/conversion_exception.hpp>

#include <bit>
#include <string>
#include <string_view>
#include <utility>

namespace restate::query {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

LogicalType parameter_type(std::uint32_t oid) {
  switch (oid) {
    case kBoolOid:
      return LogicalType::BOOLEAN;
    case kByteaOid:
      return LogicalType::BLOB;
    case kInt8Oid:
    case kOidOid:
      return LogicalType::BIGINT;
    case kInt2Oid:
      return LogicalType::SMALLINT;
    case kInt4Oid:
      return LogicalType::INTEGER;
    case kFloat4Oid:
    case kFloat8Oid:
      return LogicalType::DOUBLE;
    case kBoolsOid:
      return LogicalType::LIST(LogicalType::BOOLEAN);
    case kTextsOid:
    case kVarcharsOid:
      return LogicalType::LIST(LogicalType::VARCHAR);
    case kInt2sOid:
    case kInt4sOid:
    case kInt8sOid:
      return LogicalType::LIST(LogicalType::BIGINT);
    case kFloat4sOid:
    case kFloat8sOid:
      return LogicalType::LIST(LogicalType::DOUBLE);
    case kDateOid:
      return LogicalType::DATE;
    case kTimestampOid:
      return LogicalType::TIMESTAMP;
    case kTimestamptzOid:
      return LogicalType::TIMESTAMP_TZ;
    case kIntervalOid:
      return LogicalType::INTERVAL;
    default:  // text, and what is as good as text: a literal takes the type that is wanted
      return LogicalType::VARCHAR;
  }
}

[[noreturn]] void malformed(std::uint32_t oid) {
  throw duckdb::ConversionException("incorrect binary data of a parameter of type %d",
                                    static_cast<int>(oid));
}

/// `{a,"b c",NULL}`
Value array_of_text(std::string_view text, const LogicalType& element) {
  duckdb::vector<Value> values;
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
    throw duckdb::ConversionException("malformed array literal");
  }
  text = text.substr(1, text.size() - 2);
  std::size_t at = 0;
  while (at < text.size()) {
    std::string item;
    bool quoted = false;
    if (text[at] == '{') throw duckdb::ConversionException("arrays of arrays are not supported");
    if (text[at] == '"') {
      quoted = true;
      for (++at; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        item += text[at];
      }
      ++at;
    } else {
      for (; at < text.size() && text[at] != ','; ++at) item += text[at];
    }
    const bool null = !quoted && (item == "NULL" || item == "null");
    values.push_back(null ? Value(element) : Value(item).DefaultCastAs(element));
    if (at < text.size() && text[at] != ',') throw duckdb::ConversionException("malformed array literal");
    ++at;
  }
  return Value::LIST(element, std::move(values));
}

/// Groups of four digits, as text.
std::string numeric_text(pg::FieldReader& fields) {
  const std::uint16_t groups = fields.u16();
  const auto weight = static_cast<std::int16_t>(fields.u16());
  const std::uint16_t sign = fields.u16();
  const std::uint16_t scale = fields.u16();
  if (groups > 100 || weight > 100 || weight < -100 || scale > 400 || sign > 0x4000) {
    malformed(kNumericOid);
  }
  std::string whole, fraction;
  const auto digits = [](std::uint16_t group) {
    const std::string text = std::to_string(group);
    return std::string(text.size() < 4 ? 4 - text.size() : 0, '0') + text;
  };
  for (int i = -1; i > weight; --i) fraction += "0000";
  for (int i = 0; i < groups; ++i) (i <= weight ? whole : fraction) += digits(fields.u16());
  for (int i = groups; i <= weight; ++i) whole += "0000";
  fraction.resize(scale, '0');
  return (sign != 0 ? "-" : "") + (whole.empty() ? "0" : whole) +
         (fraction.empty() ? "" : "." + fraction);
}

/// The ends of the range are infinite, here and there.
duckdb::date_t date_since_2000(std::int32_t days) {
  if (days == INT32_MAX) return duckdb::date_t::infinity();
  if (days == INT32_MIN) return duckdb::date_t::ninfinity();
  const std::int64_t since_1970 = days + kEpochDays;
  if (since_1970 >= INT32_MAX) malformed(kDateOid);
  return duckdb::date_t(static_cast<std::int32_t>(since_1970));
}

duckdb::timestamp_t time_since_2000(std::int64_t micros, std::uint32_t oid) {
  if (micros == INT64_MAX) return duckdb::timestamp_t::infinity();
  if (micros == INT64_MIN) return duckdb::timestamp_t::ninfinity();
  if (micros > kMostMicros - kEpochMicros || micros < -kMostMicros) malformed(oid);
  return duckdb::timestamp_t(micros + kEpochMicros);
}

Value binary_value(std::string_view bytes, std::uint32_t oid);

Value binary_array(std::string_view bytes, const LogicalType& element) {
  pg::FieldReader fields(bytes);
  const std::uint32_t dimensions = fields.u32();
  fields.u32();  // whether there is a NULL in it
  const std::uint32_t oid = fields.u32();
  // The client names the type of the elements: arrays in arrays would go as deep as it likes.
  if (dimensions > 1 || parameter_type(oid).id() == LogicalTypeId::LIST) {
    throw duckdb::ConversionException("arrays of arrays are not supported");
  }
  duckdb::vector<Value> values;
  if (dimensions == 1) {
    const std::uint32_t count = fields.u32();
    fields.u32();  // the index of the first one
    for (std::uint32_t i = 0; i < count && fields.ok(); ++i) {
      const std::uint32_t size = fields.u32();
      values.push_back(size == UINT32_MAX ? Value(element)
                                          : binary_value(fields.raw(size), oid).DefaultCastAs(element));
    }
  }
  if (!fields.complete()) malformed(oid);
  return Value::LIST(element, std::move(values));
}

Value binary_value(std::string_view bytes, std::uint32_t oid) {
  pg::FieldReader fields(bytes);
  Value value;
  const auto signed64 = [&] { return static_cast<std::int64_t>(fields.u64()); };
  switch (oid) {
    case kBoolOid:
      value = Value::BOOLEAN(fields.u8() != 0);
      break;
    case kInt2Oid:
      value = Value::SMALLINT(static_cast<std::int16_t>(fields.u16()));
      break;
    case kInt4Oid:
      value = Value::INTEGER(static_cast<std::int32_t>(fields.u32()));
      break;
    case kOidOid:
      value = Value::BIGINT(fields.u32());
      break;
    case kInt8Oid:
      value = Value::BIGINT(signed64());
      break;
    case kFloat4Oid:
      value = Value::DOUBLE(static_cast<double>(std::bit_cast<float>(fields.u32())));
      break;
    case kFloat8Oid:
      value = Value::DOUBLE(std::bit_cast<double>(fields.u64()));
      break;
    case kDateOid:
      value = Value::DATE(date_since_2000(static_cast<std::int32_t>(fields.u32())));
      break;
    case kTimestampOid:
    case kTimestamptzOid: {
      const duckdb::timestamp_t time = time_since_2000(signed64(), oid);
      value = oid == kTimestampOid ? Value::TIMESTAMP(time)
                                   : Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(time));
      break;
    }
    case kIntervalOid: {
      duckdb::interval_t interval;
      interval.micros = signed64();
      interval.days = static_cast<std::int32_t>(fields.u32());
      interval.months = static_cast<std::int32_t>(fields.u32());
      value = Value::INTERVAL(interval);
      break;
    }
    case kNumericOid:
      value = Value(numeric_text(fields));
      break;
    case kByteaOid:
      return Value::BLOB(reinterpret_cast<duckdb::const_data_ptr_t>(bytes.data()), bytes.size());
    default: {
      const LogicalType type = parameter_type(oid);
      if (type.id() == LogicalTypeId::LIST) {
        return binary_array(bytes, duckdb::ListType::GetChildType(type));
      }
      if (!Value::StringIsValid(bytes.data(), bytes.size())) malformed(oid);
      return Value(std::string(bytes));
    }
  }
  if (!fields.complete()) malformed(oid);
  return value;
}

}  // namespace

Value parameter_null(std::uint32_t oid) {
  const LogicalType type = parameter_type(oid);
  return type.id() == LogicalTypeId::VARCHAR ? Value(LogicalType::VARCHAR) : Value(type);
}

Value parameter_value(const pg::Parameter& parameter, std::uint32_t oid) {
  if (!parameter.value) return parameter_null(oid);
  if (parameter.binary) return binary_value(*parameter.value, oid);
  const std::string& text = *parameter.value;
  if (!Value::StringIsValid(text.data(), text.size())) {
    throw duckdb::ConversionException("a parameter is not valid UTF-8");
  }
  const LogicalType type = parameter_type(oid);
  if (type.id() == LogicalTypeId::LIST) {
    return array_of_text(text, duckdb::ListType::GetChildType(type));
  }
  if (type.id() == LogicalTypeId::BLOB && text.starts_with("\\x")) {
    std::string spelled;  // DuckDB escapes each byte
    for (std::size_t i = 2; i + 1 < text.size(); i += 2) spelled += "\\x" + text.substr(i, 2);
    return Value::BLOB(spelled);
  }
  return Value(text).DefaultCastAs(type);
}

}  // namespace restate::query
