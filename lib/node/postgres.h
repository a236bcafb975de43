#pragma once

/// \file
/// Opens PostgreSQL's protocol as the configuration asks for it.

#include "http/tls.h"
#include "node/config.h"
#include "query/pg/server.h"
#include "query/service.h"

#include <restate/result.h>
#include <restate/runtime.h>

#include <memory>

namespace restate::node {

struct PostgresListener {
  std::unique_ptr<query::pg::Server> server;
  Address address;
};

/// `queries` null: this build has no SQL. `tls` null: none is configured.
/// - `kFailedPrecondition`: other machines could connect, and nothing would keep them away.
/// - `kUnsupported`: there is no SQL.
/// - `kAlreadyExists`: the address is taken.
Result<PostgresListener> open_postgres(Shard& shard, const PostgresConfig& config,
                                       query::SqlEngine* engine, query::QueryService* queries,
                                       http::TlsAcceptor* tls);

}  // namespace restate::node
