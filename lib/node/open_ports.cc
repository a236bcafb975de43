#include "node/open_ports.h"

#include <restate/log.h>

#include <algorithm>
#include <iterator>
#include <utility>

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

Result<BoundAddresses> OpenPorts::listen() {
  const Config& config = inside_.config;
  if (config.roles.contains("http-ingress")) RESTATE_TRY_VOID(listen_ingress());
  if (config.roles.contains("admin")) RESTATE_TRY_VOID(listen_admin());
  if (config.node_listener.mode != ListenMode::kNone) {
    open_health();
    for (const Address& address : addresses_of(config.node_listener, config, "fabric.sock")) {
      auto used = health_->listen(address);
      if (!used) return std::move(used).error().within("listening for nodes");
      bound_.node.push_back(*std::move(used));
    }
  }
  return bound_;
}

/// Shard 0 listens first: the ports it gets are those that the others share. What nobody can reach
/// is not made.
Result<void> OpenPorts::listen_ingress() {
  const auto wanted = addresses_of(inside_.config.ingress_listener, inside_.config, "ingress.sock");
  if (wanted.empty()) return {};
  auto used = inside_.shards[0]->listen(wanted);
  if (!used) return std::move(used).error().within("listening for ingress");
  bound_.ingress = *std::move(used);
  std::vector<Address> shared;
  std::copy_if(bound_.ingress.begin(), bound_.ingress.end(), std::back_inserter(shared),
               [](const Address& address) { return !address.is_unix(); });
  for (std::size_t i = 1; i < inside_.shards.size(); ++i) {
    inside_.on_shard(i, [shared](ShardNode& node) {
      if (auto others = node.listen(shared); !others) {
        node.shard().log().error("node", "a shard cannot share the ingress port",
                                 {{"error", others.error().describe()}});
      }
    });
  }
  return {};
}

Result<void> OpenPorts::listen_admin() {
  const Config& config = inside_.config;
  const auto wanted = addresses_of(config.admin_listener, config, "admin.sock");
  if (wanted.empty() && !config.postgres.enabled) return {};
  open_admin();
  for (const Address& address : wanted) {
    auto used = admin_->listen(address);
    if (!used) return std::move(used).error().within("listening for admin requests");
    bound_.admin.push_back(*std::move(used));
  }
  if (!config.postgres.enabled) return {};
  auto opened = open_postgres(inside_.home, config.postgres, inside_.parts.sql, queries_.get(),
                              inside_.parts.postgres_tls);
  if (!opened) return std::move(opened).error().within("listening for PostgreSQL's protocol");
  postgres_ = std::move(opened->server);
  bound_.postgres.push_back(opened->address);
  return {};
}

void OpenPorts::open_health() {
  for (const auto& shard : inside_.shards) inside_.shared.boards.push_back(&shard->board());
  metrics_page_ = std::make_unique<MetricsPage>(
      inside_.home, inside_.shards.size(), inside_.parts, inside_.config, inside_.shared,
      [this](std::size_t shard, Function<void(ShardNode&)> task) {
        inside_.on_shard(shard, std::move(task));
      });
  documents_ = std::make_unique<DocumentVersions>(inside_.home, inside_.parts.metadata);
  health_ = std::make_unique<HealthServer>(
      inside_.home, inside_.config, inside_.id,
      HealthServer::Sources{
          [this] {
            return HealthServer::Now{inside_.ready, inside_.shards[0]->schema().current()->version,
                                     &bound_, documents_.get()};
          },
          [this](Function<void(std::string)> done) { metrics_page_->fetch(std::move(done)); }});
}

void OpenPorts::consume() {
  if (!inside_.config.roles.contains("worker")) return;
  for (std::size_t i = 0; i < inside_.shards.size(); ++i) {
    inside_.on_shard(i, [&home = inside_.home, all = troubles_](ShardNode& node) {
      node.consume([&home, all](const schema::SubscriptionId& id,
                                std::vector<schema::SubscriptionTrouble> troubles) {
        home.post_remote([all, id, troubles = std::move(troubles)]() mutable {
          if (troubles.empty()) {
            all->erase(id);
          } else {
            (*all)[id] = std::move(troubles);
          }
        });
      });
    });
  }
}

void OpenPorts::reconfigure(const Config& config) {
  if (admin_) {
    admin::AdminOptions options;
    take_live(config, options);
    admin_->reconfigure(options);
  }
  if (health_) health_->set_metrics_token(config.metrics_token.token);
}

void OpenPorts::stop(Completion<void> done) {
  health_.reset();
  documents_.reset();
  postgres_.reset();
  if (!metrics_page_) return stop_admin(std::move(done));
  // A page may be under way on the pool, where it reads what the host has lent us.
  metrics_page_->close(scope_.bind([this, done = std::move(done)]() mutable {
    inside_.home.post(scope_.bind([this, done = std::move(done)]() mutable {
      metrics_page_.reset();
      stop_admin(std::move(done));
    }));
  }));
}

void OpenPorts::stop_admin(Completion<void> done) {
  if (!admin_) return done(Result<void>());
  admin_->stop(std::move(done));
}

}  // namespace restate::node
