#include "ingress/kafka_ingress.h"

#include "schema/kafka_registry.h"

#include <restate/log.h>

namespace restate::ingress {
namespace {

/// librdkafka repeats that a broker cannot be reached every 30 s or so.
constexpr Duration kForgetAfter = std::chrono::seconds(60);

}  // namespace

KafkaSubscription::KafkaSubscription(const Parts& parts, const schema::KafkaCluster& cluster,
                                     const schema::Subscription& subscription)
    : parts_(parts),
      cluster_(cluster),
      subscription_(subscription),
      restart_(parts.shard.make_timer([this] { open(); })),
      quiet_(parts.shard.make_timer([this] { clear_trouble(); })) {
  open();
}

KafkaSubscription::~KafkaSubscription() {
  lanes_.clear();
  consumer_.reset();
}

void KafkaSubscription::open() {
  std::vector<std::string> ignored;
  kafka::ConsumerOptions options;
  options.topic = subscription_.topic;
  options.properties = schema::consumer_properties(cluster_, subscription_, ignored);
  for (const std::string& name : ignored) {
    parts_.shard.log().warn("ingress", "a property of a Kafka consumer is not for users to set",
                            {{"subscription", subscription_.id.str()}, {"property", name}});
  }
  consumer_ = parts_.connector.open(parts_.shard, std::move(options), *this);
}

void KafkaSubscription::on_registry() {
  for (auto& [assignment, lane] : lanes_) lane->try_now();
}

void KafkaSubscription::collect(MetricsSnapshot& out) const {
  for (const auto& [partition, count] : invoked_) {
    out.counter("kafka_ingress_requests_total",
                {{"subscription", subscription_.id.str()},
                 {"topic", subscription_.topic},
                 {"partition", std::to_string(partition)}},
                count);
  }
}

void KafkaSubscription::on_assigned(kafka::Assignment assignment) {
  clear_trouble();
  lanes_[assignment] = std::make_unique<KafkaLane>(
      parts_.shard, parts_.ingestion, parts_.schemas, parts_.rules,
      KafkaSource(subscription_, assignment.partition), assignment, *consumer_,
      invoked_[assignment.partition], [this] { report(); });
}

void KafkaSubscription::on_revoked(kafka::Assignment assignment) {
  const auto found = lanes_.find(assignment);
  if (found == lanes_.end()) return;
  const bool had_trouble = found->second->trouble().has_value();
  lanes_.erase(found);
  if (had_trouble) report();
}

void KafkaSubscription::on_records(kafka::Assignment assignment,
                                   std::vector<kafka::Record> records) {
  wait_ = Duration{0};
  clear_trouble();
  if (const auto found = lanes_.find(assignment); found != lanes_.end()) {
    found->second->add(std::move(records));
  }
}

void KafkaSubscription::on_trouble(const Error& error) {
  set_trouble(error);
  // A broker that is away is reported again and again, one that is back is not; topics and rights
  // are reported once.
  if (error.code == Code::kUnavailable) quiet_->arm(parts_.shard.now() + kForgetAfter);
}

void KafkaSubscription::on_failed(const Error& error) {
  set_trouble(error);
  wait_ = next_kafka_wait(wait_);
  // The consumer is on the stack; it goes in a task of its own.
  parts_.shard.post(scope_.bind([this] {
    lanes_.clear();
    consumer_.reset();
    restart_->arm(parts_.shard.now() + wait_);
  }));
}

void KafkaSubscription::set_trouble(const Error& error) {
  if (trouble_) {
    ++trouble_->tries;
    trouble_->message = error.message;
  } else {
    trouble_ = {{}, {}, error.message, parts_.shard.wall_now(), 1};
    parts_.shard.log().warn("ingress", "a Kafka consumer has trouble",
                            {{"subscription", subscription_.id.str()},
                             {"source", subscription_.source()},
                             {"error", error.describe()}});
  }
  report();
}

void KafkaSubscription::clear_trouble() {
  quiet_->cancel();
  if (!trouble_) return;
  trouble_.reset();
  report();
}

void KafkaSubscription::report() {
  std::vector<schema::SubscriptionTrouble> troubles;
  if (trouble_) troubles.push_back(*trouble_);
  for (const auto& [assignment, lane] : lanes_) {
    if (lane->trouble()) troubles.push_back(*lane->trouble());
  }
  parts_.on_troubles(subscription_.id, std::move(troubles));
}

KafkaIngress::KafkaIngress(Shard& shard, kafka::Connector& connector, worker::Ingestion& ingestion,
                           schema::SchemaSource& schemas, KafkaOptions options,
                           OnTroubles on_troubles)
    : shard_(shard),
      options_(std::move(options)),
      on_troubles_(std::move(on_troubles)),
      parts_{shard, connector, ingestion, schemas, options_.rules, on_troubles_},
      watch_(schemas.watch([this](const schema::SchemaPtr& schema) { follow(*schema); })) {
  follow(*schemas.current());
}

KafkaIngress::~KafkaIngress() = default;

void KafkaIngress::reconfigure(const KafkaRules& rules) { options_.rules = rules; }

void KafkaIngress::follow(const schema::Schema& schema) {
  std::erase_if(running_, [&](const auto& entry) {
    const auto wanted = schema.subscriptions.find(entry.first);
    const schema::KafkaCluster* cluster =
        wanted == schema.subscriptions.end()
            ? nullptr
            : schema::find_cluster(schema, options_.clusters, wanted->second.cluster);
    if (cluster != nullptr && entry.second->is_of(*cluster, wanted->second)) return false;
    on_troubles_(entry.first, {});
    return true;
  });
  for (const schema::SubscriptionId& id : std::exchange(unstarted_, {})) {
    if (!schema.subscriptions.contains(id)) on_troubles_(id, {});
  }
  for (const auto& [id, subscription] : schema.subscriptions) {
    if (!is_mine(id)) continue;
    if (const auto found = running_.find(id); found != running_.end()) {
      found->second->on_registry();
      continue;
    }
    const schema::KafkaCluster* cluster =
        schema::find_cluster(schema, options_.clusters, subscription.cluster);
    if (cluster == nullptr) {
      const std::string why = "there is no Kafka cluster '" + subscription.cluster + "'";
      shard_.log().warn("ingress", "a subscription is not started",
                        {{"subscription", id.str()}, {"why", why}});
      unstarted_.insert(id);
      on_troubles_(id, {{{}, {}, why, shard_.wall_now(), 1}});
      continue;
    }
    on_troubles_(id, {});
    running_[id] = std::make_unique<KafkaSubscription>(parts_, *cluster, subscription);
  }
}

}  // namespace restate::ingress
