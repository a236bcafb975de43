#include "query/duckdb/postgres_catalog.h"

#include "query/catalog.h"
#include "query/duckdb/postgres_catalog_parts.h"
#include "query/duckdb/postgres_types.h"
#include "query/duckdb/rewrite.h"
#include "query/duckdb/scan_function.h"
#include "query/pg/catalog_names.h"
#include "query/pg/settings.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace restate::query {
namespace {

constexpr std::size_t kFirstTable = 16384;
constexpr const char* kOwner = "10";
constexpr const char* kPublic = "2200";

const TypeRow& type_of(int oid) {
  const auto types = catalog_types();
  return *std::find_if(types.begin(), types.end(), [&](const TypeRow& type) {
    return type.oid == oid || type.array == oid;
  });
}

std::string table(const char* name) { return "restate." + std::string(pg::kCatalog) + "." + name; }
std::string literal(std::string_view text) { return sql_literal(text); }

/// Rows for one table; each an INSERT by the names of its columns, the others are NULL.
class Rows {
 public:
  Rows(std::vector<std::string>& out, std::string table, std::string columns)
      : out_(out), head_("INSERT INTO " + std::move(table) + " (" + std::move(columns) + ") VALUES ") {}
  ~Rows() {
    if (!rows_.empty()) out_.push_back(head_ + rows_);
  }
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  void add(std::initializer_list<std::string> values) {
    rows_ += rows_.empty() ? "(" : ", (";
    bool first = true;
    for (const std::string& value : values) {
      if (!first) rows_ += ", ";
      first = false;
      rows_ += value;
    }
    rows_ += ')';
  }

 private:
  std::vector<std::string>& out_;
  std::string head_;
  std::string rows_;
};

void add_classes(std::vector<std::string>& out) {
  Rows classes(out, table("pg_class"),
               "oid, relname, relnamespace, reltype, reloftype, relowner, relam, reltablespace, "
               "relpages, reltuples, reltoastrelid, relhasindex, relisshared, relpersistence, relkind, "
               "relnatts, relchecks, relhasrules, relhastriggers, relhassubclass, relrowsecurity, "
               "relforcerowsecurity, relispopulated, relreplident, relispartition");
  const auto add = [&](std::size_t oid, std::string_view name, const char* schema, const char* kind,
                       std::size_t columns) {
    classes.add({std::to_string(oid), literal(name), schema, "0", "0", kOwner, "0", "0", "0", "-1",
                 "0", "false", "false", "'p'", literal(kind), std::to_string(columns), "0", "false",
                 "false", "false", "false", "false", "true", "'n'", "false"});
  };
  std::size_t oid = kFirstTable;
  for (const Table& each : tables()) {
    add(oid++, each.name, kPublic, each.view ? "v" : "r", each.columns.size());
  }
  // Their numbers are part of some texts.
  add(1259, "pg_class", "11", "r", 33);
  add(1247, "pg_type", "11", "r", 32);
  add(1249, "pg_attribute", "11", "r", 26);
  add(1255, "pg_proc", "11", "r", 20);
  add(2615, "pg_namespace", "11", "r", 4);
  add(2606, "pg_constraint", "11", "r", 21);
}

void add_attributes(std::vector<std::string>& out) {
  Rows attributes(out, table("pg_attribute"),
                  "attrelid, attname, atttypid, attlen, attnum, attndims, atttypmod, attbyval, "
                  "attstorage, attcompression, attnotnull, atthasdef, atthasmissing, attidentity, "
                  "attgenerated, attisdropped, attislocal, attinhcount, attcollation");
  Rows columns(out, "restate." + std::string(pg::kInformation) + ".columns",
               "table_catalog, table_schema, table_name, column_name, ordinal_position, is_nullable, "
               "data_type, udt_catalog, udt_schema, udt_name, is_identity, is_generated, is_updatable");
  std::size_t oid = kFirstTable;
  for (const Table& each : tables()) {
    int number = 0;
    for (const Column& column : each.columns) {
      // As the results of statements have it.
      const auto type = static_cast<int>(postgres_type(logical_type(column.type)).oid);
      const TypeRow& row = type_of(type);
      const bool array = row.array == type;
      attributes.add({std::to_string(oid), literal(column.name), std::to_string(type),
                      std::to_string(array ? -1 : row.size), std::to_string(++number),
                      array ? "1" : "0", "-1", "false", "'x'", "''",
                      column.nullable ? "false" : "true", "false", "false", "''", "''", "false",
                      "true", "0", "0"});
      columns.add({"'restate'", "'public'", literal(each.name), literal(column.name),
                   std::to_string(number), column.nullable ? "'YES'" : "'NO'",
                   array ? "'ARRAY'" : literal(row.sql_name), "'restate'", "'pg_catalog'",
                   literal((array ? "_" : "") + std::string(row.name)), "'NO'", "'NEVER'", "'NO'"});
    }
    ++oid;
  }
}

/// Answers what `format_type` says about each type.
std::string add_types(std::vector<std::string>& out) {
  Rows types(out, table("pg_type"),
             "oid, typname, typnamespace, typowner, typlen, typbyval, typtype, typcategory, "
             "typispreferred, typisdefined, typdelim, typrelid, typelem, typarray, typinput, "
             "typoutput, typnotnull, typbasetype, typtypmod, typndims, typcollation");
  std::string names = "CASE id";
  const auto add = [&](int oid, const std::string& name, const std::string& sql_name, int size,
                       const char* category, int element, int array) {
    types.add({std::to_string(oid), literal(name), "11", kOwner, std::to_string(size), "false",
               "'b'", literal(category), "false", "true", "','", "0", std::to_string(element),
               std::to_string(array), element > 0 ? "'array_in'" : literal(name + "in"),
               element > 0 ? "'array_out'" : literal(name + "out"), "false", "0", "-1", "0", "0"});
    names += " WHEN " + std::to_string(oid) + " THEN " + literal(sql_name);
  };
  for (const TypeRow& type : catalog_types()) {
    add(type.oid, type.name, type.sql_name, type.size, type.category, 0, type.array);
    if (type.array == 0) continue;
    add(type.array, "_" + std::string(type.name), std::string(type.sql_name) + "[]", -1, "A",
        type.oid, 0);
  }
  return names + " ELSE '-' END";
}

void add_information(std::vector<std::string>& out) {
  const std::string schema = "restate." + std::string(pg::kInformation);
  out.push_back("CREATE SCHEMA " + schema);
  out.push_back("CREATE TABLE " + schema +
                ".columns (table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, "
                "column_name VARCHAR, ordinal_position INTEGER, column_default VARCHAR, "
                "is_nullable VARCHAR, data_type VARCHAR, character_maximum_length INTEGER, "
                "character_octet_length INTEGER, numeric_precision INTEGER, "
                "numeric_precision_radix INTEGER, numeric_scale INTEGER, "
                "datetime_precision INTEGER, interval_type VARCHAR, udt_catalog VARCHAR, "
                "udt_schema VARCHAR, udt_name VARCHAR, is_identity VARCHAR, is_generated VARCHAR, "
                "generation_expression VARCHAR, is_updatable VARCHAR)");
  out.push_back("CREATE VIEW " + schema +
                ".tables AS SELECT 'restate' AS table_catalog, 'public' AS table_schema, "
                "relname AS table_name, CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END "
                "AS table_type, 'NO' AS is_insertable_into, 'NO' AS is_typed FROM " +
                table("pg_class") + " WHERE relnamespace = 2200");
  out.push_back("CREATE VIEW " + schema +
                ".views AS SELECT table_catalog, table_schema, table_name, NULL::VARCHAR AS "
                "view_definition, 'NONE' AS check_option, 'NO' AS is_updatable FROM " +
                schema + ".tables WHERE table_type = 'VIEW'");
  out.push_back("CREATE VIEW " + schema +
                ".schemata AS SELECT 'restate' AS catalog_name, nspname AS schema_name, 'restate' "
                "AS schema_owner FROM " +
                table("pg_namespace"));
  for (const char* empty :
       {"table_constraints(constraint_catalog VARCHAR, constraint_schema VARCHAR, constraint_name "
        "VARCHAR, table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, constraint_type "
        "VARCHAR)",
        "key_column_usage(constraint_catalog VARCHAR, constraint_schema VARCHAR, constraint_name "
        "VARCHAR, table_catalog VARCHAR, table_schema VARCHAR, table_name VARCHAR, column_name "
        "VARCHAR, ordinal_position INTEGER)",
        "routines(routine_catalog VARCHAR, routine_schema VARCHAR, routine_name VARCHAR, "
        "routine_type VARCHAR, data_type VARCHAR)"}) {
    out.push_back("CREATE TABLE " + schema + "." + empty);
  }
  // Clients take keys apart with it, and there are no keys.
  out.push_back("CREATE MACRO " + schema + "._pg_expandarray(list) AS {'x': 0, 'n': 0}");
}

}  // namespace

std::vector<std::string> postgres_catalog() {
  std::vector<std::string> out;
  out.push_back("CREATE SCHEMA restate." + std::string(pg::kCatalog));
  for (const char* columns : catalog_tables()) out.push_back("CREATE TABLE " + table(columns));
  add_information(out);
  add_classes(out);
  add_attributes(out);
  const std::string type_names = add_types(out);
  out.push_back("CREATE MACRO " + table("format_type(id, modifier) AS ") + type_names);
  for (const char* macro : catalog_macros()) out.push_back("CREATE MACRO " + table(macro));
  out.push_back("CREATE MACRO " + table("version() AS ") +
                literal("PostgreSQL " + std::string(pg::kServerVersion)));
  out.push_back("INSERT INTO " + table("pg_namespace") +
                " VALUES (11, 'pg_catalog', 10, NULL), (2200, 'public', 10, NULL), "
                "(13000, 'information_schema', 10, NULL)");
  out.push_back("INSERT INTO " + table("pg_database") +
                " VALUES (1, 'restate', 10, 6, 'C', 'C', false, true, -1, 0, 0, 1663, NULL)");
  out.push_back("INSERT INTO " + table("pg_roles") +
                " VALUES (10, 'restate', false, true, false, false, true, false, -1, NULL, false, "
                "NULL)");
  out.push_back("INSERT INTO " + table("pg_user") + " VALUES ('restate', 10, false, false)");
  out.push_back("INSERT INTO " + table("pg_settings") +
                " (name, setting) VALUES ('server_version', " + literal(pg::kServerVersion) +
                "), ('max_index_keys', '32'), ('server_encoding', 'UTF8')");
  return out;
}

}  // namespace restate::query
