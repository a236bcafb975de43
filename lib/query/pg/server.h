#pragma once

/// \file
/// PostgreSQL's protocol on one shard: accepts connections, carries out what their sessions decide.
/// Statements run where those of the admin API run, under the same limits.

#include "http/tls.h"
#include "query/engine.h"
#include "query/pg/session.h"
#include "query/runner.h"

#include <restate/runtime.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace restate::query::pg {

struct ServerOptions {
  /// Empty: everybody is trusted.
  std::string password;
  /// Null: no TLS. Outlives the server.
  http::TlsAcceptor* tls = nullptr;
  bool tls_required = false;
  std::size_t connections = 128;
  /// From the first byte to the end of the authentication.
  Duration startup_timeout = std::chrono::seconds(30);
};

class Server {
 public:
  /// The engine and the runner outlive the server.
  Server(Shard& shard, SqlEngine& engine, StatementRunner& runner, ServerOptions options);
  /// Drops all connections at once.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Returns the address in use.
  /// - `kAlreadyExists`: the address is taken.
  Result<Address> listen(const Address& address);
  /// Serves a connection that came by another way.
  void accept(std::unique_ptr<Stream> stream);

  std::size_t connections() const { return connections_.size(); }

 private:
  class Connection;

  void cancel(const BackendKey& key);
  /// Not in a call of the connection.
  void forget(std::uint32_t process);
  std::string random_text(std::size_t bytes);

  Shard& shard_;
  SqlEngine& engine_;
  StatementRunner& runner_;
  const ServerOptions options_;
  std::optional<Credentials> credentials_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::uint32_t next_process_ = 1;
  std::map<std::uint32_t, std::unique_ptr<Connection>> connections_;
  bool is_full_ = false;  ///< the last one that came was refused
  Scope scope_;
};

}  // namespace restate::query::pg
