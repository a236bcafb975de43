#include "schema/kafka_registry.h"

#include <array>

namespace restate::schema {
namespace {

constexpr std::string_view kBadSubscription = "META0009";

RegistryError no_cluster(std::string_view name) {
  return {404, {}, "Kafka cluster '" + std::string(name) + "' not found"};
}

RegistryError is_fixed(std::string_view name) {
  return {409, {},
          "Kafka cluster '" + std::string(name) +
              "' comes from the configuration of the server and can be changed only there"};
}

RegistryError bad_subscription(const char* field, const std::string& why) {
  return {400, std::string(kBadSubscription), std::string(field) + ": " + why};
}

std::optional<RegistryError> refuse_properties(const KafkaProperties& properties) {
  for (const char* name : {"bootstrap.servers", "metadata.broker.list"}) {
    if (properties.contains(name)) return std::nullopt;
  }
  return RegistryError{400, {},
                       "properties: either 'bootstrap.servers' or 'metadata.broker.list' must say "
                       "where the brokers are"};
}

/// Takes a default from the cluster, or else the given one.
void set_default(KafkaProperties& options, const KafkaCluster& cluster, const std::string& name,
                 const std::string& otherwise) {
  if (options.contains(name)) return;
  const auto of_cluster = cluster.properties.find(name);
  options[name] = of_cluster == cluster.properties.end() ? otherwise : of_cluster->second;
}

}  // namespace

const KafkaCluster* find_cluster(const Schema& schema, const KafkaClusters& fixed,
                                 std::string_view name) {
  if (const auto own = schema.kafka_clusters.find(name); own != schema.kafka_clusters.end()) {
    return &own->second;
  }
  const auto found = fixed.find(name);
  return found == fixed.end() ? nullptr : &found->second;
}

RegistryResult<Schema> create_kafka_cluster(Schema schema, const KafkaClusters& fixed,
                                            KafkaCluster cluster) {
  if (auto refusal = refuse_properties(cluster.properties)) return *std::move(refusal);
  if (find_cluster(schema, fixed, cluster.name) != nullptr) {
    return RegistryError{409, {}, "Kafka cluster '" + cluster.name + "' exists already"};
  }
  ++schema.version;
  std::string name = cluster.name;
  schema.kafka_clusters.emplace(std::move(name), std::move(cluster));
  return schema;
}

RegistryResult<Schema> update_kafka_cluster(Schema schema, const KafkaClusters& fixed,
                                            std::string_view name, KafkaProperties properties) {
  const auto found = schema.kafka_clusters.find(name);
  if (found == schema.kafka_clusters.end()) {
    return fixed.contains(name) ? is_fixed(name) : no_cluster(name);
  }
  if (auto refusal = refuse_properties(properties)) return *std::move(refusal);
  if (found->second.properties == properties) return schema;
  ++schema.version;
  found->second.properties = std::move(properties);
  return schema;
}

RegistryResult<Schema> delete_kafka_cluster(Schema schema, const KafkaClusters& fixed,
                                            std::string_view name, bool force) {
  const auto found = schema.kafka_clusters.find(name);
  if (found == schema.kafka_clusters.end()) {
    return fixed.contains(name) ? is_fixed(name) : no_cluster(name);
  }
  std::string users;
  for (const auto& [id, subscription] : schema.subscriptions) {
    if (subscription.cluster == name) users += (users.empty() ? "" : ", ") + id.str();
  }
  // One of the configuration takes its place.
  if (!force && !users.empty() && !fixed.contains(name)) {
    return RegistryError{409, {},
                         "Kafka cluster '" + std::string(name) + "' is used by subscriptions: " +
                             users + ". Delete them first, or set `force`"};
  }
  ++schema.version;
  schema.kafka_clusters.erase(found);
  return schema;
}

RegistryResult<Schema> create_subscription(Schema schema, const KafkaClusters& fixed,
                                           SubscriptionRequest request) {
  const auto source = parse_uri(request.source);
  if (!source) return bad_subscription("source", source.error().message);
  if (source->scheme != "kafka") {
    return bad_subscription("source", "expected kafka://<cluster>/<topic>, found '" +
                                          request.source + "'");
  }
  const auto sink = parse_uri(request.sink);
  if (!sink) return bad_subscription("sink", sink.error().message);
  if (sink->scheme != "service" || sink->path.empty()) {
    return bad_subscription("sink", "expected service://<Service>/<handler>, found '" +
                                        request.sink + "'");
  }
  const KafkaCluster* cluster = find_cluster(schema, fixed, source->authority);
  if (cluster == nullptr) {
    return RegistryError{400, {},
                         "source: there is no Kafka cluster '" + source->authority +
                             "'; create it, or name it in the configuration"};
  }
  if (schema.find_handler(sink->authority, sink->path) == nullptr) {
    return bad_subscription("sink", "there is no handler '" + sink->path + "' of a service '" +
                                        sink->authority + "'");
  }
  set_default(request.options, *cluster, "group.id", request.id.str());
  set_default(request.options, *cluster, "client.id", "restate");
  ++schema.version;
  schema.subscriptions[request.id] = {request.id,      source->authority, source->path,
                                      sink->authority, sink->path, std::move(request.options)};
  return schema;
}

RegistryResult<Schema> delete_subscription(Schema schema, const SubscriptionId& id) {
  if (schema.subscriptions.erase(id) == 0) {
    return RegistryError{404, {}, "subscription '" + id.str() + "' not found"};
  }
  ++schema.version;
  return schema;
}

KafkaProperties consumer_properties(const KafkaCluster& cluster, const Subscription& subscription,
                                    std::vector<std::string>& ignored) {
  KafkaProperties properties = cluster.properties;
  for (const auto& [name, value] : subscription.options) properties[name] = value;
  // An offset counts as consumed once its record is in our log, not when it was read.
  const std::array<std::pair<std::string, std::string>, 2> forced{
      {{"enable.auto.commit", "true"}, {"enable.auto.offset.store", "false"}}};
  for (const auto& [name, value] : forced) {
    const auto [place, fresh] = properties.try_emplace(name, value);
    if (!fresh && place->second != value) ignored.push_back(name);
    place->second = value;
  }
  return properties;
}

}  // namespace restate::schema
