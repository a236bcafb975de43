#include "query/service.h"

#include "common/utf8.h"
#include "query/gzip.h"

#include <algorithm>
#include <chrono>
#include <type_traits>
#include <utility>

namespace restate::query {
namespace {

Bytes message_json(const std::string& message) {
  std::string json = "{\"message\":";
  append_json_string(json, message);
  json += '}';
  return Bytes(std::move(json));
}

}  // namespace

int status_of(const Error& error) {
  if (error.code == Code::kInvalidArgument) return 400;
  if (error.code == Code::kOverloaded) return 429;
  if (error.code == Code::kUnavailable || error.code == Code::kShutdown) return 503;
  return 500;
}

/// The statement is touched by one step at a time: while `busy`, by a thread of the engine, else by
/// nobody.
struct QueryService::Exchange {
  std::shared_ptr<SqlStatement> statement;
  std::shared_ptr<Gzip> gzip;  ///< null: the answer is not compressed; touched like the statement
  Format format = Format::kJson;
  http::Responder responder;
  bool started = false;  ///< the head of the answer is on its way
  bool busy = false;
};

QueryService::QueryService(Shard& shard, SqlEngine& engine, InputSource& source,
                           ServiceOptions options)
    : shard_(shard), engine_(engine), source_(source), options_(options) {}

QueryService::~QueryService() {
  while (!exchanges_.empty()) end(exchanges_.begin()->first);
}

Duration QueryService::wait_for_turn() {
  const Instant now = shard_.now();
  const Instant from = std::max(paid_until_, now);
  const Duration ahead = options_.interval * (options_.burst - 1);
  if (from - now > ahead) return from - now - ahead;
  paid_until_ = from + options_.interval;
  return Duration::zero();
}

void QueryService::refuse(http::Responder responder, Duration wait, const std::string& message) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  responder.respond({429,
                     {{"content-type", "application/json"},
                      {"retry-after", std::to_string(std::max<std::int64_t>(seconds, 1))}}},
                    message_json(message));
}

void QueryService::run(std::string sql, Format format, bool gzip, http::Responder responder) {
  if (exchanges_.size() >= options_.statements) {
    return refuse(std::move(responder), Duration::zero(),
                  "Too many statements run at once; try again later");
  }
  if (const Duration wait = wait_for_turn(); wait > Duration::zero()) {
    return refuse(std::move(responder), wait, "Statements come faster than they may");
  }
  const std::uint64_t id = next_++;
  auto exchange = std::make_shared<Exchange>();
  exchange->statement = engine_.make_statement(std::move(sql), format);
  exchange->format = format;
  if (gzip) exchange->gzip = std::make_shared<Gzip>();
  exchange->responder = std::move(responder);
  exchange->responder.on_gone(scope_.bind([this, id] { end(id); }));
  exchange->responder.on_drained(scope_.bind([this, id] { ask(id); }));
  exchanges_.emplace(id, exchange);
  step<Needs>(
      id, [](SqlStatement& statement) { return statement.prepare(); },
      [this, id](Result<Needs> needs) { on_prepared(id, std::move(needs)); });
}

template <class T, class Step, class Then>
void QueryService::step(std::uint64_t id, Step step, Then then) {
  Exchange& exchange = *exchanges_.at(id);
  exchange.busy = true;
  engine_.run([statement = exchange.statement, gzip = exchange.gzip, &shard = shard_,
               step = std::move(step), then = scope_.bind(std::move(then))]() mutable {
    auto outcome = std::make_shared<Result<T>>(step(*statement));
    if constexpr (std::is_same_v<T, Piece>) {
      if (gzip && *outcome) (*outcome)->body = gzip->add((*outcome)->body.view(), (*outcome)->last);
    }
    // Here: closing a statement may wait for its threads.
    statement.reset();
    shard.post_remote([outcome, then = std::move(then)]() mutable { then(std::move(*outcome)); });
  });
}

void QueryService::on_prepared(std::uint64_t id, Result<Needs> needs) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  found->second->busy = false;
  if (!needs) return fail(id, needs.error());
  source_.collect(*needs,
                  Completion<InputsPtr>(shard_, scope_.bind([this, id](Result<InputsPtr> inputs) {
                    on_collected(id, std::move(inputs));
                  })));
}

void QueryService::on_collected(std::uint64_t id, Result<InputsPtr> inputs) {
  if (!exchanges_.contains(id)) return;
  if (!inputs) return fail(id, inputs.error());
  // Until the first piece is there, nobody knows whether there will be an answer.
  step<Piece>(
      id,
      [inputs = *std::move(inputs),
       bytes = options_.piece_bytes](SqlStatement& statement) mutable -> Result<Piece> {
        RESTATE_TRY_VOID(statement.begin(std::move(inputs)));
        return statement.next(bytes);
      },
      [this, id](Result<Piece> piece) { on_piece(id, std::move(piece)); });
}

void QueryService::ask(std::uint64_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  Exchange& exchange = *found->second;
  if (exchange.busy || !exchange.started) return;
  if (exchange.responder.unsent_bytes() > http::kHighWater) return;  // `on_drained` comes
  step<Piece>(
      id, [bytes = options_.piece_bytes](SqlStatement& statement) { return statement.next(bytes); },
      [this, id](Result<Piece> piece) { on_piece(id, std::move(piece)); });
}

void QueryService::on_piece(std::uint64_t id, Result<Piece> piece) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  Exchange& exchange = *found->second;
  exchange.busy = false;
  if (!piece) return fail(id, piece.error());
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

void QueryService::fail(std::uint64_t id, const Error& error) {
  Exchange& exchange = *exchanges_.at(id);
  // Too late for a status: the stream is reset, so that nobody takes the part for the whole.
  if (!exchange.started) {
    http::Headers headers{{"content-type", "application/json"}};
    if (error.code == Code::kOverloaded) headers.add("retry-after", "1");
    exchange.responder.respond({status_of(error), std::move(headers)}, message_json(error.message));
  }
  end(id);
}

void QueryService::end(std::uint64_t id) {
  const auto found = exchanges_.find(id);
  if (found == exchanges_.end()) return;
  const ExchangePtr exchange = std::move(found->second);
  exchanges_.erase(found);
  if (exchange->busy) exchange->statement->interrupt();
  engine_.run([statement = std::move(exchange->statement)]() mutable { statement.reset(); });
}

}  // namespace restate::query
