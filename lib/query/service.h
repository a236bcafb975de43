#pragma once

/// \file
/// Answers SQL over HTTP: one exchange per statement, from its text to the last byte. What the
/// client does not read is not computed, and what it does not wait for is interrupted.

#include "http/buffered_handler.h"
#include "query/engine.h"
#include "query/inputs.h"

#include <restate/runtime.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace restate::query {

struct ServiceOptions {
  /// Statements at once; more are told to come back.
  std::size_t statements = 32;
  /// How much of an answer is computed ahead of the client.
  std::size_t piece_bytes = 128 * 1024;
  /// Between two statements, on average; zero: as they come.
  Duration interval = Duration::zero();
  /// How many of them may come at once, then.
  std::uint32_t burst = 1;
};

/// Lives on one shard.
class QueryService {
 public:
  /// The engine and the source outlive the service.
  QueryService(Shard& shard, SqlEngine& engine, InputSource& source, ServiceOptions options = {});
  /// Interrupts what runs.
  ~QueryService();
  QueryService(const QueryService&) = delete;
  QueryService& operator=(const QueryService&) = delete;

  /// `gzip`: the client takes the answer compressed.
  void run(std::string sql, Format format, bool gzip, http::Responder responder);

  std::size_t running() const { return exchanges_.size(); }

 private:
  /// How long the next statement has to wait by the rate; zero: it may run, and is counted.
  Duration wait_for_turn();
  static void refuse(http::Responder responder, Duration wait, const std::string& message);

  struct Exchange;
  using ExchangePtr = std::shared_ptr<Exchange>;

  /// Takes a step on the engine's threads, then `then` with its outcome, here.
  template <class T, class Step, class Then>
  void step(std::uint64_t id, Step step, Then then);
  void on_prepared(std::uint64_t id, Result<Needs> needs);
  void on_collected(std::uint64_t id, Result<InputsPtr> inputs);
  void ask(std::uint64_t id);
  void on_piece(std::uint64_t id, Result<Piece> piece);
  void fail(std::uint64_t id, const Error& error);
  void end(std::uint64_t id);

  Shard& shard_;
  SqlEngine& engine_;
  InputSource& source_;
  const ServiceOptions options_;
  std::uint64_t next_ = 0;
  Instant paid_until_;  ///< the statements so far, at the rate
  std::map<std::uint64_t, ExchangePtr> exchanges_;
  Scope scope_;
};

/// The status that an error of a statement is answered with.
int status_of(const Error& error);

}  // namespace restate::query
