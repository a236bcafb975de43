#pragma once

/// \file
/// What a node is made of, and the order in which it comes and goes. For the files named node_*.cc.

#include "admin/registry_client.h"
#include "node/node.h"
#include "node/ports.h"
#include "node/provision.h"
#include "node/shard_node.h"
#include "query/inputs.h"

#include <atomic>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace restate::node {

/// Lives on shard 0, but for the parts of other shards, which are made and destroyed over there.
class Node::Impl : public std::enable_shared_from_this<Node::Impl>, private query::InputSource {
  /// What is bound does nothing once the node is dropped.
  template <class F>
  auto bind(F callback) {
    return scope_->bind(std::move(callback));
  }

 public:
  Impl(NodeParts parts, Config config)
      : parts_(std::move(parts)), config_(std::move(config)), home_(parts_.runtime.shard(0)) {}

  void start(Completion<BoundAddresses> done);
  void offer(std::vector<schema::DiscoveredService> services, Completion<void> done);
  void when_ready(Completion<void> done);
  void copy_tables(Completion<std::vector<worker::TableCopy>> done);
  void stop(Completion<void> done);
  void reconfigure(const Config& config);

  worker::PartitionClient& client(Shard& shard) { return shards_[shard.index()]->client(); }
  schema::SchemaPtr schema(Shard& shard) { return shards_[shard.index()]->schema().current(); }
  query::InputSource& query_source() { return *this; }
  const Config& config() const { return config_; }

  /// A simulated crash, or a host that does not wait: whatever is there goes now.
  void drop();

 private:
  // node_shards.cc
  void build(const Joined& joined);
  /// Runs `task` with the part of shard `index`, on that shard.
  void on_shard(std::size_t index, Function<void(ShardNode&)> task);
  /// Asks every shard to do something, and hears from each: `then` runs once with the first error.
  void on_every_shard(Function<void(std::size_t, Completion<void>)> ask,
                      Function<void(Result<void>)> then);
  void start_shards(Completion<BoundAddresses> done);
  void stop_shards(Completion<void> done);
  /// Only now no shard uses what lives on another.
  void leave_providers(Completion<void> done);
  /// Every shard freezes its own partitions; each does it in one turn.
  void collect(query::Needs needs, Completion<query::InputsPtr> done) override;
  void watch_leaders();
  /// Leaders come and go on their own shards; nobody waits for them but health checks, so it is
  /// enough to look now and then.
  void poll_leaders();
  void on_polled(bool leads);

  // node_services.cc
  void start_registry(Completion<BoundAddresses> done);
  void start_rules(Completion<BoundAddresses> done);
  /// The services of this process are a deployment like any other, before anybody can ask for them.
  void register_services(Completion<BoundAddresses> done);
  Result<BoundAddresses> listen();

  void drop_ports();
  void on_failed(const Error& error);

  NodeParts parts_;
  const Config config_;
  Shard& home_;
  GenerationalNodeId id_;
  std::unique_ptr<NodeShared> shared_;
  std::unique_ptr<worker::Router> router_;
  std::vector<std::vector<worker::PartitionDescription>> plans_;
  std::vector<std::unique_ptr<ShardNode>> shards_;  ///< each touched on its own shard only
  std::unique_ptr<admin::RegistryClient> registry_;
  std::unique_ptr<admin::RulesClient> rules_;
  std::unique_ptr<NodePorts> ports_;  ///< null: it does not listen, or not yet
  std::unique_ptr<Timer> poll_timer_;
  bool ready_ = false;
  bool stopping_ = false;
  std::atomic<bool> failed_{false};
  std::vector<Completion<void>> waiting_for_ready_;
  std::unique_ptr<Scope> scope_ = std::make_unique<Scope>();
};

}  // namespace restate::node
