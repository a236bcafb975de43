#pragma once

/// \file
/// Answers SQL over HTTP: one exchange per statement, from its text to the last byte. What the
/// client does not read is not computed, and what it does not wait for is interrupted.

#include "http/buffered_handler.h"
#include "query/engine.h"
#include "query/inputs.h"
#include "query/runner.h"

#include <restate/runtime.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace restate::query {

/// Lives on one shard.
class QueryService {
 public:
  /// The engine and the source outlive the service.
  QueryService(Shard& shard, SqlEngine& engine, InputSource& source, ServiceOptions options = {});
  QueryService(const QueryService&) = delete;
  QueryService& operator=(const QueryService&) = delete;

  /// `gzip`: the client takes the answer compressed.
  void run(std::string sql, Format format, bool gzip, http::Responder responder);

  /// For statements that come by other ways; the limits count them all.
  StatementRunner& runner() { return runner_; }
  std::size_t running() const { return runner_.running(); }

 private:
  struct Exchange;
  using ExchangePtr = std::shared_ptr<Exchange>;

  void ask(StatementRunner::Id id);
  void on_piece(StatementRunner::Id id, Result<Piece> piece);
  void end(StatementRunner::Id id);

  SqlEngine& engine_;
  StatementRunner runner_;
  std::map<StatementRunner::Id, ExchangePtr> exchanges_;
  Scope scope_;
};

/// The status that an error of a statement is answered with.
int status_of(const Error& error);

}  // namespace restate::query
