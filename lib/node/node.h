#pragma once

/// \file
/// A node: its roles wired together over the parts that a host lends it, started and stopped in
/// order. Runs on every runtime, the simulator's included.

#include "common/trace.h"
#include "invoker/deployment_client.h"
#include "invoker/lambda.h"
#include "node/config.h"
#include "schema/registry.h"
#include "worker/client.h"
#include "worker/copy_store.h"

#include <restate/bifrost/loglet.h>
#include <restate/completion.h>
#include <restate/metadata/store.h>
#include <restate/runtime.h>
#include <restate/storage/store.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace restate {
class MetricsSnapshot;
}
namespace restate::http {
class TlsAcceptor;
class TlsConnector;
}
namespace restate::kafka {
class Connector;
}
namespace restate::protocol {
class RequestIdentity;
}
namespace restate::query {
class InputSource;
class SqlEngine;
}

namespace restate::node {

struct PortsFactory;

/// What a node is given; all of it outlives the node.
struct NodeParts {
  Runtime& runtime;
  storage::Store& store;
  metadata::Store& metadata;
  std::vector<std::pair<std::string, std::shared_ptr<bifrost::LogletProvider>>> providers;
  std::string default_provider = "local";
  /// How it is reached from outside: `all_ports` (node/ports.h). Null: not at all, and nor
  /// does the configuration ask for it.
  const PortsFactory* ports = nullptr;
  /// The way to deployments, made once per shard, on it.
  Function<std::unique_ptr<invoker::DeploymentClient>(Shard&)> deployments;
  /// The way to functions for discovery, made on shard 0; nothing: they are refused.
  Function<std::unique_ptr<invoker::LambdaClient>(Shard&)> lambda;
  /// For https deployments; null: they cannot be reached.
  http::TlsConnector* tls = nullptr;
  /// For subscriptions, which need `ports`; null: there are none.
  kafka::Connector* kafka = nullptr;
  /// Where copies of tables are kept; null: none are made.
  worker::CopyStore* copies = nullptr;
  /// Signs discovery requests; null: they are not signed.
  std::shared_ptr<const protocol::RequestIdentity> identity;
  /// Runs the statements of the admin API; null: it has no SQL.
  query::SqlEngine* sql = nullptr;
  /// For PostgreSQL's clients; null: no certificate is configured.
  http::TlsAcceptor* postgres_tls = nullptr;
  /// Services of this process; empty: none.
  std::vector<schema::DiscoveredService> in_process_services;
  /// Takes the spans of invocations, made once per shard, on it; nothing: nobody traces.
  Function<std::unique_ptr<trace::Sink>(Shard&)> traces;
  /// Adds figures about what the host has lent, on any thread; nothing: those of the store only.
  Function<void(MetricsSnapshot&)> collect;
  /// Called once, on any shard: the disk refused, and nothing is acknowledged any more.
  Function<void(const Error&)> on_failed;
};

/// Where a node listens, once it does.
struct BoundAddresses {
  std::vector<Address> ingress;
  std::vector<Address> admin;
  std::vector<Address> node;
  std::vector<Address> postgres;  ///< empty: it is not enabled
};

class Node {
 public:
  Node(NodeParts parts, Config config);
  /// After `stop`, or in a simulated crash.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Joins, opens the partitions and listens. Call on shard 0; completes there once requests are
  /// accepted, which may be before every partition leads.
  void start(Completion<BoundAddresses> done);
  /// Replaces what the in-process deployment serves; completes once calls to it are possible.
  void offer(std::vector<schema::DiscoveredService> services, Completion<void> done);
  /// Completes once every partition has its leader here. Call on shard 0.
  void when_ready(Completion<void> done);
  /// Copies the tables of every partition, as they are now, to where copies are kept: a partition
  /// that has lost its own begins with the newest. Call on shard 0.
  /// - `kFailedPrecondition`: there is no such place, or a partition is not open.
  void copy_tables(Completion<std::vector<worker::TableCopy>> done);
  /// Refuses new requests, drops attempts (they go on after the next start), flushes, closes. Call
  /// on shard 0; the node may be destroyed after completion.
  void stop(Completion<void> done);

  /// Takes over the keys that may change while it runs (`is_live_key`). Call on shard 0, after
  /// `start` has completed.
  void reconfigure(const Config& config);

  /// The way to the partitions for code on `shard`; valid between start and stop.
  worker::PartitionClient& client(Shard& shard);
  /// The registry as `shard` knows it.
  schema::SchemaPtr schema(Shard& shard);
  /// What statements read. Call on shard 0; valid between start and stop.
  query::InputSource& query_source();
  const Config& config() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace restate::node
