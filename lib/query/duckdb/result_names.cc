#include "query/duckdb/result_names.h"

#include <duckdb/parser/expression/cast_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/query_node/set_operation_node.hpp>

#include <string>

namespace restate::query {
namespace {

using duckdb::ParsedExpression;
using duckdb::QueryNode;
using duckdb::QueryNodeType;

std::string name_of(const ParsedExpression& result) {
  if (result.GetExpressionClass() == duckdb::ExpressionClass::CONSTANT) {
    const duckdb::Value& value = result.Cast<duckdb::ConstantExpression>().value;
    if (value.IsNull()) return "NULL";
    if (value.type().IsIntegral()) return "Int64(" + value.ToString() + ")";
    if (value.type().id() == duckdb::LogicalTypeId::VARCHAR) {
      return "Utf8(\"" + value.ToString() + "\")";
    }
    return {};
  }
  if (result.GetExpressionClass() != duckdb::ExpressionClass::FUNCTION) return {};
  const auto& function = result.Cast<duckdb::FunctionExpression>();
  if (function.filter || function.distinct) return {};
  if (function.function_name == "count_star") return "count(*)";
  if (function.function_name == "count" && function.children.size() == 1 &&
      function.children[0]->GetExpressionClass() == duckdb::ExpressionClass::CONSTANT) {
    return "count(" + name_of(*function.children[0]) + ")";
  }
  return {};
}

std::string short_name_of(const ParsedExpression& result) {
  switch (result.GetExpressionClass()) {
    case duckdb::ExpressionClass::FUNCTION: {
      const auto& function = result.Cast<duckdb::FunctionExpression>();
      if (function.is_operator) return "?column?";
      return function.function_name == "count_star" ? "count" : function.function_name;
    }
    case duckdb::ExpressionClass::CAST:
      return short_name_of(*result.Cast<duckdb::CastExpression>().child);
    case duckdb::ExpressionClass::CASE:
      return "case";
    case duckdb::ExpressionClass::COLUMN_REF:
    case duckdb::ExpressionClass::STAR:
      return {};
    default:  // of DuckDB, which has many
      return "?column?";
  }
}

}  // namespace

void name_results(QueryNode& node, Names names) {
  if (node.type == QueryNodeType::SET_OPERATION_NODE) {
    auto& operation = node.Cast<duckdb::SetOperationNode>();
    name_results(*operation.left, names);
    return name_results(*operation.right, names);
  }
  if (node.type != QueryNodeType::SELECT_NODE) return;
  for (auto& result : node.Cast<duckdb::SelectNode>().select_list) {
    if (result->HasAlias()) continue;
    const std::string name = names == Names::kShort ? short_name_of(*result) : name_of(*result);
    if (!name.empty()) result->SetAlias(name);
  }
}

}  // namespace restate::query
