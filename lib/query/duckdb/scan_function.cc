#include "query/duckdb/scan_function.h"

#include "query/access_paths.h"
#include "query/catalog.h"
#include "query/duckdb/chunk_sink.h"
#include "query/duckdb/scan_filter.h"
#include "query/glance.h"
#include "query/table_scan.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/function/table_function.hpp>
#include <duckdb/main/client_context_state.hpp>
#include <duckdb/parser/parsed_data/create_table_function_info.hpp>
#include <duckdb/planner/operator/logical_get.hpp>

#include <algorithm>
#include <atomic>

namespace restate::query {
namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;

constexpr const char* kStateName = "restate_inputs";

/// What a scan of a plan was told. Filters come after it was made, and plans are copied.
struct ScanNote {
  const Table& table;
  std::vector<Filter> filters;
  bool exact = true;  ///< these filters, as a glance sees them, are all that the scan is asked for
};
using ScanNotes = std::vector<std::shared_ptr<ScanNote>>;

/// What a connection carries for its statement.
struct InputsState final : duckdb::ClientContextState {
  InputsPtr inputs;
  std::shared_ptr<ScanNotes> notes = std::make_shared<ScanNotes>();
  std::optional<TopOfTable> top;
};

struct Bound final : duckdb::TableFunctionData {
  Bound(const Table& t, std::shared_ptr<ScanNotes> n)
      : table(t), notes(std::move(n)), note(std::make_shared<ScanNote>(ScanNote{t, {}, true})) {
    if (notes) notes->push_back(note);
  }

  duckdb::unique_ptr<duckdb::FunctionData> Copy() const override {
    auto copy = duckdb::make_uniq<Bound>(table, notes);
    copy->note->filters = note->filters;
    copy->note->exact = note->exact;
    return copy;
  }
  bool Equals(const duckdb::FunctionData& other) const override {
    const auto& that = other.Cast<Bound>();
    // Two scans with filters may read different parts: nobody may merge them.
    return &table == &that.table && filters().empty() && that.filters().empty();
  }

  const std::vector<Filter>& filters() const { return note->filters; }

  const Table& table;
  const std::shared_ptr<ScanNotes> notes;  ///< of its statement; null: of no statement
  const std::shared_ptr<ScanNote> note;
};

duckdb::unique_ptr<duckdb::FunctionData> bind(ClientContext& context,
                                              duckdb::TableFunctionBindInput& input,
                                              duckdb::vector<LogicalType>& types,
                                              duckdb::vector<std::string>& names) {
  if (input.inputs[0].IsNull()) throw duckdb::BinderException("NULL is no table");
  const std::string name = input.inputs[0].GetValue<std::string>();
  const Table* table = find_table(name);
  if (table == nullptr) throw duckdb::BinderException("There is no table '%s'", name);
  for (const Column& column : table->columns) {
    names.emplace_back(column.name);
    types.push_back(logical_type(column.type));
  }
  const auto state = context.registered_state->Get<InputsState>(kStateName);
  return duckdb::make_uniq<Bound>(*table, state ? state->notes : nullptr);
}

/// Notes what narrows the scan. Most expressions stay: DuckDB checks each row again, so that a scan
/// that reads too much is slow, and never wrong. Those go that a look-up keeps to by itself.
void push_down(ClientContext&, duckdb::LogicalGet& get, duckdb::FunctionData* data,
               duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& filters) {
  const Bound& bound = data->Cast<Bound>();
  const auto note = [&](const duckdb::unique_ptr<duckdb::Expression>& expression) {
    auto filter = filter_of(get, *expression, bound.table);
    if (!filter || !Glance::is_exact(bound.table, *filter)) bound.note->exact = false;
    if (!filter) return false;
    const bool kept_to = is_look_up(bound.table, *filter);
    bound.note->filters.push_back(std::move(*filter));
    return kept_to;
  };
  filters.erase(std::remove_if(filters.begin(), filters.end(), note), filters.end());
}

/// The rows that are enough, where nothing but this one scan has a say in it.
std::optional<Top> top_of(const InputsState& state, const Bound& bound) {
  if (!state.top || state.top->table != bound.table.id) return std::nullopt;
  if (state.notes->size() != 1 || !bound.note->exact) return std::nullopt;
  const auto& filters = bound.filters();
  const auto services = std::count_if(filters.begin(), filters.end(), [&](const Filter& filter) {
    return bound.table.columns[filter.column].name == "target_service_name";
  });
  if (services > 1) return std::nullopt;  // a glance takes one such filter
  return state.top->top;
}

struct GlobalState final : duckdb::GlobalTableFunctionState {
  explicit GlobalState(std::unique_ptr<TableScan> s) : scan(std::move(s)) {}
  duckdb::idx_t MaxThreads() const override { return std::max<std::size_t>(1, scan->parts()); }

  std::unique_ptr<TableScan> scan;
  std::vector<std::size_t> places;  ///< of the table's columns in the chunk
  std::atomic<std::size_t> next{0};
};

struct LocalState final : duckdb::LocalTableFunctionState {
  std::optional<TableScan::Cursor> cursor;
};

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> init_global(
    ClientContext& context, duckdb::TableFunctionInitInput& input) {
  const auto state = context.registered_state->Get<InputsState>(kStateName);
  if (!state || !state->inputs) {
    throw duckdb::InvalidInputException("This connection has nothing to read");
  }
  const Bound& bound = input.bind_data->Cast<Bound>();
  std::vector<std::size_t> columns;
  std::vector<std::size_t> places(bound.table.columns.size(), ChunkSink::kNowhere);
  for (std::size_t i = 0; i < input.column_ids.size(); ++i) {
    const std::size_t column = input.column_ids[i];
    if (column >= places.size()) continue;  // a row number, for who counts only
    places[column] = i;
    columns.push_back(column);
  }
  auto global = duckdb::make_uniq<GlobalState>(std::make_unique<TableScan>(
      state->inputs, bound.table, std::move(columns), bound.filters(), top_of(*state, bound)));
  global->places = std::move(places);
  return global;
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> init_local(duckdb::ExecutionContext&,
                                                               duckdb::TableFunctionInitInput&,
                                                               duckdb::GlobalTableFunctionState*) {
  return duckdb::make_uniq<LocalState>();
}

void read_chunk(ClientContext& context, duckdb::TableFunctionInput& input,
                duckdb::DataChunk& output) {
  GlobalState& global = input.global_state->Cast<GlobalState>();
  auto& cursor = input.local_state->Cast<LocalState>().cursor;
  ChunkSink sink(output, global.places);
  while (sink.rows() < STANDARD_VECTOR_SIZE && !sink.is_full()) {
    if (context.interrupted) throw duckdb::InterruptException();
    if (!cursor) {
      const std::size_t part = global.next.fetch_add(1);
      if (part >= global.scan->parts()) break;
      cursor.emplace().part = part;
    }
    const auto rows = global.scan->read(*cursor, STANDARD_VECTOR_SIZE - sink.rows(), sink);
    if (!rows) throw duckdb::IOException(rows.error().message);
    if (cursor->at_end) cursor.reset();
  }
  output.SetCardinality(sink.rows());
}

duckdb::unique_ptr<duckdb::NodeStatistics> cardinality(ClientContext&,
                                                       const duckdb::FunctionData* data) {
  // Only the order of joins depends on it: what is named by id is small, registries are, too.
  constexpr duckdb::idx_t kFew = 100, kMany = 100'000;
  const Bound& bound = data->Cast<Bound>();
  const bool named = std::any_of(bound.filters().begin(), bound.filters().end(),
                                 [](const Filter& filter) { return filter.names_values(); });
  const bool small =
      named || bound.table.id == TableId::kService || bound.table.id == TableId::kDeployment;
  return duckdb::make_uniq<duckdb::NodeStatistics>(small ? kFew : kMany);
}

/// Lets `count(*)` read rows without a column.
duckdb::virtual_column_map_t virtual_columns(ClientContext&,
                                             duckdb::optional_ptr<duckdb::FunctionData>) {
  duckdb::virtual_column_map_t columns;
  columns.insert(duckdb::make_pair(duckdb::COLUMN_IDENTIFIER_EMPTY,
                                   duckdb::TableColumn("", LogicalType::BOOLEAN)));
  return columns;
}

}  // namespace

duckdb::LogicalType logical_type(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return LogicalType::VARCHAR;
    case ColumnType::kBool:
      return LogicalType::BOOLEAN;
    case ColumnType::kU32:
      return LogicalType::UINTEGER;
    case ColumnType::kU64:
      return LogicalType::UBIGINT;
    case ColumnType::kBinary:
      return LogicalType::BLOB;
    case ColumnType::kTime:
      return LogicalType::TIMESTAMP_TZ;
    case ColumnType::kDuration:
      return LogicalType::INTERVAL;
    case ColumnType::kTexts:
      return LogicalType::LIST(LogicalType::VARCHAR);
    case ColumnType::kU32s:
      return LogicalType::LIST(LogicalType::UINTEGER);
  }
  RESTATE_UNREACHABLE();
}

void add_scan_function(duckdb::Connection& connection) {
  duckdb::TableFunction function("rs_scan", {LogicalType::VARCHAR}, read_chunk, bind, init_global,
                                 init_local);
  function.projection_pushdown = true;
  function.pushdown_complex_filter = push_down;
  function.cardinality = cardinality;
  function.get_virtual_columns = virtual_columns;
  duckdb::CreateTableFunctionInfo info(std::move(function));
  ClientContext& context = *connection.context;
  context.RunFunctionInTransaction(
      [&] { duckdb::Catalog::GetSystemCatalog(context).CreateTableFunction(context, info); });
}

void prepare_inputs(duckdb::Connection& connection, const std::optional<TopOfTable>& top) {
  auto state = duckdb::make_shared_ptr<InputsState>();
  state->top = top;
  connection.context->registered_state->Insert(kStateName, std::move(state));
}

std::optional<std::set<InvocationId>> planned_invocations(duckdb::Connection& connection) {
  const auto state = connection.context->registered_state->Get<InputsState>(kStateName);
  std::optional<std::set<InvocationId>> all;
  for (const auto& note : *state->notes) {
    if (!is_of_partitions(note->table.id)) continue;
    auto ids = named_invocations(note->table, note->filters);
    if (!ids) return std::nullopt;
    if (!all) all.emplace();
    all->merge(*ids);
  }
  return all;
}

void set_inputs(duckdb::Connection& connection, InputsPtr inputs) {
  connection.context->registered_state->Get<InputsState>(kStateName)->inputs = std::move(inputs);
}

void forget_inputs(duckdb::Connection& connection) {
  connection.context->registered_state->Remove(kStateName);
}

}  // namespace restate::query
