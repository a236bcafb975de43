#include "query/engine.h"

#include "query/access_paths.h"
#include "query/duckdb/encoder.h"
#include "query/duckdb/errors.h"
#include "query/duckdb/lazy_database.h"
#include "query/duckdb/postgres_statement.h"
#include "query/duckdb/rewrite.h"
#include "query/duckdb/scan_function.h"
#include "query/duckdb/threads.h"
#include "query/duckdb/work_time.h"

#include <mutex>

namespace restate::query {
namespace {

class DuckdbStatement final : public SqlStatement {
 public:
  DuckdbStatement(LazyDatabase& database, std::string sql, Format format)
      : database_(database), sql_(std::move(sql)), format_(format) {}
  ~DuckdbStatement() override {
    rows_.reset();
    chunk_.reset();
    result_.reset();
    plan_.reset();
    if (at_end_) (*database_.get())->idle().put(std::move(connection_));
  }

  Result<Needs> prepare() override {
    return guarded([this]() -> Result<Needs> {
      RESTATE_TRY(Database* const database, database_.get());
      auto connection = database->connect();
      RESTATE_TRY(Prepared prepared, prepare_statement(*connection->context, sql_));
      {
        const std::lock_guard lock(mutex_);
        connection_ = std::move(connection);
      }
      if (interrupted()) return cancelled();
      if (prepared.look_up) {
        prepared.needs.only = named_invocations(*prepared.look_up->table, prepared.look_up->filters);
        look_up_ = std::move(prepared.look_up);
        return std::move(prepared.needs);
      }
      // Planned first: the plan knows which rows it will read.
      prepare_inputs(*connection_, prepared.top);
      plan_ = connection_->context->Prepare(std::move(prepared.statement));
      if (plan_->HasError()) return error_of(plan_->error);
      prepared.needs.only = planned_invocations(*connection_);
      return std::move(prepared.needs);
    });
  }

  Result<void> begin(InputsPtr inputs) override {
    const WorkTime::Step step(work_);
    return guarded([&]() -> Result<void> {
      if (interrupted()) return cancelled();
      if (look_up_) {
        rows_ = std::make_unique<LookUpRows>(*std::move(look_up_), std::move(inputs));
        encoder_ = make_encoder(rows_->shape());
        return {};
      }
      set_inputs(*connection_, std::move(inputs));
      duckdb::vector<duckdb::Value> values;
      result_ = plan_->Execute(values, true);
      if (result_->HasError()) return error_of(result_->GetErrorObject());
      ResultShape shape;
      for (std::size_t i = 0; i < result_->types.size(); ++i) {
        shape.names.push_back(result_->names[i]);
        shape.types.push_back(result_type(result_->types[i]));
      }
      encoder_ = make_encoder(std::move(shape));
      return {};
    });
  }

  Result<Piece> next(std::size_t bytes) override {
    const WorkTime::Step step(work_);
    return guarded([&]() -> Result<Piece> {
      std::string body;
      while (body.size() < bytes) {
        if (interrupted()) return cancelled();
        RESTATE_TRY(duckdb::DataChunk* const chunk, next_chunk());
        if (chunk == nullptr) {
          encoder_->finish(body);
          at_end_ = true;
          return Piece{Bytes(std::move(body)), true};
        }
        RESTATE_TRY_VOID(encoder_->chunk(*chunk, body));
      }
      return Piece{Bytes(std::move(body)), false};
    });
  }

  void interrupt() override {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    if (connection_) connection_->Interrupt();
  }

 private:
  /// Null: there are no more rows.
  Result<duckdb::DataChunk*> next_chunk() {
    if (rows_) return rows_->next();
    chunk_ = result_->FetchRaw();
    if (result_->HasError()) return error_of(result_->GetErrorObject());
    return chunk_ && chunk_->size() > 0 ? chunk_.get() : nullptr;
  }
  std::unique_ptr<Encoder> make_encoder(ResultShape shape) const {
    return format_ == Format::kJson ? make_json_encoder(std::move(shape))
                                    : make_arrow_encoder(std::move(shape));
  }
  static Error cancelled() { return {Code::kCancelled, "The statement was interrupted"}; }
  bool interrupted() {
    const std::lock_guard lock(mutex_);
    return interrupted_;
  }

  WorkTime work_;  ///< first: the last to go
  LazyDatabase& database_;
  const std::string sql_;
  const Format format_;
  std::mutex mutex_;  ///< of the connection as `interrupt` sees it
  bool interrupted_ = false;
  duckdb::unique_ptr<duckdb::Connection> connection_;
  duckdb::unique_ptr<duckdb::PreparedStatement> plan_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  duckdb::unique_ptr<duckdb::DataChunk> chunk_;
  std::optional<LookUp> look_up_;
  std::unique_ptr<LookUpRows> rows_;  ///< instead of a plan and its result
  std::unique_ptr<Encoder> encoder_;
  bool at_end_ = false;  ///< all of its rows have come
};

class DuckdbEngine final : public SqlEngine {
 public:
  explicit DuckdbEngine(const EngineOptions& options)
      : database_(options), threads_(options.threads) {}

  std::unique_ptr<SqlStatement> make_statement(std::string sql, Format format) override {
    return std::make_unique<DuckdbStatement>(database_, std::move(sql), format);
  }
  std::unique_ptr<SqlStatement> make_statement(pg::Request request) override {
    return make_postgres_statement(database_, std::move(request));
  }
  void run(Task job) override { threads_.run(std::move(job)); }

 private:
  LazyDatabase database_;
  SqlThreads threads_;  ///< last: its jobs use the database
};

}  // namespace

std::unique_ptr<SqlEngine> make_duckdb_engine(EngineOptions options) {
  return std::make_unique<DuckdbEngine>(options);
}

}  // namespace restate::query
