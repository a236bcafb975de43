#include "query/service.h"

#include "common/utf8.h"
#include "http/gzip.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace restate::query {
namespace {

Bytes message_json(const std::string& message) {
  std::string json = "{\"message\":";
  append_json_string(json, message);
  json += '}';
  return Bytes(std::move(json));
}

/// The same statement, its answer compressed, on the threads that compute it.
class CompressedStatement final : public SqlStatement {
 public:
  explicit CompressedStatement(std::unique_ptr<SqlStatement> inner) : inner_(std::move(inner)) {}
  Result<Needs> prepare() override { return inner_->prepare(); }
  Result<void> begin(InputsPtr inputs) override { return inner_->begin(std::move(inputs)); }
  Result<Piece> next(std::size_t bytes) override {
    RESTATE_TRY(Piece piece, inner_->next(bytes));
    piece.body = gzip_.add(piece.body.view(), piece.last);
    return piece;
  }
  void interrupt() override { inner_->interrupt(); }

 private:
  std::unique_ptr<SqlStatement> inner_;
  http::GzipStream gzip_;
};

void answer_failure(http::Responder& responder, const Error& error, Duration wait) {
  http::Headers headers{{"content-type", "application/json"}};
  if (error.code == Code::kOverloaded) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
    headers.add("retry-after", std::to_string(std::max<std::int64_t>(seconds, 1)));
  }
  responder.respond({status_of(error), std::move(headers)}, message_json(error.message));
}

}  // namespace

int status_of(const Error& error) {
  if (error.code == Code::kInvalidArgument) return 400;
  if (error.code == Code::kOverloaded) return 429;
  if (error.code == Code::kUnavailable || error.code == Code::kShutdown) return 503;
  return 500;
}

struct QueryService::Exchange {
  Format format = Format::kJson;
  bool gzip = false;
  http::Responder responder;
  bool started = false;  ///< the head of the answer is on its way
};

QueryService::QueryService(Shard& shard, SqlEngine& engine, InputSource& source,
                           ServiceOptions options)
    : engine_(engine), runner_(shard, engine, source, options) {}

void QueryService::run(std::string sql, Format format, bool gzip, http::Responder responder) {
  auto statement = engine_.make_statement(std::move(sql), format);
  if (gzip) statement = std::make_unique<CompressedStatement>(std::move(statement));
  // Its pieces come in later tasks: by then the number is known.
  auto number = std::make_shared<StatementRunner::Id>();
  auto opened = runner_.open(std::move(statement),
                             scope_.bind([this, number](Result<Piece> piece) {
                               on_piece(*number, std::move(piece));
                             }));
  if (!opened) return answer_failure(responder, opened.error(), runner_.retry_after());
  const StatementRunner::Id id = *number = *opened;
  auto exchange = std::make_shared<Exchange>();
  exchange->format = format;
  exchange->gzip = gzip;
  exchange->responder = std::move(responder);
  exchange->responder.on_gone(scope_.bind([this, id] { end(id); }));
  exchange->responder.on_drained(scope_.bind([this, id] { ask(id); }));
  exchanges_.emplace(id, std::move(exchange));
}

void QueryService::ask(StatementRunner::Id id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end() || !found->second->started) return;
  if (found->second->responder.unsent_bytes() > http::kHighWater) return;  // `on_drained` comes
  runner_.next(id);
}

void QueryService::on_piece(StatementRunner::Id id, Result<Piece> piece) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  Exchange& exchange = *found->second;
  if (!piece) {
    // Too late for a status: the stream is reset, so that nobody takes the part for the whole.
    if (!exchange.started) answer_failure(exchange.responder, piece.error(), Duration::zero());
    return end(id);
  }
  if (!exchange.started) {
    exchange.started = true;
    const bool json = exchange.format == Format::kJson;
    http::Headers headers{
        {"content-type", json ? "application/json" : "application/vnd.apache.arrow.stream"},
        {"vary", "accept-encoding"}};
    if (exchange.gzip) headers.add("content-encoding", "gzip");
    exchange.responder.start({200, std::move(headers)});
  }
  if (!piece->body.empty()) exchange.responder.write(std::move(piece->body));
  if (!piece->last) return ask(id);
  exchange.responder.finish();
  end(id);
}

void QueryService::end(StatementRunner::Id id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  const ExchangePtr exchange = std::move(found->second);
  exchanges_.erase(found);
  runner_.close(id);
}

}  // namespace restate::query
