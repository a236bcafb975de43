#pragma once

/// \file
/// Everything of a node that lives on one shard, in the order in which it must die.

#include "common/memory_pool.h"
#include "invoker/slots.h"
#include "node/node.h"
#include "query/inputs.h"
#include "schema/rule_book.h"
#include "schema/source.h"
#include "schema/subscription.h"
#include "worker/context.h"
#include "worker/group.h"
#include "worker/router.h"
#include "worker/supervisor.h"

#include <atomic>
#include <memory>
#include <vector>

namespace restate::node {

class ShardPorts;

/// Hears what keeps a subscription from its work, whenever that changes.
using OnTroubles =
    Function<void(const schema::SubscriptionId&, std::vector<schema::SubscriptionTrouble>)>;

/// What the shards of a node have in common. Outlives them.
struct NodeShared {
  NodeShared(const Config& config, const std::vector<Shard*>& shards)
      : limits(config.concurrent_invocations, shards,
               {config.memory.attempts, config.memory.attempt_initial}),
        request_bodies(std::make_shared<MemoryPool>(config.memory.requests)) {}

  invoker::SharedLimits limits;
  std::shared_ptr<std::atomic<std::size_t>> ingress_requests =
      std::make_shared<std::atomic<std::size_t>>(0);
  std::shared_ptr<MemoryPool> request_bodies;
  bool controlled_idempotent_sharding = true;
  std::uint64_t cluster_fingerprint = 0;
  std::vector<const worker::StatusBoard*> boards;  ///< of all shards
};

class ShardNode {
 public:
  ShardNode(Shard& shard, NodeParts& parts, const Config& config, GenerationalNodeId id,
            NodeShared& shared, worker::Router& router,
            Function<void(const Error&)> on_failed);
  ~ShardNode();

  /// Reads the logs' chains, then opens the partitions of this shard. The registry is there already.
  void start(std::vector<worker::PartitionDescription> partitions, Completion<void> done);
  /// Opens the ingress listeners of this shard. As `consume`: for nodes that have ports.
  Result<std::vector<Address>> listen(const std::vector<Address>& addresses);
  /// Starts this shard's share of the subscriptions. `on_troubles` is called on this shard.
  void consume(OnTroubles on_troubles);
  /// Appends what a query needs to see of `partitions`, as they are now.
  /// - `kUnavailable`: one of them is not open.
  Result<void> collect(const std::vector<worker::PartitionDescription>& partitions,
                       const query::Needs& needs, std::vector<query::PartitionInput>& into);
  /// Copies the tables of this shard's partitions.
  void copy_tables(Completion<std::vector<worker::TableCopy>> done) {
    supervisor_.copy_tables(std::move(done));
  }
  /// Takes no more requests; what runs is started again by the next start.
  void stop(Completion<void> done);

  /// True while every partition of this shard has its leader here.
  bool leads_all() const { return supervisor_.leads_all(); }
  /// How its partitions stand; for any thread.
  const worker::StatusBoard& board() const { return supervisor_.board(); }
  /// See `Node::reconfigure`.
  void reconfigure(const Config& config);
  void set_ready(bool ready) { client_.set_ready(ready); }

  /// Adds what this shard has counted.
  void collect(MetricsSnapshot& out);

  Shard& shard() { return shard_; }
  worker::PartitionClient& client() { return client_; }
  schema::SchemaCell& schema() { return schema_; }
  schema::RuleCell& rules() { return rules_; }

 private:
  Shard& shard_;
  NodeShared& shared_;
  schema::SchemaCell schema_;
  schema::RuleCell rules_;
  std::unique_ptr<trace::Sink> traces_;  ///< null: nobody traces
  std::unique_ptr<bifrost::Bifrost> bifrost_;
  std::unique_ptr<invoker::DeploymentClient> deployments_;
  worker::ShardContext context_;
  worker::Group group_;
  worker::RoutingClient client_;
  worker::Supervisor supervisor_;
  std::unique_ptr<ShardPorts> ports_;  ///< null: the node has none
  Scope scope_;
};

}  // namespace restate::node
