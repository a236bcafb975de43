#pragma once

/// \file
/// The REST API for operators and tools: deployments, services, invocations, state, SQL. One per
/// node, on the shard that has the registry.

#include "admin/deployments.h"
#include "admin/invocations.h"
#include "admin/kafka.h"
#include "admin/meta.h"
#include "admin/options.h"
#include "admin/query_handler.h"
#include "admin/registry_client.h"
#include "admin/router.h"
#include "admin/rules.h"
#include "admin/services.h"
#include "admin/ui_routes.h"
#include "http/bearer.h"
#include "http/buffered_handler.h"
#include "http/server.h"

#include <restate/completion.h>
#include <restate/runtime.h>

#include <memory>

namespace restate::admin {

class Admin {
 public:
  /// What the API works on. Everything outlives it.
  struct Parts {
    RegistryClient& registry;
    Discoverer& discoverer;
    worker::PartitionClient& client;
    RulesClient& rules;
    /// What keeps a subscription from its work on this node; may be empty.
    KafkaRoutes::Troubles troubles = {};
  };

  Admin(Shard& shard, AdminOptions options, Parts parts);
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  /// Who runs SQL; without one, `/query` answers 501.
  void set_query_handler(QueryHandler handler) { meta_.set_query_handler(std::move(handler)); }
  /// For routes of others, such as a web page; before `listen`.
  Router& router() { return router_; }

  /// May be called several times; returns the address in use.
  /// - `kAlreadyExists`: the address is taken.
  Result<Address> listen(const Address& address);
  /// Serves a connection that came by another way.
  void accept(std::unique_ptr<Stream> stream);
  void stop(Completion<void> done);
  /// Takes over what may change while it runs, from the next request on: the token, the limit of
  /// requests, the routing headers, and what handlers that say nothing have.
  void reconfigure(const AdminOptions& options);

  /// What the server calls; also the way in for whoever has a request already.
  http::ServerHandler& handler() { return guard_; }

 private:
  void route(Call call);

  AdminOptions options_;
  Router router_;
  DeploymentRoutes deployments_;
  ServiceRoutes services_;
  InvocationRoutes invocations_;
  RuleRoutes rules_;
  KafkaRoutes kafka_;
  MetaRoutes meta_;
  UiRoutes ui_;
  http::BufferedHandler handler_;
  http::BearerGuard guard_;
  std::unique_ptr<http::Server> server_;
  Shard& shard_;
  std::shared_ptr<std::size_t> in_flight_ = std::make_shared<std::size_t>(0);
};

}  // namespace restate::admin
