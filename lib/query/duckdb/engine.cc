#include "query/engine.h"

#include "query/duckdb/encoder.h"
#include "query/duckdb/errors.h"
#include "query/duckdb/execution.h"
#include "query/duckdb/lazy_database.h"
#include "query/duckdb/postgres_statement.h"
#include "query/duckdb/rewrite.h"
#include "query/duckdb/threads.h"

namespace restate::query {
namespace {

class DuckdbStatement final : public SqlStatement {
 public:
  DuckdbStatement(LazyDatabase& databases, std::string sql, Format format)
      : databases_(databases), sql_(std::move(sql)), format_(format) {}

  Result<Needs> prepare() override {
    return guarded([this]() -> Result<Needs> {
      RESTATE_TRY(database_, databases_.get());
      RESTATE_TRY_VOID(execution_.connect(database_->connect(), database_->idle()));
      RESTATE_TRY(Prepared prepared, prepare_statement(*execution_.connection().context, sql_));
      prepared.needs.only = prepared.look_up
                                ? execution_.use(*std::move(prepared.look_up))
                                : execution_.plan(std::move(prepared.statement), prepared.top);
      return std::move(prepared.needs);
    });
  }

  Result<void> begin(InputsPtr inputs) override {
    const auto step = execution_.work();
    return guarded([&]() -> Result<void> {
      RESTATE_TRY(ResultShape shape, execution_.begin(std::move(inputs)));
      encoder_ = format_ == Format::kJson ? make_json_encoder(std::move(shape))
                                          : make_arrow_encoder(std::move(shape));
      return {};
    });
  }

  Result<Piece> next(std::size_t bytes) override {
    const auto step = execution_.work();
    return guarded([&]() -> Result<Piece> {
      std::string body;
      while (body.size() < bytes) {
        RESTATE_TRY(duckdb::DataChunk* const chunk, execution_.next());
        if (chunk == nullptr) {
          encoder_->finish(body);
          return Piece{Bytes(std::move(body)), true};
        }
        RESTATE_TRY_VOID(encoder_->chunk(*chunk, body));
      }
      return Piece{Bytes(std::move(body)), false};
    });
  }

  void interrupt() override { execution_.interrupt(); }

 private:
  LazyDatabase& databases_;
  const std::string sql_;
  const Format format_;
  std::shared_ptr<Database> database_;
  Execution execution_;
  std::unique_ptr<Encoder> encoder_;
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
