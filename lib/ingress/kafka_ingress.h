#pragma once

/// \file
/// Runs the subscriptions of one shard: starts and stops consumers as the registry says, and keeps
/// those going that fail.

#include "ingress/kafka_lane.h"

#include <restate/runtime.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

namespace restate::ingress {

struct KafkaOptions {
  KafkaRules rules;
  /// Of the configuration.
  schema::KafkaClusters clusters;
  /// Which of the node's shards this is: each runs its share of the subscriptions.
  std::uint32_t shard = 0, shards = 1;
};

/// One subscription at work.
class KafkaSubscription final : private kafka::Listener {
 public:
  struct Parts {
    Shard& shard;
    kafka::Connector& connector;
    worker::Ingestion& ingestion;
    schema::SchemaSource& schemas;
    const KafkaRules& rules;
    /// What keeps it from its work, whenever that changes.
    Function<void(const schema::SubscriptionId&, std::vector<schema::SubscriptionTrouble>)>&
        on_troubles;
  };

  /// Parts outlive the subscription.
  KafkaSubscription(const Parts& parts, const schema::KafkaCluster& cluster,
                    const schema::Subscription& subscription);
  ~KafkaSubscription();

  /// True if it would be the same with these.
  bool is_of(const schema::KafkaCluster& cluster, const schema::Subscription& subscription) const {
    return cluster.properties == cluster_.properties && subscription == subscription_;
  }
  /// The registry is another one: what was refused may pass.
  void on_registry();
  /// Adds what it has counted, as `kafka_ingress_...`.
  void collect(MetricsSnapshot& out) const;

 private:
  void on_assigned(kafka::Assignment assignment) override;
  void on_revoked(kafka::Assignment assignment) override;
  void on_records(kafka::Assignment assignment, std::vector<kafka::Record> records) override;
  void on_trouble(const Error& error) override;
  void on_failed(const Error& error) override;

  void open();
  void set_trouble(const Error& error);
  void clear_trouble();
  void report();

  Parts parts_;
  const schema::KafkaCluster cluster_;
  const schema::Subscription subscription_;
  std::unique_ptr<kafka::Consumer> consumer_;
  std::map<std::int32_t, Counter> invoked_;  ///< records, by partition; assignments come and go
  std::map<kafka::Assignment, std::unique_ptr<KafkaLane>> lanes_;
  std::optional<schema::SubscriptionTrouble> trouble_;  ///< of the consumer
  Duration wait_{0};
  std::unique_ptr<Timer> restart_;
  std::unique_ptr<Timer> quiet_;  ///< fires when nobody complained for long
  Scope scope_;
};

class KafkaIngress {
 public:
  using OnTroubles =
      Function<void(const schema::SubscriptionId&, std::vector<schema::SubscriptionTrouble>)>;

  /// Starts what the registry has. References outlive the object; `on_troubles` is called on this
  /// shard.
  KafkaIngress(Shard& shard, kafka::Connector& connector, worker::Ingestion& ingestion,
               schema::SchemaSource& schemas, KafkaOptions options, OnTroubles on_troubles);
  ~KafkaIngress();
  KafkaIngress(const KafkaIngress&) = delete;
  KafkaIngress& operator=(const KafkaIngress&) = delete;

  /// From the next record on.
  void reconfigure(const KafkaRules& rules);

  /// Subscriptions with a consumer here.
  std::size_t running() const { return running_.size(); }
  /// Adds what they have counted.
  void collect(MetricsSnapshot& out) const {
    for (const auto& [id, subscription] : running_) subscription->collect(out);
  }

 private:
  void follow(const schema::Schema& schema);
  bool is_mine(const schema::SubscriptionId& id) const {
    return id.ulid.low() % options_.shards == options_.shard;
  }

  Shard& shard_;
  KafkaOptions options_;
  OnTroubles on_troubles_;
  KafkaSubscription::Parts parts_;
  std::map<schema::SubscriptionId, std::unique_ptr<KafkaSubscription>> running_;
  std::set<schema::SubscriptionId> unstarted_;  ///< their clusters are missing
  std::unique_ptr<schema::SchemaSource::Watch> watch_;
};

}  // namespace restate::ingress
