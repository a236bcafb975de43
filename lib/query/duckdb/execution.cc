#include "query/duckdb/execution.h"

#include "query/access_paths.h"

#include <utility>

namespace restate::query {
namespace {

ResultShape shape_of(const duckdb::vector<std::string>& names,
                     const duckdb::vector<duckdb::LogicalType>& types) {
  ResultShape shape;
  for (std::size_t i = 0; i < types.size(); ++i) {
    shape.names.push_back(names[i]);
    shape.types.push_back(result_type(types[i]));
  }
  return shape;
}

}  // namespace

Execution::~Execution() {
  rows_.reset();
  chunk_.reset();
  result_.reset();
  plan_.reset();
  if (at_end_) home_->put(std::move(connection_));
}

void Execution::interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  if (connection_) connection_->Interrupt();
}

Result<void> Execution::check_interrupt() {
  const std::lock_guard lock(mutex_);
  if (interrupted_) return Error{Code::kCancelled, "The statement was interrupted"};
  return {};
}

Result<void> Execution::connect(duckdb::unique_ptr<duckdb::Connection> connection,
                                ConnectionPool& home) {
  {
    const std::lock_guard lock(mutex_);
    connection_ = std::move(connection);
  }
  home_ = &home;
  return check_interrupt();
}

std::optional<std::set<InvocationId>> Execution::use(LookUp look_up) {
  look_up_ = std::move(look_up);
  return named_invocations(*look_up_->table, look_up_->filters);
}

std::optional<std::set<InvocationId>> Execution::plan(
    duckdb::unique_ptr<duckdb::SQLStatement> statement, const std::optional<TopOfTable>& top) {
  prepare_inputs(*connection_, top);
  plan_ = connection_->context->Prepare(std::move(statement));
  if (plan_->HasError()) plan_->error.Throw();
  return planned_invocations(*connection_);
}

ResultShape Execution::describe() {
  at_end_ = true;
  return shape_of(plan_->GetNames(), plan_->GetTypes());
}

Result<ResultShape> Execution::begin(InputsPtr inputs) {
  RESTATE_TRY_VOID(check_interrupt());
  if (look_up_) {
    rows_ = std::make_unique<LookUpRows>(*std::move(look_up_), std::move(inputs));
    return rows_->shape();
  }
  set_inputs(*connection_, std::move(inputs));
  duckdb::vector<duckdb::Value> no_parameters;
  const auto pending = plan_->PendingQuery(no_parameters, true);
  if (pending->HasError()) pending->ThrowError();
  // DuckDB forgets, as it begins a query, whatever interrupted the connection before.
  RESTATE_TRY_VOID(check_interrupt());
  result_ = pending->Execute();
  if (result_->HasError()) result_->ThrowError();
  return shape_of(result_->names, result_->types);
}

Result<duckdb::DataChunk*> Execution::next() {
  RESTATE_TRY_VOID(check_interrupt());
  duckdb::DataChunk* chunk = nullptr;
  if (rows_) {
    RESTATE_TRY(chunk, rows_->next());
  } else {
    chunk_ = result_->FetchRaw();
    if (result_->HasError()) result_->ThrowError();
    if (chunk_ && chunk_->size() > 0) chunk = chunk_.get();
  }
  at_end_ = chunk == nullptr;
  return chunk;
}

}  // namespace restate::query
