#include "query/duckdb/look_up.h"

#include "query/access_paths.h"
#include "query/duckdb/chunk_sink.h"
#include "query/duckdb/scan_function.h"
#include "query/duckdb/table_references.h"

#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/comparison_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/star_expression.hpp>
#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/tableref/basetableref.hpp>

#include <algorithm>
#include <utility>

namespace restate::query {
namespace {

/// Rows at a time: most look-ups find one, and few a longer journal.
constexpr duckdb::idx_t kRowsAtOnce = 128;

/// The column that an expression is, if it is one of `table`, which is called `alias`.
std::optional<std::size_t> named_column(const duckdb::ParsedExpression& expression,
                                        const Table& table, const std::string& alias) {
  if (expression.GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) return {};
  const auto& names = expression.Cast<duckdb::ColumnRefExpression>().column_names;
  if (names.size() > 2 || (names.size() == 2 && names[0] != alias)) return {};
  const auto found =
      std::find_if(table.columns.begin(), table.columns.end(),
                   [&](const Column& column) { return column.name == names.back(); });
  if (found == table.columns.end()) return {};
  return static_cast<std::size_t>(found - table.columns.begin());
}

/// `id = '...'`
std::optional<Filter> id_filter(const duckdb::ParsedExpression& where, const Table& table,
                                const std::string& alias) {
  if (where.GetExpressionType() != duckdb::ExpressionType::COMPARE_EQUAL) return {};
  const auto& comparison = where.Cast<duckdb::ComparisonExpression>();
  const auto column = named_column(*comparison.left, table, alias);
  if (!column || comparison.right->GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) {
    return {};
  }
  const duckdb::Value& value = comparison.right->Cast<duckdb::ConstantExpression>().value;
  if (value.IsNull() || value.type().id() != duckdb::LogicalTypeId::VARCHAR) return {};
  Filter filter;
  filter.column = *column;
  filter.texts.push_back(duckdb::StringValue::Get(value));
  if (!is_look_up(table, filter)) return {};
  return filter;
}

bool is_everything(const duckdb::ParsedExpression& result) {
  if (result.GetExpressionClass() != duckdb::ExpressionClass::STAR || result.HasAlias())
    return false;
  const auto& star = result.Cast<duckdb::StarExpression>();
  return star.relation_name.empty() && star.exclude_list.empty() && star.replace_list.empty() &&
         star.rename_list.empty() && !star.columns && !star.expr;
}

}  // namespace

std::optional<LookUp> look_up_of(const duckdb::QueryNode& node) {
  if (node.type != duckdb::QueryNodeType::SELECT_NODE || !node.cte_map.map.empty() ||
      !node.modifiers.empty()) {
    return {};
  }
  const auto& select = node.Cast<duckdb::SelectNode>();
  if (!select.from_table || select.from_table->type != duckdb::TableReferenceType::BASE_TABLE ||
      !select.from_table->column_name_alias.empty() || select.from_table->sample || select.sample ||
      !select.where_clause || select.having || select.qualify ||
      select.aggregate_handling != duckdb::AggregateHandling::STANDARD_HANDLING ||
      !select.groups.group_expressions.empty()) {
    return {};
  }
  const auto& base = select.from_table->Cast<duckdb::BaseTableRef>();
  const Table* table = table_of(base, {});
  if (table == nullptr) return {};
  const std::string& alias = base.alias.empty() ? base.table_name : base.alias;
  auto filter = id_filter(*select.where_clause, *table, alias);
  if (!filter) return {};
  LookUp look_up{table, {}, {}, {*std::move(filter)}};
  if (select.select_list.size() == 1 && is_everything(*select.select_list[0])) {
    for (std::size_t i = 0; i < table->columns.size(); ++i) {
      look_up.columns.push_back(i);
      look_up.names.emplace_back(table->columns[i].name);
    }
    return look_up;
  }
  for (const auto& result : select.select_list) {
    const auto column = named_column(*result, *table, alias);
    if (!column) return {};
    const auto& known = look_up.columns;
    if (std::find(known.begin(), known.end(), *column) != known.end()) return {};
    look_up.columns.push_back(*column);
    look_up.names.push_back(result->HasAlias() ? result->GetAlias()
                                               : std::string(table->columns[*column].name));
  }
  return look_up;
}

LookUpRows::LookUpRows(LookUp look_up, InputsPtr inputs)
    : look_up_(std::move(look_up)),
      places_(look_up_.table->columns.size(), ChunkSink::kNowhere),
      scan_(std::move(inputs), *look_up_.table, look_up_.columns, look_up_.filters) {
  for (const std::size_t column : look_up_.columns) {
    places_[column] = types_.size();
    types_.push_back(logical_type(look_up_.table->columns[column].type));
  }
  chunk_.Initialize(duckdb::Allocator::DefaultAllocator(), types_, kRowsAtOnce);
}

ResultShape LookUpRows::shape() const {
  ResultShape shape;
  shape.names = look_up_.names;
  for (const duckdb::LogicalType& type : types_) shape.types.push_back(result_type(type));
  return shape;
}

Result<duckdb::DataChunk*> LookUpRows::next() {
  chunk_.Reset();
  ChunkSink sink(chunk_, places_, kRowsAtOnce);
  while (sink.rows() < kRowsAtOnce && !sink.is_full() && cursor_.part < scan_.parts()) {
    RESTATE_TRY_VOID(scan_.read(cursor_, kRowsAtOnce - sink.rows(), sink));
    if (!cursor_.at_end) continue;
    const std::size_t next = cursor_.part + 1;
    cursor_ = {};
    cursor_.part = next;
  }
  chunk_.SetCardinality(sink.rows());
  return sink.rows() == 0 ? nullptr : &chunk_;
}

}  // namespace restate::query
