#include "query/duckdb/rewrite.h"

#include "query/catalog.h"

#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/cast_expression.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/expression/star_expression.hpp>
#include <duckdb/parser/expression/subquery_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/query_node/set_operation_node.hpp>
#include <duckdb/parser/statement/explain_statement.hpp>
#include <duckdb/parser/statement/select_statement.hpp>
#include <duckdb/parser/tableref/basetableref.hpp>
#include <duckdb/parser/tableref/showref.hpp>
#include <duckdb/parser/tableref/subqueryref.hpp>

#include <optional>

namespace restate::query {
namespace {

using duckdb::ParsedExpression;
using duckdb::QueryNode;
using duckdb::QueryNodeType;
using duckdb::TableRef;
using duckdb::TableReferenceType;
using ExpressionPtr = duckdb::unique_ptr<ParsedExpression>;

/// Changes a tree in place, and notes which tables it names.
class Rewriter {
 public:
  explicit Rewriter(Names names) : names_(names) {}

  void node(QueryNode& node) {
    name_results(node);
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
        node, [this](ExpressionPtr& child) { expression(*child); },
        [this](TableRef& ref) { reference(ref); });
  }

  const Needs& needs() const { return needs_; }
  /// Why the statement cannot be run.
  const std::optional<Error>& refusal() const { return refusal_; }

 private:
  void expression(ParsedExpression& at) {
    if (at.GetExpressionClass() == duckdb::ExpressionClass::CONSTANT) {
      // `0.1` is a floating point number where clients come from.
      auto& constant = at.Cast<duckdb::ConstantExpression>();
      if (constant.value.type().id() == duckdb::LogicalTypeId::DECIMAL) {
        constant.value = constant.value.DefaultCastAs(duckdb::LogicalType::DOUBLE);
      }
    }
    if (at.GetExpressionClass() == duckdb::ExpressionClass::FUNCTION) {
      auto& function = at.Cast<duckdb::FunctionExpression>();
      // As aggregates; over a window they are another kind of expression and mean the same.
      if (function.function_name == "first_value") function.function_name = "first";
      if (function.function_name == "last_value") function.function_name = "last";
      if (divides_by_zero(function)) refusal_ = Error{Code::kInternal, "Divide by zero"};
    }
    if (at.GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
      node(*at.Cast<duckdb::SubqueryExpression>().subquery->node);
    }
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        at, [this](ParsedExpression& child) { expression(child); });
  }

  /// The engine makes a null of it, and so hides a mistake that the text shows already.
  static bool divides_by_zero(const duckdb::FunctionExpression& function) {
    const std::string& name = function.function_name;
    if ((name != "/" && name != "//" && name != "%") || function.children.size() != 2) return false;
    const ParsedExpression& by = *function.children[1];
    if (by.GetExpressionClass() != duckdb::ExpressionClass::CONSTANT) return false;
    const duckdb::Value& value = by.Cast<duckdb::ConstantExpression>().value;
    return !value.IsNull() && value.type().IsIntegral() && value.ToString() == "0";
  }

  void reference(TableRef& ref) {
    if (ref.type == TableReferenceType::BASE_TABLE) {
      auto& base = ref.Cast<duckdb::BaseTableRef>();
      if (base.schema_name == "information_schema") {
        base.schema_name = kInformationSchema;
        return;
      }
      note(base.table_name);
    }
    // These may name tables where nobody looks: in texts, or in what is summarized.
    if (ref.type == TableReferenceType::TABLE_FUNCTION ||
        ref.type == TableReferenceType::SHOW_REF) {
      needs_.rows = needs_.live = true;
    }
    if (ref.type == TableReferenceType::SUBQUERY) {
      auto& derived = ref.Cast<duckdb::SubqueryRef>();
      name_derived(derived);
    }
  }

  void note(const std::string& name) {
    const Table* table = find_table(duckdb::StringUtil::Lower(name));
    if (table == nullptr) return;
    switch (table->id) {
      case TableId::kInvocation:
        needs_.rows = needs_.live = true;
        break;
      case TableId::kInvocationState:
      case TableId::kUserLimits:
        needs_.live = true;
        break;
      case TableId::kScheduler:
        needs_.rows = needs_.live = true;
        break;
      case TableId::kState:
      case TableId::kInbox:
      case TableId::kInvocationStatus:
      case TableId::kJournal:
      case TableId::kJournalEvents:
      case TableId::kKeyedServiceStatus:
      case TableId::kPromise:
      case TableId::kLocks:
      case TableId::kVqueueEntryStatus:
      case TableId::kVqueueMeta:
      case TableId::kVqueues:
        needs_.rows = true;
        break;
      case TableId::kDeployment:
      case TableId::kRules:
      case TableId::kService:
        break;
    }
  }

  /// `FROM (SELECT * FROM t inv LIMIT 5) WHERE inv.id = ...`: an alias that clients see through a
  /// derived table without one.
  static void name_derived(duckdb::SubqueryRef& derived) {
    QueryNode& body = *derived.subquery->node;
    if (!derived.alias.empty() || body.type != QueryNodeType::SELECT_NODE) return;
    const TableRef& from = *body.Cast<duckdb::SelectNode>().from_table;
    if (from.type != TableReferenceType::BASE_TABLE) return;
    derived.alias = from.alias.empty() ? from.Cast<duckdb::BaseTableRef>().table_name : from.alias;
  }

  /// What has no name is named as people know it: `count(*)`, `Int64(1)`.
  void name_results(QueryNode& node) const {
    if (node.type == QueryNodeType::SET_OPERATION_NODE) {
      auto& operation = node.Cast<duckdb::SetOperationNode>();
      name_results(*operation.left);
      return name_results(*operation.right);
    }
    if (node.type != QueryNodeType::SELECT_NODE) return;
    for (auto& result : node.Cast<duckdb::SelectNode>().select_list) {
      if (result->HasAlias()) continue;
      const std::string name = names_ == Names::kShort ? short_name_of(*result) : name_of(*result);
      if (!name.empty()) result->SetAlias(name);
    }
  }

  static std::string name_of(const ParsedExpression& result) {
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

  static std::string short_name_of(const ParsedExpression& result) {
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

  const Names names_;
  Needs needs_;
  std::optional<Error> refusal_;
};

/// `DESCRIBE t` and `SHOW TABLES` as what they ask for. Empty: it is neither.
std::string text_of_show(const duckdb::SelectStatement& statement) {
  if (statement.node->type != QueryNodeType::SELECT_NODE) return {};
  const auto& from = statement.node->Cast<duckdb::SelectNode>().from_table;
  if (!from || from->type != TableReferenceType::SHOW_REF) return {};
  const auto& show = from->Cast<duckdb::ShowRef>();
  if (show.show_type != duckdb::ShowType::DESCRIBE) return {};
  const std::string information = std::string("restate.") + kInformationSchema;
  if (show.table_name == "\"tables\"") {
    return "SELECT table_catalog, table_schema, table_name, table_type FROM " + information +
           ".tables ORDER BY table_schema, table_name";
  }
  // The parser makes `SELECT * FROM t` of a name.
  if (!show.query || show.query->type != QueryNodeType::SELECT_NODE) return {};
  const TableRef& described = *show.query->Cast<duckdb::SelectNode>().from_table;
  if (described.type != TableReferenceType::BASE_TABLE) return {};
  const std::string& name = described.Cast<duckdb::BaseTableRef>().table_name;
  if (find_table(name) == nullptr) return {};
  return "SELECT column_name, data_type, is_nullable FROM " + information +
         ".columns WHERE table_schema = 'public' AND table_name = " + sql_literal(name) +
         " ORDER BY ordinal_position";
}

std::optional<Error> refusal_of(duckdb::StatementType type) {
  switch (type) {
    case duckdb::StatementType::SELECT_STATEMENT:
    case duckdb::StatementType::EXPLAIN_STATEMENT:
    case duckdb::StatementType::SET_STATEMENT:
      return std::nullopt;
    case duckdb::StatementType::TRANSACTION_STATEMENT:
    case duckdb::StatementType::VACUUM_STATEMENT:
    case duckdb::StatementType::VARIABLE_SET_STATEMENT:
    case duckdb::StatementType::PREPARE_STATEMENT:
    case duckdb::StatementType::EXECUTE_STATEMENT:
      return Error{Code::kUnsupported,
                   "Transactions, settings and prepared statements are not "
                   "supported here; send a single SELECT"};
    default:  // of DuckDB, which knows more with every version
      return Error{Code::kInvalidArgument,
                   "Only SELECT is supported: the tables cannot be changed"};
  }
}

/// A number that stands in the text; nothing: something else does.
std::optional<std::size_t> constant_of(const ExpressionPtr& expression) {
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

/// `SELECT ... FROM sys_invocation [WHERE ...] ORDER BY created_at LIMIT 25`, and nothing more than
/// that: what a list of the newest is made of.
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

/// A statement of ours, over no rows of partitions.
Prepared parse_own(duckdb::ClientContext& context, const std::string& sql) {
  duckdb::Parser parser(context.GetParserOptions());
  parser.ParseQuery(sql);
  return Prepared{std::move(parser.statements[0]), Needs{}, std::nullopt};
}

}  // namespace

std::string sql_literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

Result<Prepared> prepare_statement(duckdb::ClientContext& context, const std::string& sql,
                                   Names names) {
  duckdb::Parser parser(context.GetParserOptions());
  parser.ParseQuery(sql);
  if (parser.statements.empty()) return Error{Code::kInvalidArgument, "There is no statement"};
  if (parser.statements.size() > 1) {
    return Error{Code::kUnsupported, "Only one statement at a time is supported"};
  }
  duckdb::unique_ptr<duckdb::SQLStatement> statement = std::move(parser.statements[0]);
  if (auto refusal = refusal_of(statement->type)) return *std::move(refusal);

  if (statement->type == duckdb::StatementType::SET_STATEMENT) {
    // Tools may insist on settings. None of them is changed: they are everybody's.
    return parse_own(context, "SELECT NULL AS setting WHERE false");
  }

  duckdb::SQLStatement* inner = statement.get();
  if (inner->type == duckdb::StatementType::EXPLAIN_STATEMENT) {
    inner = inner->Cast<duckdb::ExplainStatement>().stmt.get();
    if (inner->type != duckdb::StatementType::SELECT_STATEMENT) {
      return Error{Code::kInvalidArgument, "Only a SELECT can be explained"};
    }
  }
  auto& select = inner->Cast<duckdb::SelectStatement>();
  if (const std::string text = text_of_show(select); !text.empty()) {
    return parse_own(context, text);
  }
  Rewriter rewriter(names);
  rewriter.node(*select.node);
  if (rewriter.refusal()) return *rewriter.refusal();
  const auto top = top_of_table(*select.node);
  return Prepared{std::move(statement), rewriter.needs(), top};
}

}  // namespace restate::query
