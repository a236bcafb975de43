#include "query/duckdb/postgres_substitution.h"

#include <duckdb/common/string_util.hpp>
#include <duckdb/parser/expression/cast_expression.hpp>
#include <duckdb/parser/expression/constant_expression.hpp>
#include <duckdb/parser/expression/function_expression.hpp>
#include <duckdb/parser/expression/parameter_expression.hpp>
#include <duckdb/parser/expression/subquery_expression.hpp>
#include <duckdb/parser/parsed_expression_iterator.hpp>
#include <duckdb/parser/statement/explain_statement.hpp>
#include <duckdb/parser/statement/select_statement.hpp>

#include <charconv>
#include <string>
#include <utility>

namespace restate::query {
namespace {

using duckdb::ParsedExpression;
using ExpressionPtr = duckdb::unique_ptr<ParsedExpression>;

class Substitution {
 public:
  explicit Substitution(const ValueOf& value_of) : value_of_(value_of) {}

  void run(duckdb::SQLStatement& statement) {
    duckdb::SQLStatement* inner = &statement;
    if (inner->type == duckdb::StatementType::EXPLAIN_STATEMENT) {
      inner = inner->Cast<duckdb::ExplainStatement>().stmt.get();
    }
    node(*inner->Cast<duckdb::SelectStatement>().node);
    inner->named_param_map.clear();
    statement.named_param_map.clear();
  }

 private:
  void node(duckdb::QueryNode& at) {
    duckdb::ParsedExpressionIterator::EnumerateQueryNodeChildren(
        at, [this](ExpressionPtr& child) { expression(child); });
  }

  void expression(ExpressionPtr& at, bool as_list = false) {
    if (at->GetExpressionClass() == duckdb::ExpressionClass::PARAMETER) {
      const std::string& name = at->Cast<duckdb::ParameterExpression>().identifier;
      std::size_t number = 0;
      std::from_chars(name.data(), name.data() + name.size(), number);
      auto constant = duckdb::make_uniq<duckdb::ConstantExpression>(value_of_(number, as_list));
      constant->SetAlias(at->GetAlias());
      at = std::move(constant);
      return;
    }
    if (at->GetExpressionClass() == duckdb::ExpressionClass::SUBQUERY) {
      node(*at->Cast<duckdb::SubqueryExpression>().subquery->node);
    }
    const bool of_list = takes_list(*at);
    duckdb::ParsedExpressionIterator::EnumerateChildren(
        *at, [this, of_list](ExpressionPtr& child) { expression(child, of_list); });
  }

  static bool takes_list(const ParsedExpression& at) {
    if (at.GetExpressionClass() == duckdb::ExpressionClass::CAST) {
      return at.Cast<duckdb::CastExpression>().cast_type.id() == duckdb::LogicalTypeId::LIST;
    }
    // `x = ANY(y)` is `x = ANY(SELECT unnest(y))` to the parser.
    return at.GetExpressionClass() == duckdb::ExpressionClass::FUNCTION &&
           duckdb::StringUtil::CIEquals(at.Cast<duckdb::FunctionExpression>().function_name,
                                        "unnest");
  }

  const ValueOf& value_of_;
};

}  // namespace

void substitute_parameters(duckdb::SQLStatement& statement, const ValueOf& value_of) {
  Substitution(value_of).run(statement);
}

}  // namespace restate::query
