#include "query/duckdb/postgres_statement.h"

#include "query/duckdb/encoder.h"
#include "query/duckdb/execution.h"
#include "query/duckdb/postgres_failure.h"
#include "query/duckdb/postgres_parameters.h"
#include "query/duckdb/postgres_substitution.h"
#include "query/duckdb/postgres_types.h"
#include "query/duckdb/rewrite.h"
#include "query/pg/catalog_names.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

namespace restate::query {
namespace {

/// As many as PostgreSQL has. Their number has 16 bits in messages.
constexpr std::size_t kMostColumns = 1664;
constexpr std::size_t kMostParameters = UINT16_MAX;

class PostgresStatement final : public SqlStatement {
 public:
  PostgresStatement(LazyDatabase& databases, pg::Request request)
      : databases_(databases), request_(std::move(request)) {}

  Result<Needs> prepare() override {
    Needs needs;
    attempt([&]() -> Result<void> {
      RESTATE_TRY(database_, databases_.get());
      RESTATE_TRY(auto connection, database_->connect_postgres());
      RESTATE_TRY_VOID(execution_.connect(std::move(connection), database_->idle_postgres()));
      const std::string sql = pg::without_catalog_names(request_.sql);
      RESTATE_TRY(Prepared prepared, prepare_statement(context(), sql, Names::kShort));
      needs = std::move(prepared.needs);
      const std::size_t count = prepared.statement->named_param_map.size();
      if (count > kMostParameters) {
        failure_ = {"54000", "a statement may have " + std::to_string(kMostParameters) +
                                 " parameters at most"};
        return {};
      }
      if (!request_.describe && request_.parameters.size() < count) {
        failure_ = {"08P01", "the statement has " + std::to_string(count) +
                                 " parameters, and " + std::to_string(request_.parameters.size()) +
                                 " were sent"};
        return {};
      }
      if (prepared.look_up && count == 0 && !request_.describe) {
        needs.only = execution_.use(*std::move(prepared.look_up));
        return {};
      }
      if (needs_types(count)) RESTATE_TRY_VOID(infer_types(*prepared.statement, count));
      substitute(*prepared.statement);
      // After the types: their plan has no values, and what it would read says nothing. The order of
      // the rows was found in a tree that had none either.
      needs.only = execution_.plan(std::move(prepared.statement),
                                   count == 0 ? prepared.top : std::nullopt);
      return {};
    });
    if (failure_ || request_.describe) return Needs();
    return needs;
  }

  Result<void> begin(InputsPtr inputs) override {
    if (failure_ || request_.describe) return {};
    const auto step = execution_.work();
    attempt([&]() -> Result<void> {
      RESTATE_TRY(ResultShape shape, execution_.begin(std::move(inputs)));
      if (!fits(shape)) return {};
      encoder_ = make_postgres_encoder(std::move(shape), request_.binary);
      return {};
    });
    return {};
  }

  Result<Piece> next(std::size_t bytes) override {
    const auto step = execution_.work();
    std::string body;
    bool last = true;
    if (!failure_) {
      attempt([&]() -> Result<void> {
        if (request_.describe) {
          describe(body);
          return {};
        }
        return rows(bytes, body, last);
      });
    }
    if (failure_) {
      last = true;
      pg::append_failure(body, *failure_);
    }
    return Piece{Bytes(std::move(body)), last};
  }

  void interrupt() override { execution_.interrupt(); }

 private:
  duckdb::ClientContext& context() { return *execution_.connection().context; }

  /// What goes wrong is part of the answer.
  template <class F>
  void attempt(F f) {
    try {
      if (const Result<void> done = f(); !done) failure_ = postgres_failure(done.error());
    } catch (const std::exception& thrown) {
      failure_ = postgres_failure(duckdb::ErrorData(thrown));
    } catch (...) {
      failure_ = {"XX000", "The SQL engine failed without saying why"};
    }
  }

  Result<void> rows(std::size_t bytes, std::string& body, bool& last) {
    last = false;
    while (body.size() < bytes) {
      RESTATE_TRY(duckdb::DataChunk* const chunk, execution_.next());
      if (chunk == nullptr) {
        encoder_->finish(body);
        last = true;
        return {};
      }
      RESTATE_TRY_VOID(encoder_->chunk(*chunk, body));
    }
    return {};
  }

  /// False: it has failed.
  bool fits(const ResultShape& shape) {
    if (shape.types.size() <= kMostColumns) return true;
    failure_ = {"54011", "a result may have " + std::to_string(kMostColumns) + " columns at most"};
    return false;
  }

  void describe(std::string& body) {
    ResultShape shape = execution_.describe();
    if (!fits(shape)) return;
    pg::MessageWriter writer(body);
    writer.begin('t').u16(static_cast<std::uint16_t>(request_.types.size()));
    for (const std::uint32_t type : request_.types) writer.u32(type);
    writer.end();
    make_postgres_encoder(std::move(shape), {})->finish(body);
  }

  /// True if somebody has to know the type of a parameter that the client did not name.
  bool needs_types(std::size_t count) {
    request_.types.resize(std::max(count, request_.types.size()), 0);
    for (std::size_t i = 0; i < count; ++i) {
      if (request_.types[i] != 0) continue;
      if (request_.describe) return true;
      if (request_.parameters[i].binary) return true;
    }
    return false;
  }

  /// Of what their surroundings do not tell, PostgreSQL makes texts, too.
  Result<void> infer_types(const duckdb::SQLStatement& statement, std::size_t count) {
    const auto plan = context().Prepare(statement.Copy());
    const auto types = plan->HasError() ? duckdb::case_insensitive_map_t<duckdb::LogicalType>()
                                        : plan->GetExpectedParameterTypes();
    for (std::size_t i = 0; i < count; ++i) {
      if (request_.types[i] != 0) continue;
      const auto found = types.find(std::to_string(i + 1));
      request_.types[i] =
          found == types.end() ? std::uint32_t{kTextOid} : parameter_type(found->second);
    }
    return {};
  }

  static std::uint32_t parameter_type(const duckdb::LogicalType& type) {
    // Beside a number in the text, which has a type of its own as long as nothing decides.
    if (type.id() == duckdb::LogicalTypeId::INTEGER_LITERAL) return kInt4Oid;
    return postgres_type(type).oid;
  }

  void substitute(duckdb::SQLStatement& statement) {
    substitute_parameters(statement, [this](std::size_t number, bool as_list) {
      const std::size_t i = number - 1;
      std::uint32_t type = i < request_.types.size() ? request_.types[i] : 0;
      if (as_list && (type == 0 || type == kTextOid)) {
        // A text that DuckDB would not take for a list: `{a,b}`.
        type = kTextsOid;
        if (i < request_.types.size()) request_.types[i] = type;
      }
      if (request_.describe) return parameter_null(type);
      if (i >= request_.parameters.size()) {
        throw duckdb::InvalidInputException("there is no parameter $%d", static_cast<int>(number));
      }
      return parameter_value(request_.parameters[i], type);
    });
  }

  LazyDatabase& databases_;
  pg::Request request_;
  std::optional<pg::Failure> failure_;
  std::shared_ptr<Database> database_;
  Execution execution_;
  std::unique_ptr<Encoder> encoder_;
};

}  // namespace

std::unique_ptr<SqlStatement> make_postgres_statement(LazyDatabase& databases,
                                                      pg::Request request) {
  return std::make_unique<PostgresStatement>(databases, std::move(request));
}

}  // namespace restate::query
