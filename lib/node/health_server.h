#pragma once

/// \file
/// The node's own port: who it is, and that it runs. Other nodes and operators look here.

#include "http/bearer.h"
#include "http/buffered_handler.h"
#include "http/server.h"
#include "node/config.h"

#include <restate/ids.h>
#include <restate/runtime.h>

namespace restate::node {

class HealthServer {
 public:
  HealthServer(Shard& shard, const Config& config, GenerationalNodeId id);

  Result<Address> listen(const Address& address) { return server_.listen(address); }
  void set_metrics_token(std::string token) { guard_.set_token(std::move(token)); }

 private:
  void answer(const http::RequestHead& head, http::Responder responder);

  Shard& shard_;
  const Config& config_;
  const GenerationalNodeId id_;
  const Instant started_;
  http::BufferedHandler handler_;
  http::BearerGuard guard_;
  http::Server server_;
};

}  // namespace restate::node
