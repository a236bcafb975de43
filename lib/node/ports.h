#pragma once

/// \file
/// How a node is reached from outside: HTTP for callers and operators, PostgreSQL's protocol,
/// health checks, and topics of Kafka. Behind interfaces, because a program whose engine has no
/// ports is linked without everything that they need.

#include "admin/registry_client.h"
#include "node/node.h"
#include "node/shard_node.h"

#include <restate/completion.h>
#include <restate/result.h>
#include <restate/runtime.h>

#include <cstddef>
#include <memory>
#include <vector>

namespace restate::node {

/// What the ports of one shard lead to; all of it outlives them.
struct ShardInside {
  Shard& shard;
  NodeParts& parts;
  const Config& config;
  NodeShared& shared;
  worker::Router& router;
  worker::PartitionClient& client;
  schema::SchemaCell& schema;
  trace::Sink* traces;  ///< null: nobody traces
};

/// What the ports of a node lead to; all of it outlives them.
struct NodeInside {
  Shard& home;
  NodeParts& parts;
  const Config& config;
  GenerationalNodeId id;
  NodeShared& shared;
  const std::vector<std::unique_ptr<ShardNode>>& shards;
  admin::RegistryClient& registry;
  admin::RulesClient& rules;
  query::InputSource& rows;
  const bool& ready;  ///< every partition has its leader
  /// Runs a task with the part of a shard, on that shard, unless that is gone.
  Function<void(std::size_t, Function<void(ShardNode&)>)> on_shard;
};

/// How callers and topics reach one shard; lives on it.
class ShardPorts {
 public:
  virtual ~ShardPorts() = default;
  /// Opens the listeners of callers.
  virtual Result<std::vector<Address>> listen(const std::vector<Address>& addresses) = 0;
  /// Starts this shard's share of the subscriptions.
  virtual void consume(OnTroubles on_troubles) = 0;
  /// See `Node::reconfigure`.
  virtual void reconfigure(const Config& config) = 0;
  /// Adds what it has counted.
  virtual void collect(MetricsSnapshot& out) = 0;
  /// Takes no more requests; completes once those under way are over, which may be in this call.
  virtual void stop(Completion<void> done) = 0;
};

/// How a node is reached; lives on shard 0. Destroying it drops whatever is under way.
class NodePorts {
 public:
  virtual ~NodePorts() = default;
  /// Opens what the configuration asks for, the listeners of the shards among it. Once.
  virtual Result<BoundAddresses> listen() = 0;
  /// Every worker is a member of the groups of all subscriptions.
  virtual void consume() = 0;
  /// See `Node::reconfigure`.
  virtual void reconfigure(const Config& config) = 0;
  /// Takes no more requests but those of callers; completes once those under way are over, which
  /// may be in this call.
  virtual void stop(Completion<void> done) = 0;
};

/// What `NodeParts::ports` refers to.
struct PortsFactory {
  std::unique_ptr<ShardPorts> (*make_shard)(ShardInside inside);
  std::unique_ptr<NodePorts> (*make_node)(NodeInside inside);
};

/// The ports there are. Whoever names this is linked with them.
const PortsFactory& all_ports();

}  // namespace restate::node
