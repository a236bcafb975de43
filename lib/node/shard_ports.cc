#include "ingress/ingress.h"
#include "ingress/kafka_ingress.h"
#include "node/open_ports.h"
#include "node/ports.h"
#include "worker/ingestion.h"

#include <utility>

// How callers and topics reach one shard.

namespace restate::node {
namespace {

ingress::IngressOptions ingress_options(const Config& config, const NodeShared& shared) {
  ingress::IngressOptions options;
  options.defaults = config.defaults;
  options.bearer_token = config.ingress_token.token;
  options.request_size_limit = config.request_size_limit;
  options.controlled_idempotent_sharding = shared.controlled_idempotent_sharding;
  options.http2_max_concurrent_streams = config.ingress_http2_streams;
  options.vqueues = config.vqueues;
  options.scoped_virtual_objects = config.scoped_virtual_objects;
  options.bodies = shared.request_bodies;
  options.concurrent_requests = config.ingress_request_limit;
  options.node_in_flight = shared.ingress_requests;
  return options;
}

class OpenShardPorts final : public ShardPorts {
 public:
  explicit OpenShardPorts(ShardInside inside)
      : inside_(inside),
        ingestion_(inside.shard,
                   {.memory_budget = inside.config.ingestion_memory_budget,
                    .batch_bytes = inside.config.ingestion_batch_bytes},
                   inside.router) {}

  Result<std::vector<Address>> listen(const std::vector<Address>& addresses) override {
    ingress::IngressOptions options = ingress_options(inside_.config, inside_.shared);
    options.traces = inside_.traces;
    ingress_ =
        std::make_unique<ingress::Ingress>(inside_.shard, options, inside_.client, inside_.schema);
    std::vector<Address> bound;
    for (const Address& address : addresses) {
      RESTATE_TRY(auto used, ingress_->listen(address));
      bound.push_back(std::move(used));
    }
    return bound;
  }

  void consume(OnTroubles on_troubles) override {
    if (inside_.parts.kafka == nullptr) return;
    ingress::KafkaOptions options;
    options.rules = kafka_rules(inside_.config);
    options.clusters = inside_.config.kafka_clusters;
    options.shard = inside_.shard.index();
    options.shards = inside_.parts.runtime.shard_count();
    kafka_ = std::make_unique<ingress::KafkaIngress>(inside_.shard, *inside_.parts.kafka,
                                                     ingestion_, inside_.schema, std::move(options),
                                                     std::move(on_troubles));
  }

  void reconfigure(const Config& config) override {
    if (kafka_) kafka_->reconfigure(kafka_rules(config));
    if (ingress_) ingress_->reconfigure(ingress_options(config, inside_.shared));
  }

  void collect(MetricsSnapshot& out) override {
    if (ingress_) ingress_->collect(out);
    if (kafka_) kafka_->collect(out);
  }

  void stop(Completion<void> done) override {
    kafka_.reset();
    if (!ingress_) return done(Result<void>());
    ingress_->stop(std::move(done));
  }

 private:
  ingress::KafkaRules kafka_rules(const Config& config) const {
    return {config.defaults, config.request_size_limit, inside_.traces};
  }

  const ShardInside inside_;
  worker::Ingestion ingestion_;
  std::unique_ptr<ingress::KafkaIngress> kafka_;
  std::unique_ptr<ingress::Ingress> ingress_;
};

}  // namespace

const PortsFactory& all_ports() {
  static constexpr PortsFactory kFactory{[](ShardInside inside) -> std::unique_ptr<ShardPorts> {
                                           return std::make_unique<OpenShardPorts>(inside);
                                         },
                                         [](NodeInside inside) -> std::unique_ptr<NodePorts> {
                                           return std::make_unique<OpenPorts>(std::move(inside));
                                         }};
  return kFactory;
}

}  // namespace restate::node
