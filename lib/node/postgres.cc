#include "node/postgres.h"

#include "runtime/address.h"

#include <utility>

namespace restate::node {
namespace {

bool is_local(const Address& address) {
  return address.is_unix() || address.host == "localhost" || address.host == "::1" ||
         address.host.starts_with("127.");
}

}  // namespace

Result<PostgresListener> open_postgres(Shard& shard, const PostgresConfig& config,
                                       query::SqlEngine* engine, query::QueryService* queries,
                                       http::TlsAcceptor* tls) {
  if (engine == nullptr || queries == nullptr) {
    return Error{Code::kUnsupported, "this server was built without SQL"};
  }
  RESTATE_TRY(const Address address, parse_address(config.bind_address));
  if (!is_local(address) && config.password.empty()) {
    return Error{Code::kFailedPrecondition,
                 "admin.query-engine.postgres.password must be set, because " +
                     config.bind_address + " can be reached from other machines"};
  }
  query::pg::ServerOptions options;
  options.password = config.password;
  options.tls = tls;
  options.tls_required = tls != nullptr && !is_local(address);
  PostgresListener listener;
  listener.server = std::make_unique<query::pg::Server>(shard, *engine, queries->runner(),
                                                        std::move(options));
  RESTATE_TRY(listener.address, listener.server->listen(address));
  return listener;
}

}  // namespace restate::node
