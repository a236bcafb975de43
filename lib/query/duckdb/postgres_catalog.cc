#include "query/duckdb/postgres_catalog.h"

#include "query/catalog.h"
#include "query/duckdb/rewrite.h"
#include "query/pg/settings.h"
#include "query/pg/sql_text.h"

#include <algorithm>
#include <iterator>

namespace restate::query {
namespace {

constexpr std::size_t kFirstTable = 16384;
constexpr const char* kOwner = "10";
constexpr const char* kPublic = "2200";

/// Types that clients ask about, as rows of `pg_type`. Arrays have the name with `_` before it.
struct TypeRow {
  int oid;
  const char* name;
  const char* sql_name;
  int size;
  const char* category;
  int array;
};

constexpr TypeRow kPostgresTypes[] = {
    {16, "bool", "boolean", 1, "B", 1000},
    {17, "bytea", "bytea", -1, "U", 1001},
    {18, "char", "\"char\"", 1, "S", 1002},
    {19, "name", "name", 64, "S", 1003},
    {20, "int8", "bigint", 8, "N", 1016},
    {21, "int2", "smallint", 2, "N", 1005},
    {23, "int4", "integer", 4, "N", 1007},
    {25, "text", "text", -1, "S", 1009},
    {26, "oid", "oid", 4, "N", 1028},
    {114, "json", "json", -1, "U", 199},
    {700, "float4", "real", 4, "N", 1021},
    {701, "float8", "double precision", 8, "N", 1022},
    {705, "unknown", "unknown", -2, "X", 0},
    {1042, "bpchar", "character", -1, "S", 1014},
    {1043, "varchar", "character varying", -1, "S", 1015},
    {1082, "date", "date", 4, "D", 1182},
    {1083, "time", "time without time zone", 8, "D", 1183},
    {1114, "timestamp", "timestamp without time zone", 8, "D", 1115},
    {1184, "timestamptz", "timestamp with time zone", 8, "D", 1185},
    {1186, "interval", "interval", 16, "T", 1187},
    {1700, "numeric", "numeric", -1, "N", 1231},
    {2950, "uuid", "uuid", 16, "U", 2951},
    {3802, "jsonb", "jsonb", -1, "U", 3807},
};

int oid_of(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return 25;
    case ColumnType::kBool:
      return 16;
    case ColumnType::kU32:
      return 20;
    case ColumnType::kU64:
      return 1700;
    case ColumnType::kBinary:
      return 17;
    case ColumnType::kTime:
      return 1184;
    case ColumnType::kDuration:
      return 1186;
    case ColumnType::kTexts:
      return 1009;
    case ColumnType::kU32s:
      return 1016;
  }
  return 25;
}

const TypeRow& type_of(int oid) {
  return *std::find_if(std::begin(kPostgresTypes), std::end(kPostgresTypes),
                       [&](const TypeRow& type) { return type.oid == oid || type.array == oid; });
}

/// The columns of each table. Those without rows are there because clients join them.
constexpr const char* kPostgresTables[] = {
    "pg_namespace(oid UINTEGER, nspname VARCHAR, nspowner UINTEGER, nspacl VARCHAR[])",
    "pg_class(oid UINTEGER, relname VARCHAR, relnamespace UINTEGER, reltype UINTEGER, "
    "reloftype UINTEGER, relowner UINTEGER, relam UINTEGER, relfilenode UINTEGER, "
    "reltablespace UINTEGER, relpages INTEGER, reltuples DOUBLE, relallvisible INTEGER, "
    "reltoastrelid UINTEGER, relhasindex BOOLEAN, relisshared BOOLEAN, relpersistence VARCHAR, "
    "relkind VARCHAR, relnatts SMALLINT, relchecks SMALLINT, relhasrules BOOLEAN, "
    "relhastriggers BOOLEAN, relhassubclass BOOLEAN, relrowsecurity BOOLEAN, "
    "relforcerowsecurity BOOLEAN, relispopulated BOOLEAN, relreplident VARCHAR, "
    "relispartition BOOLEAN, relrewrite UINTEGER, relfrozenxid UINTEGER, relminmxid UINTEGER, "
    "relacl VARCHAR[], reloptions VARCHAR[], relpartbound VARCHAR)",
    "pg_attribute(attrelid UINTEGER, attname VARCHAR, atttypid UINTEGER, attstattarget INTEGER, "
    "attlen SMALLINT, attnum SMALLINT, attndims INTEGER, attcacheoff INTEGER, atttypmod INTEGER, "
    "attbyval BOOLEAN, attalign VARCHAR, attstorage VARCHAR, attcompression VARCHAR, "
    "attnotnull BOOLEAN, atthasdef BOOLEAN, atthasmissing BOOLEAN, attidentity VARCHAR, "
    "attgenerated VARCHAR, attisdropped BOOLEAN, attislocal BOOLEAN, attinhcount INTEGER, "
    "attcollation UINTEGER, attacl VARCHAR[], attoptions VARCHAR[], attfdwoptions VARCHAR[], "
    "attmissingval VARCHAR)",
    "pg_type(oid UINTEGER, typname VARCHAR, typnamespace UINTEGER, typowner UINTEGER, "
    "typlen SMALLINT, typbyval BOOLEAN, typtype VARCHAR, typcategory VARCHAR, "
    "typispreferred BOOLEAN, typisdefined BOOLEAN, typdelim VARCHAR, typrelid UINTEGER, "
    "typsubscript VARCHAR, typelem UINTEGER, typarray UINTEGER, typinput VARCHAR, "
    "typoutput VARCHAR, typreceive VARCHAR, typsend VARCHAR, typmodin VARCHAR, typmodout VARCHAR, "
    "typanalyze VARCHAR, typalign VARCHAR, typstorage VARCHAR, typnotnull BOOLEAN, "
    "typbasetype UINTEGER, typtypmod INTEGER, typndims INTEGER, typcollation UINTEGER, "
    "typdefaultbin VARCHAR, typdefault VARCHAR, typacl VARCHAR[])",
    "pg_database(oid UINTEGER, datname VARCHAR, datdba UINTEGER, encoding INTEGER, "
    "datcollate VARCHAR, datctype VARCHAR, datistemplate BOOLEAN, datallowconn BOOLEAN, "
    "datconnlimit INTEGER, datlastsysoid UINTEGER, datfrozenxid UINTEGER, dattablespace UINTEGER, "
    "datacl VARCHAR[])",
    "pg_roles(oid UINTEGER, rolname VARCHAR, rolsuper BOOLEAN, rolinherit BOOLEAN, "
    "rolcreaterole BOOLEAN, rolcreatedb BOOLEAN, rolcanlogin BOOLEAN, rolreplication BOOLEAN, "
    "rolconnlimit INTEGER, rolvaliduntil TIMESTAMPTZ, rolbypassrls BOOLEAN, rolconfig VARCHAR[])",
    "pg_user(usename VARCHAR, usesysid UINTEGER, usecreatedb BOOLEAN, usesuper BOOLEAN)",
    "pg_settings(name VARCHAR, setting VARCHAR, unit VARCHAR, category VARCHAR, "
    "short_desc VARCHAR, vartype VARCHAR, context VARCHAR)",
    "pg_am(oid UINTEGER, amname VARCHAR, amhandler VARCHAR, amtype VARCHAR)",
    "pg_attrdef(oid UINTEGER, adrelid UINTEGER, adnum SMALLINT, adbin VARCHAR)",
    "pg_auth_members(roleid UINTEGER, member UINTEGER, grantor UINTEGER, admin_option BOOLEAN)",
    "pg_collation(oid UINTEGER, collname VARCHAR, collnamespace UINTEGER, collowner UINTEGER, "
    "collprovider VARCHAR, collisdeterministic BOOLEAN, collencoding INTEGER, "
    "collcollate VARCHAR, collctype VARCHAR, collversion VARCHAR)",
    "pg_constraint(oid UINTEGER, conname VARCHAR, connamespace UINTEGER, contype VARCHAR, "
    "condeferrable BOOLEAN, condeferred BOOLEAN, convalidated BOOLEAN, conrelid UINTEGER, "
    "contypid UINTEGER, conindid UINTEGER, conparentid UINTEGER, confrelid UINTEGER, "
    "confupdtype VARCHAR, confdeltype VARCHAR, confmatchtype VARCHAR, conislocal BOOLEAN, "
    "coninhcount INTEGER, connoinherit BOOLEAN, conkey INTEGER[], confkey INTEGER[], "
    "conbin VARCHAR)",
    "pg_depend(classid UINTEGER, objid UINTEGER, objsubid INTEGER, refclassid UINTEGER, "
    "refobjid UINTEGER, refobjsubid INTEGER, deptype VARCHAR)",
    "pg_description(objoid UINTEGER, classoid UINTEGER, objsubid INTEGER, description VARCHAR)",
    "pg_shdescription(objoid UINTEGER, classoid UINTEGER, description VARCHAR)",
    "pg_enum(oid UINTEGER, enumtypid UINTEGER, enumsortorder DOUBLE, enumlabel VARCHAR)",
    "pg_event_trigger(oid UINTEGER, evtname VARCHAR)",
    "pg_extension(oid UINTEGER, extname VARCHAR, extowner UINTEGER, extnamespace UINTEGER, "
    "extrelocatable BOOLEAN, extversion VARCHAR)",
    "pg_foreign_server(oid UINTEGER, srvname VARCHAR, srvowner UINTEGER, srvfdw UINTEGER)",
    "pg_foreign_table(ftrelid UINTEGER, ftserver UINTEGER, ftoptions VARCHAR[])",
    "pg_index(indexrelid UINTEGER, indrelid UINTEGER, indnatts SMALLINT, indnkeyatts SMALLINT, "
    "indisunique BOOLEAN, indisprimary BOOLEAN, indisexclusion BOOLEAN, indimmediate BOOLEAN, "
    "indisclustered BOOLEAN, indisvalid BOOLEAN, indcheckxmin BOOLEAN, indisready BOOLEAN, "
    "indislive BOOLEAN, indisreplident BOOLEAN, indkey INTEGER[], indcollation INTEGER[], "
    "indclass INTEGER[], indoption INTEGER[], indexprs VARCHAR, indpred VARCHAR)",
    "pg_inherits(inhrelid UINTEGER, inhparent UINTEGER, inhseqno INTEGER, "
    "inhdetachpending BOOLEAN)",
    "pg_language(oid UINTEGER, lanname VARCHAR)",
    "pg_locks(locktype VARCHAR, database UINTEGER, relation UINTEGER, pid INTEGER, mode VARCHAR, "
    "granted BOOLEAN)",
    "pg_matviews(schemaname VARCHAR, matviewname VARCHAR, definition VARCHAR)",
    "pg_partitioned_table(partrelid UINTEGER, partstrat VARCHAR, partnatts SMALLINT)",
    "pg_policy(oid UINTEGER, polname VARCHAR, polrelid UINTEGER, polcmd VARCHAR, "
    "polpermissive BOOLEAN, polroles INTEGER[], polqual VARCHAR, polwithcheck VARCHAR)",
    "pg_proc(oid UINTEGER, proname VARCHAR, pronamespace UINTEGER, proowner UINTEGER, "
    "prolang UINTEGER, prokind VARCHAR, prosecdef BOOLEAN, proleakproof BOOLEAN, "
    "proisstrict BOOLEAN, proretset BOOLEAN, provolatile VARCHAR, proparallel VARCHAR, "
    "pronargs SMALLINT, prorettype UINTEGER, proargtypes INTEGER[], proallargtypes INTEGER[], "
    "proargmodes VARCHAR[], proargnames VARCHAR[], prosrc VARCHAR, proacl VARCHAR[])",
    "pg_publication(oid UINTEGER, pubname VARCHAR, puballtables BOOLEAN)",
    "pg_publication_namespace(oid UINTEGER, pnpubid UINTEGER, pnnspid UINTEGER)",
    "pg_publication_rel(oid UINTEGER, prpubid UINTEGER, prrelid UINTEGER, prqual VARCHAR, "
    "prattrs INTEGER[])",
    "pg_range(rngtypid UINTEGER, rngsubtype UINTEGER, rngmultitypid UINTEGER)",
    "pg_rewrite(oid UINTEGER, rulename VARCHAR, ev_class UINTEGER, ev_type VARCHAR, "
    "ev_enabled VARCHAR, is_instead BOOLEAN)",
    "pg_sequence(seqrelid UINTEGER, seqtypid UINTEGER)",
    "pg_statistic_ext(oid UINTEGER, stxrelid UINTEGER, stxname VARCHAR, stxnamespace UINTEGER, "
    "stxkeys INTEGER[], stxstattarget INTEGER, stxkind VARCHAR[])",
    "pg_stat_activity(datname VARCHAR, pid INTEGER, usename VARCHAR, application_name VARCHAR, "
    "state VARCHAR, query VARCHAR)",
    "pg_tablespace(oid UINTEGER, spcname VARCHAR, spcowner UINTEGER)",
    "pg_trigger(oid UINTEGER, tgrelid UINTEGER, tgparentid UINTEGER, tgname VARCHAR, "
    "tgfoid UINTEGER, tgtype SMALLINT, tgenabled VARCHAR, tgisinternal BOOLEAN, "
    "tgconstraint UINTEGER, tgdeferrable BOOLEAN, tginitdeferred BOOLEAN, tgargs VARCHAR)",
};

/// Functions of PostgreSQL that DuckDB has not, or answers otherwise.
constexpr const char* kPostgresMacros[] = {
    "pg_get_userbyid(id) AS 'restate'",
    "pg_encoding_to_char(id) AS 'UTF8'",
    "pg_table_is_visible(id) AS true",
    "pg_type_is_visible(id) AS true",
    "pg_function_is_visible(id) AS true",
    "pg_statistics_obj_is_visible(id) AS true",
    "pg_table_size(id) AS 0::BIGINT",
    "pg_relation_size(id) AS 0::BIGINT",
    "pg_total_relation_size(id) AS 0::BIGINT",
    "pg_database_size(id) AS 0::BIGINT",
    "pg_relation_is_publishable(id) AS false",
    "pg_get_expr(tree, id) AS NULL::VARCHAR, (tree, id, pretty) AS NULL::VARCHAR",
    "pg_get_viewdef(id) AS NULL::VARCHAR, (id, pretty) AS NULL::VARCHAR",
    "pg_get_indexdef(id) AS NULL::VARCHAR, (id, place, pretty) AS NULL::VARCHAR",
    "pg_get_constraintdef(id) AS NULL::VARCHAR, (id, pretty) AS NULL::VARCHAR",
    "pg_get_triggerdef(id) AS NULL::VARCHAR, (id, pretty) AS NULL::VARCHAR",
    "pg_get_ruledef(id) AS NULL::VARCHAR, (id, pretty) AS NULL::VARCHAR",
    "pg_get_functiondef(id) AS NULL::VARCHAR",
    "pg_get_partkeydef(id) AS NULL::VARCHAR",
    "pg_get_function_result(id) AS NULL::VARCHAR",
    "pg_get_function_arguments(id) AS NULL::VARCHAR",
    "pg_get_function_identity_arguments(id) AS NULL::VARCHAR",
    "pg_get_statisticsobjdef_columns(id) AS NULL::VARCHAR",
    "pg_get_serial_sequence(t, c) AS NULL::VARCHAR",
    "pg_backend_pid() AS 1",
    "pg_is_in_recovery() AS false",
    "pg_tablespace_location(id) AS NULL::VARCHAR",
    "obj_description(id) AS NULL::VARCHAR, (id, catalog) AS NULL::VARCHAR",
    "shobj_description(id, catalog) AS NULL::VARCHAR",
    "col_description(id, place) AS NULL::VARCHAR",
    "quote_ident(name) AS CASE WHEN regexp_full_match(name, '[a-z_][a-z0-9_]*') THEN name "
    "ELSE '\"' || replace(name, '\"', '\"\"') || '\"' END",
    "array_to_string(list, separator) AS list_aggregate(list, 'string_agg', separator)",
    "array_remove(list, element) AS list_filter(list, lambda x: x IS DISTINCT FROM element)",
    "array_upper(list, dimension) AS nullif(len(list), 0)",
    "array_lower(list, dimension) AS CASE WHEN len(list) > 0 THEN 1 END",
    "current_user() AS 'restate'",
    "session_user() AS 'restate'",
    "current_schema() AS 'public'",
    "current_database() AS 'restate'",
    "current_schemas(implicit) AS CASE WHEN implicit THEN ['pg_catalog', 'public'] "
    "ELSE ['public'] END",
    "has_table_privilege(t, p) AS true, (u, t, p) AS true",
    "has_schema_privilege(t, p) AS true, (u, t, p) AS true",
    "has_database_privilege(t, p) AS true, (u, t, p) AS true",
    "has_column_privilege(t, c, p) AS true, (u, t, c, p) AS true",
    "has_any_column_privilege(t, p) AS true, (u, t, p) AS true",
    "has_function_privilege(t, p) AS true, (u, t, p) AS true",
};

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
      const int type = oid_of(column.type);
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
  for (const TypeRow& type : kPostgresTypes) {
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
  for (const char* columns : kPostgresTables) out.push_back("CREATE TABLE " + table(columns));
  add_information(out);
  add_classes(out);
  add_attributes(out);
  const std::string type_names = add_types(out);
  out.push_back("CREATE MACRO " + table("format_type(id, modifier) AS ") + type_names);
  for (const char* macro : kPostgresMacros) out.push_back("CREATE MACRO " + table(macro));
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
