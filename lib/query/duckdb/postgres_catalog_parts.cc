#include "query/duckdb/postgres_catalog_parts.h"

namespace restate::query {
namespace {

constexpr TypeRow kTypeRows[] = {
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

constexpr const char* kCatalogTables[] = {
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

constexpr const char* kCatalogMacros[] = {
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

}  // namespace

std::span<const TypeRow> catalog_types() { return kTypeRows; }
std::span<const char* const> catalog_tables() { return kCatalogTables; }
std::span<const char* const> catalog_macros() { return kCatalogMacros; }

}  // namespace restate::query
