#include "query/duckdb/database.h"

#include "query/catalog.h"
#include "query/duckdb/errors.h"
#include "query/duckdb/postgres_catalog.h"
#include "query/duckdb/rewrite.h"
#include "query/duckdb/scan_function.h"
#include "query/duckdb/show.h"
#include "query/pg/catalog_names.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/main/client_data.hpp>
#include <duckdb/main/valid_checker.hpp>
#include <duckdb/parser/parsed_data/drop_info.hpp>

#include <algorithm>
#include <string>
#include <thread>

namespace restate::query {
namespace {

constexpr const char* kCatalog = "restate";
constexpr const char* kSchema = "public";

/// DuckDB counts the buffers of sorts, joins and aggregations. What its allocator holds on their behalf
/// was measured to be up to 1.75 times as much (test/memory/sql_budget_test.cc), and a budget is about
/// what the process takes.
constexpr std::size_t kResidentPerCounted = 2;
/// Each thread has buffers of its own; with less memory there are fewer threads.
constexpr std::size_t kMemoryPerThread = std::size_t{64} << 20;

/// What DuckDB may compute ahead of a client, as it counts: so little that one chunk is more. It cuts this
/// in two parts, neither of which may be nothing.
constexpr std::size_t kReadAheadBytes = 16;

std::size_t threads_of(const EngineOptions& options) {
  const std::size_t wanted = options.parallelism > 0 ? options.parallelism
                                                     : std::thread::hardware_concurrency() / 2;
  const std::size_t most = std::max<std::size_t>(wanted, 1);
  return std::clamp<std::size_t>(options.memory / kMemoryPerThread, 1, most);
}

Result<void> execute(duckdb::Connection& connection, const std::string& sql) {
  const auto result = connection.Query(sql);
  if (!result->HasError()) return {};
  return error_of(result->GetErrorObject()).within(sql);
}

/// How DuckDB behaves like the engine that clients know. The last ones close it for good.
constexpr const char* kSettings[] = {
    "SET GLOBAL TimeZone = 'UTC'",
    "SET GLOBAL default_null_order = 'nulls_last_on_asc_first_on_desc'",
    "SET GLOBAL integer_division = true",
    "SET GLOBAL preserve_identifier_case = false",
    "SET GLOBAL preserve_insertion_order = false",
    "SET GLOBAL autoinstall_known_extensions = false",
    "SET GLOBAL autoload_known_extensions = false",
    "SET GLOBAL enable_external_access = false",
    "SET GLOBAL lock_configuration = true",
};

struct RemovedFunction {
  duckdb::CatalogType type;
  const char* name;
};
constexpr duckdb::CatalogType kTableFunction = duckdb::CatalogType::TABLE_FUNCTION_ENTRY;
constexpr duckdb::CatalogType kScalarFunction = duckdb::CatalogType::SCALAR_FUNCTION_ENTRY;

/// What a SELECT could change something with, such as where DuckDB writes what it is asked, or could
/// read memory with that is nobody's; and what walks a JSON text by recursion, however deep it is: values
/// come from whoever can call a service.
constexpr RemovedFunction kRemovedFunctions[] = {
    {kTableFunction, "arrow_scan"},       {kTableFunction, "arrow_scan_dumb"},
    {kTableFunction, "checkpoint"},       {kTableFunction, "disable_logging"},
    {kTableFunction, "enable_logging"},   {kTableFunction, "force_checkpoint"},
    {kTableFunction, "truncate_duckdb_logs"},
    {kScalarFunction, "json_contains"},   {kScalarFunction, "json_merge_patch"},
    {kScalarFunction, "json_structure"},
};

void remove_functions(duckdb::Connection& connection) {
  duckdb::ClientContext& context = *connection.context;
  context.RunFunctionInTransaction([&] {
    duckdb::Catalog& system = duckdb::Catalog::GetSystemCatalog(context);
    for (const auto& [type, name] : kRemovedFunctions) {
      duckdb::DropInfo info;
      info.type = type;
      info.schema = DEFAULT_SCHEMA;
      info.name = name;
      info.if_not_found = duckdb::OnEntryNotFound::RETURN_NULL;
      info.allow_drop_internal = true;
      system.DropEntry(context, info);
    }
  });
}

/// Functions that clients call and DuckDB has under other names.
constexpr const char* kMacros[] = {
    "to_unixtime(x) AS CAST(floor(epoch(x)) AS BIGINT)",
    "date_bin(step, x) AS time_bucket(step, x::TIMESTAMPTZ, to_timestamp(0)), "
    "(step, x, origin) AS time_bucket(step, x::TIMESTAMPTZ, origin::TIMESTAMPTZ)",
    "nvl(x, y) AS coalesce(x, y)",
    "json_get_str(x, path) AS json_extract_string(x, path)",
    "json_get_int(x, path) AS CAST(json_extract_string(x, path) AS BIGINT)",
};

/// The tables and columns as rows of `VALUES`.
std::string information_values(bool columns) {
  std::string values;
  const auto add = [&](const std::string& row) {
    if (!values.empty()) values += ", ";
    values += "(" + row + ")";
  };
  for (const Table& table : tables()) {
    const std::string head =
        sql_literal(kCatalog) + ", " + sql_literal(kSchema) + ", " + sql_literal(table.name);
    if (!columns) {
      add(head + ", " + sql_literal(table.view ? "VIEW" : "BASE TABLE"));
      continue;
    }
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const Column& column = table.columns[i];
      add(head + ", " + sql_literal(column.name) + ", " + std::to_string(i) +
          "::UBIGINT, NULL::VARCHAR, " + sql_literal(column.nullable ? "YES" : "NO") + ", " +
          sql_literal(type_name(column.type)));
    }
  }
  if (!columns) {
    for (const char* view :
         {"columns", "df_settings", "parameters", "routines", "schemata", "tables", "views"}) {
      add(sql_literal(kCatalog) + ", 'information_schema', " + sql_literal(view) + ", 'VIEW'");
    }
  }
  return values;
}

Result<void> create_catalog(duckdb::Connection& connection) {
  RESTATE_TRY_VOID(execute(connection, "ATTACH ':memory:' AS restate"));
  RESTATE_TRY_VOID(execute(connection, "CREATE SCHEMA restate.public"));
  const std::string information = std::string("restate.") + kInformationSchema;
  RESTATE_TRY_VOID(execute(connection, "CREATE SCHEMA " + information));
  for (const Table& table : tables()) {
    const std::string name(table.name);
    RESTATE_TRY_VOID(execute(connection, "CREATE VIEW restate.public." + name +
                                             " AS SELECT * FROM rs_scan('" + name + "')"));
  }
  RESTATE_TRY_VOID(execute(connection, "CREATE TABLE " + information +
                                           ".tables AS SELECT * FROM (VALUES " +
                                           information_values(false) +
                                           ") t(table_catalog, table_schema, table_name, "
                                           "table_type)"));
  RESTATE_TRY_VOID(execute(connection, "CREATE TABLE " + information +
                                           ".columns AS SELECT * FROM (VALUES " +
                                           information_values(true) +
                                           ") t(table_catalog, table_schema, table_name, "
                                           "column_name, ordinal_position, column_default, "
                                           "is_nullable, data_type)"));
  RESTATE_TRY_VOID(execute(connection, "CREATE TABLE " + information +
                                           ".df_settings AS SELECT * FROM (VALUES " +
                                           settings_values() + ") t(name, value, description)"));
  for (const char* macro : kMacros) {
    RESTATE_TRY_VOID(execute(connection, std::string("CREATE MACRO restate.public.") + macro));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const EngineOptions& options) {
  return guarded([&]() -> Result<std::unique_ptr<Database>> {
    duckdb::DBConfig config;
    config.options.maximum_memory = options.memory / kResidentPerCounted;
    config.options.maximum_threads = threads_of(options);
    config.options.use_temporary_directory = !options.temp_directory.empty();
    config.options.temporary_directory = options.temp_directory;
    std::unique_ptr<Database> database(new Database(config));
    duckdb::Connection connection(database->duckdb_);
    add_scan_function(connection);
    remove_functions(connection);
    RESTATE_TRY_VOID(create_catalog(connection));
    for (const char* setting : kSettings) RESTATE_TRY_VOID(execute(connection, setting));
    return database;
  });
}

bool Database::is_usable() const { return !duckdb::ValidChecker::IsInvalidated(*duckdb_.instance); }

duckdb::unique_ptr<duckdb::Connection> Database::connect(
    const duckdb::vector<duckdb::CatalogSearchEntry>& path) {
  auto connection = duckdb::make_uniq<duckdb::Connection>(duckdb_);
  duckdb::ClientContext& context = *connection->context;
  // A chunk holds up to a megabyte of texts. DuckDB takes each for 16 bytes, and would keep thousands of
  // chunks ahead of a client, and put small ones together.
  context.config.streaming_buffer_size = kReadAheadBytes;
  context.config.enable_caching_operators = false;
  // Not by `USE`: settings are locked.
  context.RunFunctionInTransaction([&] {
    duckdb::ClientData::Get(context).catalog_search_path->Set(
        path, duckdb::CatalogSetPathType::SET_SCHEMAS);
  });
  return connection;
}

duckdb::unique_ptr<duckdb::Connection> Database::connect() {
  if (auto idle = idle_.take()) return idle;
  return connect({duckdb::CatalogSearchEntry(kCatalog, kSchema)});
}

Result<duckdb::unique_ptr<duckdb::Connection>> Database::connect_postgres() {
  {
    const std::lock_guard lock(postgres_mutex_);
    if (!has_postgres_) {
      // All or nothing: half a catalog would be in the way of the next try for ever.
      const auto connection = connect();
      RESTATE_TRY_VOID(execute(*connection, "BEGIN"));
      for (const std::string& sql : postgres_catalog()) {
        RESTATE_TRY_VOID(execute(*connection, sql));
      }
      RESTATE_TRY_VOID(execute(*connection, "COMMIT"));
      has_postgres_ = true;
    }
  }
  if (auto idle = idle_postgres_.take()) return idle;
  return connect({duckdb::CatalogSearchEntry(kCatalog, kSchema),
                  duckdb::CatalogSearchEntry(kCatalog, pg::kCatalog)});
}

}  // namespace restate::query
