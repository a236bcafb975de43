#include "query/duckdb/show.h"

#include "common/ascii.h"
#include "query/catalog.h"
#include "query/duckdb/rewrite.h"
#include "query/pg/tokens.h"

#include <duckdb/parser/query_node/select_node.hpp>
#include <duckdb/parser/statement/select_statement.hpp>
#include <duckdb/parser/tableref/basetableref.hpp>
#include <duckdb/parser/tableref/showref.hpp>

#include <algorithm>
#include <vector>

namespace restate::query {
namespace {

using duckdb::QueryNodeType;
using duckdb::TableRef;
using duckdb::TableReferenceType;

struct Setting {
  std::string_view name, value, description;
};

constexpr Setting kShown[] = {
    {"datafusion.catalog.default_catalog", "restate", "Where tables without a catalog are"},
    {"datafusion.catalog.default_schema", "public", "Where tables without a schema are"},
    {"datafusion.catalog.information_schema", "true", "Whether there is an information_schema"},
    {"datafusion.execution.batch_size", "2048", "Rows that are computed at a time"},
    {"datafusion.execution.time_zone", "+00:00", "The time zone of times without one"},
};

std::string information() { return std::string("restate.") + kInformationSchema; }

/// Names with points between them, from `from` to before `end`; a point more or less is no name. Empty: it
/// is something else.
std::vector<std::string> dotted_name(const pg::Words& words, std::size_t from, std::size_t end) {
  std::vector<std::string> names;
  for (std::size_t i = from; i < end; ++i) {
    const bool is_point = words.is(i, ".");
    if (is_point != ((i - from) % 2 == 1)) return {};
    if (is_point) continue;
    if (!words.is_name(i)) return {};
    names.push_back(words.name(i));
  }
  return (end - from) % 2 == 1 ? names : std::vector<std::string>();
}

std::string columns_of(const std::string& table) {
  return "SELECT table_catalog, table_schema, table_name, column_name, data_type, is_nullable "
         "FROM " +
         information() +
         ".columns WHERE table_schema = 'public' AND table_name = " + sql_literal(table) +
         " ORDER BY ordinal_position";
}

}  // namespace

Result<std::string> text_of_show(std::string_view sql) {
  sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n"), sql.size()));
  if (ascii_lower(sql.substr(0, 4)) != "show") return std::string();
  const pg::Words words(sql);
  const bool is_closed = words.size() > 0 && words.is(words.size() - 1, ";");
  const std::size_t end = words.size() - (is_closed ? 1 : 0);
  if (end < 2 || !words.is(0, "show") || words.is(1, "tables") || words.is(1, "databases")) {
    return std::string();
  }
  if (words.is(1, "columns") && (words.is(2, "from") || words.is(2, "in"))) {
    const std::vector<std::string> names = dotted_name(words, 3, end);
    if (names.empty() || find_table(names.back()) == nullptr) {
      return Error{Code::kUnsupported, "There is no such table"};
    }
    return columns_of(names.back());
  }
  const std::string settings = "SELECT name, value FROM " + information() + ".df_settings";
  if (words.is(1, "all") && end == 2) return settings + " ORDER BY name";
  std::string name;
  for (const std::string& part : dotted_name(words, 1, end)) {
    name += (name.empty() ? "" : ".") + part;
  }
  // Of a table, it is its description.
  if (find_table(name) != nullptr) return std::string();
  const bool is_zone = name == "timezone" || (words.is(1, "time") && words.is(2, "zone") && end == 3);
  if (is_zone) name = "datafusion.execution.time_zone";
  const bool known = std::any_of(std::begin(kShown), std::end(kShown),
                                 [&](const Setting& each) { return each.name == name; });
  if (!known) return Error{Code::kUnsupported, "There is no setting of this name to be shown"};
  return settings + " WHERE name = " + sql_literal(name);
}

std::string text_of_show(const duckdb::SelectStatement& statement) {
  if (statement.node->type != QueryNodeType::SELECT_NODE) return {};
  const auto& from = statement.node->Cast<duckdb::SelectNode>().from_table;
  if (!from || from->type != TableReferenceType::SHOW_REF) return {};
  const auto& show = from->Cast<duckdb::ShowRef>();
  if (show.show_type != duckdb::ShowType::DESCRIBE) return {};
  if (show.table_name == "\"tables\"") {
    return "SELECT table_catalog, table_schema, table_name, table_type FROM " + information() +
           ".tables ORDER BY table_schema, table_name";
  }
  // The parser makes `SELECT * FROM t` of a name.
  if (!show.query || show.query->type != QueryNodeType::SELECT_NODE) return {};
  const TableRef& described = *show.query->Cast<duckdb::SelectNode>().from_table;
  if (described.type != TableReferenceType::BASE_TABLE) return {};
  const std::string& name = described.Cast<duckdb::BaseTableRef>().table_name;
  if (find_table(name) == nullptr) return {};
  return "SELECT column_name, data_type, is_nullable FROM " + information() +
         ".columns WHERE table_schema = 'public' AND table_name = " + sql_literal(name) +
         " ORDER BY ordinal_position";
}

std::string settings_values() {
  std::string values;
  for (const Setting& each : kShown) {
    values += (values.empty() ? "(" : ", (") + sql_literal(each.name) + ", " +
              sql_literal(each.value) + ", " + sql_literal(each.description) + ")";
  }
  return values;
}

}  // namespace restate::query
