#include "query/duckdb/top_of_table.h"

#include "query/catalog.h"

#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/expression/star_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>
#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/tableref/basetableref.hpp>

namespace restate::query {
namespace {

using duckdb::ParsedExpression;
using duckdb::QueryNode;
using duckdb::QueryNodeType;
using duckdb::TableReferenceType;

/// A number that stands in the text; nothing: something else does.
std::optional<std::size_t> constant_of(const duckdb::unique_ptr<ParsedExpression>& expression) {
  if (!expression || expression->GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) {
    return std::nullopt;
  }
  const duckdb::Value& value = expression->Cast<duckdb::ConstantExpression>().value;
  if (value.IsNull() || !value.type().IsIntegral()) return std::nullopt;
  const auto number = value.GetValue<std::int64_t>();
  if (number < 0) return std::nullopt;
  return static_cast<std::size_t>(number);
}

/// True if `at` is made of columns, constants and few functions: a condition that a scan is told of
/// as a whole, or a result that stands for its row alone.
bool is_plain(ParsedExpression& at) {
  const auto kind = at.GetExpressionClass();
  if (kind == duckdb::ExpressionClass::WINDOW || kind == duckdb::ExpressionClass::SUBQUERY) {
    return false;
  }
  if (kind == duckdb::ExpressionClass::FUNCTION) {
    const std::string& name = at.Cast<duckdb::FunctionExpression>().function_name;
    if (name != "+" && name != "-" && name != "now") return false;
  }
  if (kind == duckdb::ExpressionClass::STAR) {
    const auto& star = at.Cast<duckdb::StarExpression>();
    return star.replace_list.empty() && star.rename_list.empty();
  }
  bool all = true;
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      at, [&](ParsedExpression& child) { all = all && is_plain(child); });
  return all;
}

}  // namespace

std::optional<TopOfTable> top_of_table(QueryNode& node) {
  // More are no top, and each part of the scan keeps as many.
  constexpr std::size_t kMostRows = 1000;
  if (node.type != QueryNodeType::SELECT_NODE || !node.cte_map.map.empty()) return {};
  auto& select = node.Cast<duckdb::SelectNode>();
  if (!select.from_table || select.from_table->type != TableReferenceType::BASE_TABLE ||
      !select.from_table->column_name_alias.empty() || select.from_table->sample || select.sample ||
      select.having || select.qualify ||
      select.aggregate_handling != duckdb::AggregateHandling::STANDARD_HANDLING ||
      !select.groups.group_expressions.empty() || node.modifiers.size() != 2) {
    return {};
  }
  if (select.where_clause && !is_plain(*select.where_clause)) return {};
  const Table* table = find_table(
      duckdb::StringUtil::Lower(select.from_table->Cast<duckdb::BaseTableRef>().table_name));
  if (table == nullptr ||
      (table->id != TableId::kInvocation && table->id != TableId::kInvocationStatus)) {
    return {};
  }
  if (node.modifiers[0]->type != duckdb::ResultModifierType::ORDER_MODIFIER ||
      node.modifiers[1]->type != duckdb::ResultModifierType::LIMIT_MODIFIER) {
    return {};
  }
  auto& order = node.modifiers[0]->Cast<duckdb::OrderModifier>().orders[0];
  auto& limit = node.modifiers[1]->Cast<duckdb::LimitModifier>();
  const auto rows = constant_of(limit.limit);
  const auto offset = limit.offset ? constant_of(limit.offset) : std::size_t{0};
  if (!rows || !offset || *rows == 0 || *rows > kMostRows || *offset > kMostRows) return {};
  if (order.expression->GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) return {};
  const std::string by = duckdb::StringUtil::Lower(
      order.expression->Cast<duckdb::ColumnRefExpression>().GetColumnName());
  if (by != "created_at" && by != "modified_at") return {};
  for (auto& result : select.select_list) {
    // A result of that name would be what the order is about.
    if (result->HasAlias() && duckdb::StringUtil::CIEquals(result->GetAlias(), by)) return {};
    if (!is_plain(*result)) return {};
  }
  Top top;
  top.column = column_index(*table, by);
  top.descending = order.type == duckdb::OrderType::DESCENDING;
  top.rows = *rows + *offset;
  return TopOfTable{table->id, top};
}

}  // namespace restate::query
