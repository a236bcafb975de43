#include "node/node_impl.h"

#include <restate/log.h>

#include <algorithm>

// Where a node listens.

namespace restate::node {
namespace {

/// The addresses that a listener's configuration asks for.
std::vector<Address> addresses_of(const ListenerConfig& listener, const Config& config,
                                  const char* socket_name) {
  std::vector<Address> addresses;
  if (listener.mode == ListenMode::kNone) return addresses;
  if (listener.mode != ListenMode::kUnix) {
    addresses.push_back(
        {listener.bind_ip, listener.random_port ? std::uint16_t{0} : listener.port, {}});
  }
  if (listener.mode != ListenMode::kTcp && !config.base_dir.empty()) {
    addresses.push_back({{}, 0, config.base_dir + "/" + config.node_name + "/" + socket_name});
  }
  return addresses;
}

}  // namespace

Result<BoundAddresses> Node::Impl::listen() {
  BoundAddresses& bound = bound_;
  // What nobody can reach is not made: an embedded engine has no ports unless it is asked for them.
  const auto ingress = addresses_of(config_.ingress_listener, config_, "ingress.sock");
  if (config_.roles.contains("http-ingress") && !ingress.empty()) {
    auto used = shards_[0]->listen(ingress);
    if (!used) return std::move(used).error().within("listening for ingress");
    bound.ingress = *std::move(used);
    std::vector<Address> shared;
    std::copy_if(bound.ingress.begin(), bound.ingress.end(), std::back_inserter(shared),
                 [](const Address& address) { return !address.is_unix(); });
    for (std::size_t i = 1; i < shards_.size(); ++i) {
      on_shard(i, [shared](ShardNode& node) {
        if (auto others = node.listen(shared); !others) {
          node.shard().log().error("node", "a shard cannot share the ingress port",
                                   {{"error", others.error().describe()}});
        }
      });
    }
  }
  const auto admin = addresses_of(config_.admin_listener, config_, "admin.sock");
  if (config_.roles.contains("admin") && (!admin.empty() || config_.postgres.enabled)) {
    open_admin(bound.ingress);
    for (const Address& address : admin) {
      auto used = admin_->listen(address);
      if (!used) return std::move(used).error().within("listening for admin requests");
      bound.admin.push_back(*std::move(used));
    }
  }
  if (config_.postgres.enabled && admin_) {
    auto opened = open_postgres(home_, config_.postgres, parts_.sql, queries_.get(),
                                parts_.postgres_tls);
    if (!opened) return std::move(opened).error().within("listening for PostgreSQL's protocol");
    postgres_ = std::move(opened->server);
    bound.postgres.push_back(opened->address);
  }
  if (config_.node_listener.mode != ListenMode::kNone) {
    open_health();
    for (const Address& address : addresses_of(config_.node_listener, config_, "fabric.sock")) {
      auto used = health_->listen(address);
      if (!used) return std::move(used).error().within("listening for nodes");
      bound.node.push_back(*std::move(used));
    }
  }
  return bound;
}

void Node::Impl::open_health() {
  for (const auto& shard : shards_) shared_->boards.push_back(&shard->board());
  metrics_page_ = std::make_unique<MetricsPage>(
      home_, shards_.size(), parts_, config_, *shared_,
      [this](std::size_t shard, Function<void(ShardNode&)> task) {
        on_shard(shard, std::move(task));
      });
  documents_ = std::make_unique<DocumentVersions>(home_, parts_.metadata);
  health_ = std::make_unique<HealthServer>(
      home_, config_, id_,
      HealthServer::Sources{
          [this] {
            return HealthServer::Now{ready_, shards_[0]->schema().current()->version, &bound_,
                                     documents_.get()};
          },
          [this](Function<void(std::string)> done) { metrics_page_->fetch(std::move(done)); }});
}

}  // namespace restate::node
