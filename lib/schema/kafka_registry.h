#pragma once

/// \file
/// How clusters and subscriptions change in the registry. As in `registry.h`, each function gives the
/// registry that follows, or says why there is none.

#include "schema/registry.h"

#include <string>
#include <string_view>

namespace restate::schema {

/// The cluster of that name: one of the registry hides one of the configuration, `fixed`. Null if
/// there is none.
const KafkaCluster* find_cluster(const Schema& schema, const KafkaClusters& fixed,
                                 std::string_view name);

RegistryResult<Schema> create_kafka_cluster(Schema schema, const KafkaClusters& fixed,
                                            KafkaCluster cluster);
/// Replaces all properties.
RegistryResult<Schema> update_kafka_cluster(Schema schema, const KafkaClusters& fixed,
                                            std::string_view name, KafkaProperties properties);
/// With `force` subscriptions may be left without a cluster.
RegistryResult<Schema> delete_kafka_cluster(Schema schema, const KafkaClusters& fixed,
                                            std::string_view name, bool force);

/// A subscription as its owner asks for it.
struct SubscriptionRequest {
  SubscriptionId id;
  std::string source;  ///< `kafka://cluster/topic`; a URI
  std::string sink;    ///< `service://Service/handler`; a URI
  KafkaProperties options;
};
RegistryResult<Schema> create_subscription(Schema schema, const KafkaClusters& fixed,
                                           SubscriptionRequest request);
RegistryResult<Schema> delete_subscription(Schema schema, const SubscriptionId& id);

/// What a subscription is given to Kafka's client: the cluster's properties, its own, and what
/// decides when offsets are stored. `ignored` names what its owner may not choose.
KafkaProperties consumer_properties(const KafkaCluster& cluster, const Subscription& subscription,
                                    std::vector<std::string>& ignored);

}  // namespace restate::schema
