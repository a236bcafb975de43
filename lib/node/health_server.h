#pragma once

/// \file
/// The node's own port: who it is, that it runs, and what it has counted. Other nodes and operators
/// look here.

#include "http/bearer.h"
#include "http/buffered_handler.h"
#include "http/server.h"
#include "node/config.h"
#include "node/document_versions.h"
#include "node/node.h"

#include <restate/ids.h>
#include <restate/runtime.h>

#include <cstdint>
#include <string>

namespace restate::node {

class HealthServer {
 public:
  /// What changes while the node runs.
  struct Now {
    bool ready = false;  ///< every partition has its leader
    std::uint64_t schema_version = 0;
    const BoundAddresses* bound = nullptr;
    const DocumentVersions* documents = nullptr;
  };
  struct Sources {
    Function<Now()> now;
    /// Calls back with the page of metrics, later, or never.
    Function<void(Function<void(std::string)>)> metrics;
  };

  HealthServer(Shard& shard, const Config& config, GenerationalNodeId id, Sources sources);

  Result<Address> listen(const Address& address) { return server_.listen(address); }
  void set_metrics_token(std::string token) { guard_.set_token(std::move(token)); }

 private:
  void answer(const http::RequestHead& head, http::Responder responder);
  std::string health();

  Shard& shard_;
  const Config& config_;
  const GenerationalNodeId id_;
  const Instant started_;
  Sources sources_;
  http::BufferedHandler handler_;
  http::BearerGuard guard_;
  http::Server server_;
};

}  // namespace restate::node
