#include "query/runner.h"

#include <algorithm>
#include <utility>

namespace restate::query {

/// The statement is touched by one step at a time: while `busy`, by a thread of the engine, else by
/// nobody.
struct StatementRunner::Run {
  std::shared_ptr<SqlStatement> statement;
  OnPiece on_piece;
  bool busy = false;
  std::unique_ptr<Timer> patience;  ///< of a statement with more than one piece
};

StatementRunner::StatementRunner(Shard& shard, SqlEngine& engine, InputSource& source,
                                 ServiceOptions options)
    : shard_(shard), engine_(engine), source_(source), options_(options) {}

StatementRunner::~StatementRunner() {
  while (!runs_.empty()) close(runs_.begin()->first);
}

Duration StatementRunner::wait_for_turn() {
  const Instant now = shard_.now();
  const Instant from = std::max(paid_until_, now);
  // Far from where a `Duration` ends, however many may come at once.
  const std::int64_t most = Duration::max() / 4 / std::max(options_.interval, Duration(1));
  const Duration ahead = options_.interval * std::min<std::int64_t>(options_.burst - 1, most);
  if (from - now > ahead) return from - now - ahead;
  paid_until_ = from + options_.interval;
  return Duration::zero();
}

Result<StatementRunner::Id> StatementRunner::open(std::unique_ptr<SqlStatement> statement,
                                                  OnPiece on_piece) {
  retry_after_ = Duration::zero();
  if (runs_.size() >= options_.statements) {
    return Error{Code::kOverloaded, "Too many statements run at once; try again later"};
  }
  retry_after_ = wait_for_turn();
  if (retry_after_ > Duration::zero()) {
    return Error{Code::kOverloaded, "Statements come faster than they may"};
  }
  const Id id = next_++;
  auto run = std::make_shared<Run>();
  run->statement = std::move(statement);
  run->on_piece = std::move(on_piece);
  runs_.emplace(id, std::move(run));
  step<Needs>(
      id, [](SqlStatement& at) { return at.prepare(); },
      [this, id](Result<Needs> needs) { on_prepared(id, std::move(needs)); });
  return id;
}

template <class T, class Step, class Then>
void StatementRunner::step(Id id, Step step, Then then) {
  Run& run = *runs_.at(id);
  run.busy = true;
  engine_.run([statement = run.statement, &shard = shard_, step = std::move(step),
               then = scope_.bind(std::move(then))]() mutable {
    auto outcome = std::make_shared<Result<T>>(step(*statement));
    // Here: closing a statement may wait for its threads.
    statement.reset();
    shard.post_remote([outcome, then = std::move(then)]() mutable { then(std::move(*outcome)); });
  });
}

void StatementRunner::on_prepared(Id id, Result<Needs> needs) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  if (!needs) return on_piece(id, std::move(needs).error());
  source_.collect(*needs,
                  Completion<InputsPtr>(shard_, scope_.bind([this, id](Result<InputsPtr> inputs) {
                    on_collected(id, std::move(inputs));
                  })));
}

void StatementRunner::on_collected(Id id, Result<InputsPtr> inputs) {
  if (!runs_.contains(id)) return;
  if (!inputs) return on_piece(id, std::move(inputs).error());
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

void StatementRunner::next(Id id) {
  const auto found = runs_.find(id);
  if (found == runs_.end() || found->second->busy) return;
  if (found->second->patience) found->second->patience->cancel();
  step<Piece>(
      id, [bytes = options_.piece_bytes](SqlStatement& statement) { return statement.next(bytes); },
      [this, id](Result<Piece> piece) { on_piece(id, std::move(piece)); });
}

void StatementRunner::on_piece(Id id, Result<Piece> piece) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  const RunPtr run = found->second;
  run->busy = false;
  if (!piece || piece->last) {
    close(id);
  } else {
    if (!run->patience) run->patience = shard_.make_timer([this, id] { give_up(id); });
    run->patience->arm(shard_.now() + options_.patience);
  }
  // It may close the statement, or all of them.
  run->on_piece(std::move(piece));
}

void StatementRunner::give_up(Id id) {
  const RunPtr run = runs_.at(id);
  close(id);
  run->on_piece(Error{Code::kTimeout, "the client did not take the rest of the answer in time"});
}

void StatementRunner::interrupt(Id id) {
  const auto found = runs_.find(id);
  if (found != runs_.end()) found->second->statement->interrupt();
}

void StatementRunner::close(Id id) {
  const auto found = runs_.find(id);
  if (found == runs_.end()) return;
  const RunPtr run = std::move(found->second);
  runs_.erase(found);
  if (run->busy) run->statement->interrupt();
  engine_.run([statement = std::move(run->statement)]() mutable { statement.reset(); });
}

}  // namespace restate::query
