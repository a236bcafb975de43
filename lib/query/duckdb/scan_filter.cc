#include "query/duckdb/scan_filter.h"

#include <duckdb/planner/expression/bound_columnref_expression.hpp>
#include <duckdb/planner/expression/bound_comparison_expression.hpp>
#include <duckdb/planner/expression/bound_constant_expression.hpp>
#include <duckdb/planner/expression/bound_operator_expression.hpp>
#include <duckdb/planner/operator/logical_get.hpp>

#include <cstdint>
#include <utility>

namespace restate::query {
namespace {

/// The column of `get` that an expression is, if it is one.
std::optional<std::size_t> column_of(const duckdb::LogicalGet& get,
                                     const duckdb::Expression& expression, const Table& table) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_COLUMN_REF) return {};
  const auto& binding = expression.Cast<duckdb::BoundColumnRefExpression>().binding;
  const auto& ids = get.GetColumnIds();
  if (binding.table_index != get.table_index || binding.column_index >= ids.size()) return {};
  const std::size_t column = ids[binding.column_index].GetPrimaryIndex();
  if (column >= table.columns.size()) return {};
  return column;
}

/// Adds a constant to the values of a filter. False: a scan can do nothing with it.
bool add_value(Filter& filter, ColumnType type, const duckdb::Expression& expression) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_CONSTANT) return false;
  const duckdb::Value& value = expression.Cast<duckdb::BoundConstantExpression>().value;
  if (value.IsNull()) return true;  // equal to nothing
  if (type == ColumnType::kText && value.type().id() == duckdb::LogicalTypeId::VARCHAR) {
    filter.texts.push_back(duckdb::StringValue::Get(value));
    return true;
  }
  if (type == ColumnType::kU64 && value.type().id() == duckdb::LogicalTypeId::UBIGINT) {
    filter.numbers.push_back(value.GetValue<std::uint64_t>());
    return true;
  }
  return false;
}

/// What a comparison with a time says of a column; `flipped`: the time stands on the left.
bool add_bound(Filter& filter, duckdb::ExpressionType comparison, bool flipped,
               const duckdb::Expression& expression) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_CONSTANT) return false;
  const duckdb::Value& value = expression.Cast<duckdb::BoundConstantExpression>().value;
  if (value.IsNull() || value.type().id() != duckdb::LogicalTypeId::TIMESTAMP_TZ) return false;
  const duckdb::timestamp_t time = duckdb::TimestampValue::Get(value);
  if (!duckdb::Value::IsFinite(time)) return false;
  const std::int64_t at = time.value;
  if (flipped) comparison = duckdb::FlipComparisonExpression(comparison);
  switch (comparison) {
    case duckdb::ExpressionType::COMPARE_GREATERTHAN:
      filter.least = at + 1;
      return true;
    case duckdb::ExpressionType::COMPARE_GREATERTHANOREQUALTO:
      filter.least = at;
      return true;
    case duckdb::ExpressionType::COMPARE_LESSTHAN:
      filter.most = at - 1;
      return true;
    case duckdb::ExpressionType::COMPARE_LESSTHANOREQUALTO:
      filter.most = at;
      return true;
    default:  // of DuckDB, which has many
      return false;
  }
}

std::optional<Filter> filter_of_comparison(const duckdb::LogicalGet& get,
                                           const duckdb::BoundComparisonExpression& comparison,
                                           const Table& table) {
  Filter filter;
  const duckdb::ExpressionType type = comparison.GetExpressionType();
  bool flipped = false;
  auto column = column_of(get, *comparison.left, table);
  if (!column) {
    column = column_of(get, *comparison.right, table);
    flipped = true;
  }
  if (!column) return std::nullopt;
  filter.column = *column;
  const duckdb::Expression& value = flipped ? *comparison.left : *comparison.right;
  const ColumnType column_type = table.columns[*column].type;
  const bool equality = type == duckdb::ExpressionType::COMPARE_EQUAL ||
                        type == duckdb::ExpressionType::COMPARE_NOTEQUAL;
  filter.negated = type == duckdb::ExpressionType::COMPARE_NOTEQUAL;
  const bool understood =
      equality ? add_value(filter, column_type, value)
               : column_type == ColumnType::kTime && add_bound(filter, type, flipped, value);
  if (!understood) return std::nullopt;
  return filter;
}

}  // namespace

std::optional<Filter> filter_of(const duckdb::LogicalGet& get, const duckdb::Expression& expression,
                                const Table& table) {
  if (expression.GetExpressionClass() == duckdb::ExpressionClass::BOUND_COMPARISON) {
    return filter_of_comparison(get, expression.Cast<duckdb::BoundComparisonExpression>(), table);
  }
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::BOUND_OPERATOR) return {};
  const duckdb::ExpressionType type = expression.GetExpressionType();
  const auto& children = expression.Cast<duckdb::BoundOperatorExpression>().children;
  const auto column = column_of(get, *children[0], table);
  if (!column) return std::nullopt;
  Filter filter;
  filter.column = *column;
  if (type == duckdb::ExpressionType::OPERATOR_IS_NULL) {
    filter.is_null = true;
    return filter;
  }
  if (type != duckdb::ExpressionType::COMPARE_IN &&
      type != duckdb::ExpressionType::COMPARE_NOT_IN) {
    return std::nullopt;
  }
  filter.negated = type == duckdb::ExpressionType::COMPARE_NOT_IN;
  for (std::size_t i = 1; i < children.size(); ++i) {
    if (!add_value(filter, table.columns[*column].type, *children[i])) return std::nullopt;
  }
  return filter;
}

}  // namespace restate::query
