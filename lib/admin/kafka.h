#pragma once

/// \file
/// `/kafka-clusters` and `/subscriptions`: where records come from and which handlers they call.

#include "admin/options.h"
#include "admin/registry_client.h"
#include "admin/router.h"

#include <restate/runtime.h>

#include <vector>

namespace restate::admin {

class KafkaRoutes {
 public:
  /// What keeps a subscription from its work.
  using Troubles =
      Function<std::vector<schema::SubscriptionTrouble>(const schema::SubscriptionId&)>;

  KafkaRoutes(Shard& shard, const AdminOptions& options, RegistryClient& registry,
              Troubles troubles)
      : shard_(shard), options_(options), registry_(registry), troubles_(std::move(troubles)) {}

  void add_to(Router& router);

 private:
  void create_cluster(Call call);
  void list_clusters(Call call);
  void get_cluster(Call call);
  void update_cluster(Call call);
  void delete_cluster(Call call);
  void create_subscription(Call call);
  void list_subscriptions(Call call);
  void get_subscription(Call call);
  void delete_subscription(Call call);

  /// Makes the change and calls `answer` with the registry in force; refusals are answered here.
  void change(Call call, RegistryClient::Change what,
              Function<void(Call, const schema::Schema&)> answer);
  /// True where nothing consumes; then the call is answered.
  bool refused(Call& call) const;
  Json view(const schema::Schema& schema, const schema::KafkaCluster& cluster) const;
  /// What keeps it from its work is not in the answers of other servers: it is asked for.
  Json view(const schema::Subscription& subscription, bool with_errors);

  Shard& shard_;
  const AdminOptions& options_;
  RegistryClient& registry_;
  Troubles troubles_;
  Scope scope_;
};

}  // namespace restate::admin
