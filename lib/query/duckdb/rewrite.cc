#include "query/duckdb/rewrite.h"

#include "query/catalog.h"
#include "query/duckdb/show.h"
#include "query/duckdb/table_references.h"
#include "query/duckdb/top_of_table.h"

#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/columnref_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/expression/subquery_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>
#include <duckdb/parser/parser.hpp>
#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/statement/explain_statement.hpp>
#include <duckdb/parser/statement/select_statement.hpp>
#include <duckdb/parser/tableref/basetableref.hpp>
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
    name_results(node, names_);
    collect_common_names(node, common_names_);
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
        node, [this](ExpressionPtr& child) { expression(*child); },
        [this](TableRef& ref) { reference(ref); });
    use_scans(node, common_names_);
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
    if (at.GetExpressionClass() == duckdb::ExpressionClass::COLUMN_REF) {
      shorten_column(at.Cast<duckdb::ColumnRefExpression>());
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

  const Names names_;
  CommonNames common_names_;  ///< of what was seen so far, and of all that is around it
  Needs needs_;
  std::optional<Error> refusal_;
};

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

/// A statement of ours, over no rows of partitions.
Prepared parse_own(duckdb::ClientContext& context, const std::string& sql) {
  duckdb::Parser parser(context.GetParserOptions());
  parser.ParseQuery(sql);
  return Prepared{std::move(parser.statements[0]), Needs{}, std::nullopt, std::nullopt};
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
  RESTATE_TRY(const std::string shown, text_of_show(sql));
  if (!shown.empty()) return parse_own(context, shown);
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
  // While tables have their names.
  const auto top = top_of_table(*select.node);
  auto look_up = inner == statement.get() ? look_up_of(*select.node) : std::nullopt;
  Rewriter rewriter(names);
  rewriter.node(*select.node);
  if (rewriter.refusal()) return *rewriter.refusal();
  return Prepared{std::move(statement), rewriter.needs(), top, std::move(look_up)};
}

}  // namespace restate::query
