#include "query/duckdb/table_references.h"

#include "query/catalog.h"

#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/query_node/cte_node.hpp>
#include <duckdb/parser/query_node/recursive_cte_node.hpp>
#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/query_node/set_operation_node.hpp>
#include <duckdb/parser/statement/select_statement.hpp>
#include <duckdb/parser/tableref/basetableref.hpp>
#include <duckdb/parser/tableref/joinref.hpp>
#include <duckdb/parser/tableref/pivotref.hpp>
#include <duckdb/parser/tableref/subqueryref.hpp>
#include <duckdb/parser/tableref/table_function_ref.hpp>

#include <utility>

namespace restate::query {
namespace {

using duckdb::QueryNode;
using duckdb::QueryNodeType;
using duckdb::StringUtil;
using duckdb::TableRef;
using duckdb::TableReferenceType;
using TableRefPtr = duckdb::unique_ptr<TableRef>;

/// Calls `on_node` for the nodes right below `node`, and `on_table` for what a SELECT reads from.
template <class OnNode, class OnTable>
void for_each_child(QueryNode& node, OnNode on_node, OnTable on_table) {
  for (auto& [name, common] : node.cte_map.map) on_node(*common->query->node);
  switch (node.type) {
    case QueryNodeType::SELECT_NODE:
      if (auto& from = node.Cast<duckdb::SelectNode>().from_table) on_table(from);
      return;
    case QueryNodeType::SET_OPERATION_NODE: {
      auto& operation = node.Cast<duckdb::SetOperationNode>();
      on_node(*operation.left);
      return on_node(*operation.right);
    }
    case QueryNodeType::RECURSIVE_CTE_NODE: {
      auto& recursive = node.Cast<duckdb::RecursiveCTENode>();
      on_node(*recursive.left);
      return on_node(*recursive.right);
    }
    case QueryNodeType::CTE_NODE: {
      auto& common = node.Cast<duckdb::CTENode>();
      on_node(*common.query);
      return on_node(*common.child);
    }
    default:  // of DuckDB; those come later than the parser
      return;
  }
}

/// Calls `on_node` for subqueries, and `on_base` for tables, in what a SELECT reads from.
template <class OnNode, class OnBase>
void for_each_table(TableRefPtr& at, OnNode on_node, OnBase on_base) {
  switch (at->type) {
    case TableReferenceType::JOIN: {
      auto& join = at->Cast<duckdb::JoinRef>();
      for_each_table(join.left, on_node, on_base);
      return for_each_table(join.right, on_node, on_base);
    }
    case TableReferenceType::PIVOT:
      return for_each_table(at->Cast<duckdb::PivotRef>().source, on_node, on_base);
    case TableReferenceType::SUBQUERY:
      return on_node(*at->Cast<duckdb::SubqueryRef>().subquery->node);
    case TableReferenceType::BASE_TABLE:
      return on_base(at);
    default:  // of DuckDB: no table of ours is in them
      return;
  }
}

TableRefPtr scan_for(duckdb::BaseTableRef& base, const Table& table) {
  auto scan = duckdb::make_uniq<duckdb::TableFunctionRef>();
  duckdb::vector<duckdb::unique_ptr<duckdb::ParsedExpression>> arguments;
  arguments.push_back(
      duckdb::make_uniq<duckdb::ConstantExpression>(duckdb::Value(std::string(table.name))));
  scan->function = duckdb::make_uniq<duckdb::FunctionExpression>("rs_scan", std::move(arguments));
  scan->alias = base.alias.empty() ? base.table_name : base.alias;
  scan->column_name_alias = std::move(base.column_name_alias);
  scan->sample = std::move(base.sample);
  scan->query_location = base.query_location;
  return scan;
}

}  // namespace

const Table* table_of(const duckdb::BaseTableRef& base, const CommonNames& except) {
  const bool ours =
      (base.schema_name.empty() || StringUtil::CIEquals(base.schema_name, "public")) &&
      (base.catalog_name.empty() || StringUtil::CIEquals(base.catalog_name, "restate"));
  if (!ours || base.at_clause) return nullptr;
  const std::string name = StringUtil::Lower(base.table_name);
  return except.contains(name) ? nullptr : find_table(name);
}

void collect_common_names(QueryNode& node, CommonNames& names) {
  for (auto& [name, common] : node.cte_map.map) names.insert(StringUtil::Lower(name));
  if (node.type == QueryNodeType::CTE_NODE) {
    names.insert(StringUtil::Lower(node.Cast<duckdb::CTENode>().ctename));
  }
  if (node.type == QueryNodeType::RECURSIVE_CTE_NODE) {
    names.insert(StringUtil::Lower(node.Cast<duckdb::RecursiveCTENode>().ctename));
  }
  const auto descend = [&](QueryNode& child) { collect_common_names(child, names); };
  for_each_child(node, descend,
                 [&](TableRefPtr& from) { for_each_table(from, descend, [](TableRefPtr&) {}); });
}

void use_scans(QueryNode& node, const CommonNames& except) {
  const auto descend = [&](QueryNode& child) { use_scans(child, except); };
  for_each_child(node, descend, [&](TableRefPtr& from) {
    for_each_table(from, descend, [&](TableRefPtr& at) {
      auto& base = at->Cast<duckdb::BaseTableRef>();
      if (const Table* table = table_of(base, except)) at = scan_for(base, *table);
    });
  });
}

void shorten_column(duckdb::ColumnRefExpression& column) {
  auto& names = column.column_names;
  if (names.size() >= 4 && StringUtil::CIEquals(names[0], "restate") &&
      StringUtil::CIEquals(names[1], "public")) {
    names.erase(names.begin(), names.begin() + 2);
  } else if (names.size() >= 3 && StringUtil::CIEquals(names[0], "public")) {
    names.erase(names.begin());
  }
}

}  // namespace restate::query
