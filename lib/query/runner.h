#pragma once

/// \file
/// Drives statements from their text to the last byte of their answer: takes their steps on the
/// engine's threads, one at a time, computes what was asked for and no more, and ends what nobody
/// waits for. Everybody who runs SQL on a node shares one.

#include "query/engine.h"
#include "query/inputs.h"

#include <restate/runtime.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>

namespace restate::query {

struct ServiceOptions {
  /// Statements at once; more are told to come back.
  std::size_t statements = 32;
  /// How much of an answer is computed ahead of the client.
  std::size_t piece_bytes = 128 * 1024;
  /// Between two statements, on average; zero: as they come.
  Duration interval = Duration::zero();
  /// How many of them may come at once, then; at least one.
  std::uint32_t burst = 1;
  /// How long a statement, which keeps what it reads from going away, waits for a client that does not
  /// take the rest of its answer.
  Duration patience = std::chrono::minutes(5);
};

/// Lives on one shard.
class StatementRunner {
 public:
  using Id = std::uint64_t;
  /// Never called inside a call into the runner. After an error and after the last piece the
  /// statement is closed. It may fail with `kTimeout` between two pieces: see `patience`.
  using OnPiece = Function<void(Result<Piece>)>;

  /// The engine and the source outlive the runner.
  StatementRunner(Shard& shard, SqlEngine& engine, InputSource& source, ServiceOptions options);
  /// Interrupts what runs.
  ~StatementRunner();
  StatementRunner(const StatementRunner&) = delete;
  StatementRunner& operator=(const StatementRunner&) = delete;

  /// Runs it up to its first piece.
  /// - `kOverloaded`: too many run, or they come too fast; see `retry_after`.
  Result<Id> open(std::unique_ptr<SqlStatement> statement, OnPiece on_piece);
  /// The next piece. Nothing, if one is on its way, or if the statement is closed.
  void next(Id id);
  /// Lets what is on its way, or will be asked for next, fail with `kCancelled`.
  void interrupt(Id id);
  /// Nothing more is heard of it.
  void close(Id id);

  /// How long whoever was refused just now should wait.
  Duration retry_after() const { return retry_after_; }
  std::size_t running() const { return runs_.size(); }

 private:
  struct Run;
  using RunPtr = std::shared_ptr<Run>;

  /// How long the next statement has to wait by the rate; zero: it may run, and is counted.
  Duration wait_for_turn();
  /// Takes a step on the engine's threads, then `then` with its outcome, here.
  template <class T, class Step, class Then>
  void step(Id id, Step step, Then then);
  void on_prepared(Id id, Result<Needs> needs);
  void on_collected(Id id, Result<InputsPtr> inputs);
  void on_piece(Id id, Result<Piece> piece);
  /// Nobody has asked for its next piece.
  void give_up(Id id);

  Shard& shard_;
  SqlEngine& engine_;
  InputSource& source_;
  const ServiceOptions options_;
  Id next_ = 0;
  Instant paid_until_;  ///< the statements so far, at the rate
  Duration retry_after_ = Duration::zero();
  std::map<Id, RunPtr> runs_;
  Scope scope_;
};

}  // namespace restate::query
