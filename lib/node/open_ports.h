#pragma once

/// \file
/// The ports of a node, open. For the files named open_ports*.cc.

#include "admin/admin.h"
#include "http/client.h"
#include "node/document_versions.h"
#include "node/health_server.h"
#include "node/metrics_page.h"
#include "node/ports.h"
#include "node/postgres.h"
#include "query/service.h"

#include <map>
#include <memory>
#include <vector>

namespace restate::node {

class OpenPorts final : public NodePorts {
 public:
  explicit OpenPorts(NodeInside inside) : inside_(std::move(inside)) {}

  Result<BoundAddresses> listen() override;
  void consume() override;
  void reconfigure(const Config& config) override;
  void stop(Completion<void> done) override;

 private:
  /// What keeps subscriptions of this node from their work.
  using Troubles = std::map<schema::SubscriptionId, std::vector<schema::SubscriptionTrouble>>;

  // open_ports.cc
  Result<void> listen_ingress();
  Result<void> listen_admin();
  void open_health();
  void stop_admin(Completion<void> done);

  // open_ports_admin.cc
  void open_admin();
  /// What of the admin API may change while it runs.
  static void take_live(const Config& config, admin::AdminOptions& options);

  NodeInside inside_;
  BoundAddresses bound_;
  std::shared_ptr<Troubles> troubles_ = std::make_shared<Troubles>();  ///< touched on shard 0 only
  // In the order in which they are made; they go in the reverse order.
  std::unique_ptr<http::Client> http_client_;
  std::unique_ptr<invoker::LambdaClient> lambda_client_;
  std::unique_ptr<admin::NetworkDiscoverer> discoverer_;
  std::unique_ptr<query::QueryService> queries_;
  std::unique_ptr<query::pg::Server> postgres_;
  std::unique_ptr<admin::Admin> admin_;
  std::unique_ptr<MetricsPage> metrics_page_;
  std::unique_ptr<DocumentVersions> documents_;
  std::unique_ptr<HealthServer> health_;
  Scope scope_;
};

}  // namespace restate::node
