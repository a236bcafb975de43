#include "query/duckdb/postgres_types.h"

namespace restate::query {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;

}  // namespace

PostgresType postgres_type(const LogicalType& type) {
  switch (type.id()) {
    case LogicalTypeId::BOOLEAN:
      return {kBoolOid, 1};
    case LogicalTypeId::TINYINT:
    case LogicalTypeId::SMALLINT:
      return {kInt2Oid, 2};
    case LogicalTypeId::INTEGER:
      return {kInt4Oid, 4};
    case LogicalTypeId::BIGINT:
    case LogicalTypeId::UTINYINT:
    case LogicalTypeId::USMALLINT:
    case LogicalTypeId::UINTEGER:
      return {kInt8Oid, 8};
    case LogicalTypeId::UBIGINT:
    case LogicalTypeId::HUGEINT:
    case LogicalTypeId::UHUGEINT:
      return {kNumericOid, -1};
    case LogicalTypeId::FLOAT:
    case LogicalTypeId::DOUBLE:
    case LogicalTypeId::DECIMAL:
      return {kFloat8Oid, 8};
    case LogicalTypeId::BLOB:
      return {kByteaOid, -1};
    case LogicalTypeId::DATE:
      return {kDateOid, 4};
    case LogicalTypeId::TIMESTAMP:
      return {kTimestampOid, 8};
    case LogicalTypeId::TIMESTAMP_TZ:
      return {kTimestamptzOid, 8};
    case LogicalTypeId::INTERVAL:
      return {kIntervalOid, 16};
    case LogicalTypeId::LIST:
      switch (postgres_type(duckdb::ListType::GetChildType(type)).oid) {
        case kBoolOid:
          return {kBoolsOid, -1};
        case kInt2Oid:
        case kInt4Oid:
        case kInt8Oid:
          return {kInt8sOid, -1};
        case kFloat8Oid:
          return {kFloat8sOid, -1};
        case kTextOid:
          return {kTextsOid, -1};
        default:  // shown as a text
          return {};
      }
    default:  // of DuckDB, which has many
      return {};
  }
}

std::uint32_t element_oid(std::uint32_t array) {
  switch (array) {
    case kBoolsOid:
      return kBoolOid;
    case kInt8sOid:
      return kInt8Oid;
    case kFloat8sOid:
      return kFloat8Oid;
    case kTextsOid:
      return kTextOid;
    default:  // any number
      return 0;
  }
}

}  // namespace restate::query
