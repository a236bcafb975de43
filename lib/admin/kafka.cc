#include "admin/kafka.h"

#include "admin/failure.h"
#include "common/hash.h"
#include "common/time_text.h"
#include "schema/kafka_registry.h"

namespace restate::admin {
namespace {

/// What answers show instead of a secret. Tools send it back when they edit the rest.
constexpr std::string_view kHidden = "***";

/// A secret that comes back as it was shown is not meant to change.
void keep_hidden(schema::KafkaProperties& properties, const schema::KafkaProperties& before) {
  for (auto& [name, value] : properties) {
    const auto old = before.find(name);
    if (value == kHidden && schema::is_secret(name) && old != before.end()) value = old->second;
  }
}

std::optional<schema::SubscriptionId> id_in_path(Call& call) {
  const auto id = schema::SubscriptionId::parse(call.params[0]);
  if (id) return *id;
  call.text(400, id.error().message);
  return std::nullopt;
}

std::string no_subscription(const std::string& id) {
  return "The requested subscription '" + id + "' does not exist";
}

std::string no_cluster(const std::string& name) {
  return "The requested Kafka cluster '" + name + "' does not exist";
}

}  // namespace

void KafkaRoutes::add_to(Router& router) {
  router.add("POST", "/kafka-clusters", [this](Call call) { create_cluster(std::move(call)); });
  router.add("GET", "/kafka-clusters", [this](Call call) { list_clusters(std::move(call)); });
  router.add("GET", "/kafka-clusters/{cluster_name}",
             [this](Call call) { get_cluster(std::move(call)); });
  router.add("PATCH", "/kafka-clusters/{cluster_name}",
             [this](Call call) { update_cluster(std::move(call)); });
  router.add("DELETE", "/kafka-clusters/{cluster_name}",
             [this](Call call) { delete_cluster(std::move(call)); });
  router.add("POST", "/subscriptions", [this](Call call) { create_subscription(std::move(call)); });
  router.add("GET", "/subscriptions", [this](Call call) { list_subscriptions(std::move(call)); });
  router.add("GET", "/subscriptions/{subscription}",
             [this](Call call) { get_subscription(std::move(call)); });
  router.add("DELETE", "/subscriptions/{subscription}",
             [this](Call call) { delete_subscription(std::move(call)); });
}

void KafkaRoutes::change(Call call, RegistryClient::Change what,
                         Function<void(Call, const schema::Schema&)> answer) {
  registry_.change(
      std::move(what),
      Completion<RegistryClient::Changed>(
          shard_, scope_.bind([call = std::move(call), answer = std::move(answer)](
                                  Result<RegistryClient::Changed> changed) mutable {
            if (!changed) return call.error(500, "META0010", public_message(changed.error()));
            if (!*changed) return call.error(changed->error());
            answer(std::move(call), ***changed);
          })));
}

bool KafkaRoutes::refused(Call& call) const {
  if (options_.kafka) return false;
  call.error(501, {}, "There is no Kafka here: the build, or the program, is without it");
  return true;
}

Json KafkaRoutes::view(const schema::Schema& schema, const schema::KafkaCluster& cluster) const {
  Json json{{"name", cluster.name},
            {"properties", schema::redacted(cluster.properties)},
            {"created_at", rfc3339_nanos(cluster.created_at)}};
  if (!options_.kafka_clusters.contains(cluster.name)) return json;
  json["info"].push_back(
      {{"message", schema.kafka_clusters.contains(cluster.name)
                       ? "A cluster of the same name in the configuration is hidden by this one"
                       : "Clusters in the configuration are deprecated: make them through this "
                         "API, which needs no restart"}});
  return json;
}

Json KafkaRoutes::view(const schema::Subscription& subscription, bool with_errors) {
  Json json{{"id", subscription.id.str()},
            {"source", subscription.source()},
            {"sink", subscription.sink()},
            {"options", schema::redacted(subscription.options)}};
  if (!with_errors || !troubles_) return json;
  for (const schema::SubscriptionTrouble& trouble : troubles_(subscription.id)) {
    Json item{{"message", trouble.message},
              {"since", rfc3339_nanos(trouble.since)},
              {"tries", trouble.tries}};
    schema::put(item, "partition", trouble.partition);
    schema::put(item, "offset", trouble.offset);
    json["errors"].push_back(std::move(item));
  }
  return json;
}

// --- Clusters ------------------------------------------------------------------------------------

void KafkaRoutes::create_cluster(Call call) {
  const auto json = call.read_json();
  if (!json) return;
  schema::KafkaCluster cluster;
  if (!schema::require(*json, "name", cluster.name) ||
      !schema::require(*json, "properties", cluster.properties)) {
    return call.text(422, "The body is no Kafka cluster: `name` and `properties` are required, and "
                          "properties have texts as values");
  }
  if (!schema::is_cluster_name(cluster.name)) {
    return call.text(422, "name: '" + cluster.name + "' cannot stand where a URI has its host");
  }
  if (refused(call)) return;
  cluster.created_at = shard_.wall_now();
  const std::string name = cluster.name;
  change(
      std::move(call),
      [this, cluster](const schema::Schema& before) {
        return schema::create_kafka_cluster(before, options_.kafka_clusters, cluster);
      },
      [this, name](Call answered, const schema::Schema& schema) {
        const auto* made = schema::find_cluster(schema, options_.kafka_clusters, name);
        if (made == nullptr) return answered.error(404, {}, no_cluster(name));
        http::Headers headers;
        headers.add("location", "kafka-clusters/" + name);
        answered.json(201, view(schema, *made), std::move(headers));
      });
}

void KafkaRoutes::list_clusters(Call call) {
  const schema::SchemaPtr schema = registry_.current();
  Json json{{"clusters", Json::array()}};
  for (const auto& [name, cluster] : schema->kafka_clusters) {
    json["clusters"].push_back(view(*schema, cluster));
  }
  for (const auto& [name, cluster] : options_.kafka_clusters) {
    if (!schema->kafka_clusters.contains(name)) json["clusters"].push_back(view(*schema, cluster));
  }
  call.json(200, json);
}

void KafkaRoutes::get_cluster(Call call) {
  const auto with_subscriptions = call.flag("include_subscriptions", false);
  if (!with_subscriptions) return;
  const schema::SchemaPtr schema = registry_.current();
  const auto* cluster = schema::find_cluster(*schema, options_.kafka_clusters, call.params[0]);
  if (cluster == nullptr) return call.error(404, {}, no_cluster(call.params[0]));
  Json json = view(*schema, *cluster);
  json["subscriptions"] = Json::array();
  for (const auto& [id, subscription] : schema->subscriptions) {
    if (*with_subscriptions && subscription.cluster == cluster->name) {
      json["subscriptions"].push_back(view(subscription, false));
    }
  }
  call.json(200, json);
}

void KafkaRoutes::update_cluster(Call call) {
  const auto json = call.read_json();
  if (!json) return;
  schema::KafkaProperties properties;
  if (!schema::require(*json, "properties", properties)) {
    return call.text(422, "The body has no member `properties` with texts as values");
  }
  if (refused(call)) return;
  const std::string name = call.params[0];
  change(
      std::move(call),
      [this, name, properties](const schema::Schema& before) {
        schema::KafkaProperties wanted = properties;
        if (const auto* old = schema::find_cluster(before, {}, name)) {
          keep_hidden(wanted, old->properties);
        }
        return schema::update_kafka_cluster(before, options_.kafka_clusters, name,
                                            std::move(wanted));
      },
      [this, name](Call answered, const schema::Schema& schema) {
        const auto* cluster = schema::find_cluster(schema, options_.kafka_clusters, name);
        if (cluster == nullptr) return answered.error(404, {}, no_cluster(name));
        answered.json(200, view(schema, *cluster));
      });
}

void KafkaRoutes::delete_cluster(Call call) {
  const auto force = call.flag("force", false);
  if (!force || refused(call)) return;
  const std::string name = call.params[0];
  change(
      std::move(call),
      [this, name, force = *force](const schema::Schema& before) {
        return schema::delete_kafka_cluster(before, options_.kafka_clusters, name, force);
      },
      [](Call answered, const schema::Schema&) { answered.empty(202); });
}

// --- Subscriptions -------------------------------------------------------------------------------

void KafkaRoutes::create_subscription(Call call) {
  const auto json = call.read_json();
  if (!json) return;
  schema::SubscriptionRequest request;
  if (!schema::require(*json, "source", request.source) ||
      !schema::require(*json, "sink", request.sink) ||
      !schema::take(*json, "options", request.options)) {
    return call.text(422, "The body is no subscription: `source` and `sink` are required, and "
                          "`options` have texts as values");
  }
  for (const std::string* uri : {&request.source, &request.sink}) {
    if (const auto parts = schema::parse_uri(*uri); !parts) {
      return call.text(422, parts.error().message);
    }
  }
  if (refused(call)) return;
  const std::uint64_t high = shard_.random().next();
  request.id.ulid = make_ulid(shard_.wall_now().ms, high, shard_.random().next());
  change(
      std::move(call),
      [this, request](const schema::Schema& before) {
        return schema::create_subscription(before, options_.kafka_clusters, request);
      },
      [this, id = request.id](Call answered, const schema::Schema& schema) {
        const auto made = schema.subscriptions.find(id);
        if (made == schema.subscriptions.end()) {
          return answered.error(404, {}, no_subscription(id.str()));
        }
        http::Headers headers;
        headers.add("location", "subscriptions/" + id.str());
        answered.json(201, view(made->second, false), std::move(headers));
      });
}

void KafkaRoutes::list_subscriptions(Call call) {
  const auto with_errors = call.flag("include_errors", false);
  if (!with_errors) return;
  const auto source = call.parameter("source");
  const auto sink = call.parameter("sink");
  Json json{{"subscriptions", Json::array()}};
  const schema::SchemaPtr schema = registry_.current();
  for (const auto& [id, subscription] : schema->subscriptions) {
    if (source && *source != subscription.source()) continue;
    if (sink && *sink != subscription.sink()) continue;
    json["subscriptions"].push_back(view(subscription, *with_errors));
  }
  call.json(200, json);
}

void KafkaRoutes::get_subscription(Call call) {
  const auto id = id_in_path(call);
  if (!id) return;
  const auto with_errors = call.flag("include_errors", false);
  if (!with_errors) return;
  const schema::SchemaPtr schema = registry_.current();
  const auto found = schema->subscriptions.find(*id);
  if (found == schema->subscriptions.end()) {
    return call.error(404, {}, no_subscription(call.params[0]));
  }
  call.json(200, view(found->second, *with_errors));
}

void KafkaRoutes::delete_subscription(Call call) {
  const auto id = id_in_path(call);
  if (!id || refused(call)) return;
  change(
      std::move(call),
      [id = *id](const schema::Schema& before) { return schema::delete_subscription(before, id); },
      [](Call answered, const schema::Schema&) { answered.empty(202); });
}

}  // namespace restate::admin
