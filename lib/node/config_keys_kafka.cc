// Keys about Kafka. What is no key of ours is a property of librdkafka.

#include "node/config_groups.h"

namespace restate::node {
namespace {

using nlohmann::json;

/// What is neither name nor brokers is a property of librdkafka. TOML reads their dots as tables.
Result<void> read_kafka_properties(const json& value, const std::string& prefix,
                                   schema::KafkaProperties& properties) {
  for (const auto& [name, content] : value.items()) {
    if (prefix.empty() && (name == "name" || name == "brokers")) continue;
    if (content.is_object()) {
      RESTATE_TRY_VOID(read_kafka_properties(content, prefix + name + ".", properties));
    } else {
      RESTATE_TRY(properties[prefix + name], text_of(content));
    }
  }
  return {};
}

Result<schema::KafkaCluster> kafka_cluster_of(const json& value) {
  if (!value.is_object()) return expected("a table with name and brokers", value);
  schema::KafkaCluster cluster;
  if (value.contains("name")) {
    RESTATE_TRY(cluster.name, text_of(value["name"]));
  }
  if (!schema::is_cluster_name(cluster.name)) {
    return Error{Code::kInvalidArgument,
                 "expected a name that may stand for a host, found '" + cluster.name + "'"};
  }
  RESTATE_TRY_VOID(read_kafka_properties(value, "", cluster.properties));
  std::string brokers;
  if (value.contains("brokers") && value["brokers"].is_array()) {
    for (const json& broker : value["brokers"]) {
      RESTATE_TRY(const auto address, text_of(broker));
      brokers += (brokers.empty() ? "" : ",") + address;
    }
  }
  if (brokers.empty()) {  // without what was found: its neighbours are passwords
    return Error{Code::kInvalidArgument, "expected a list of brokers for '" + cluster.name + "'"};
  }
  cluster.properties["metadata.broker.list"] = std::move(brokers);
  return cluster;
}

}  // namespace

void add_kafka_keys(ConfigTable& table, Config& config) {
  schema::KafkaClusters& clusters = config.kafka_clusters;
  table.size("ingress.ingestion.inflight-memory-budget", config.ingestion_memory_budget);
  table.size("ingress.ingestion.request-batch-size", config.ingestion_batch_bytes);
  table.add("ingress.kafka-clusters",
            [&clusters](const json& value) -> Result<void> {
              if (!value.is_array()) return expected("a list of Kafka clusters", value);
              clusters.clear();
              for (const json& item : value) {
                RESTATE_TRY(auto cluster, kafka_cluster_of(item));
                std::string name = cluster.name;
                if (!clusters.emplace(name, std::move(cluster)).second) {
                  return Error{Code::kInvalidArgument, "two Kafka clusters are named '" + name + "'"};
                }
              }
              return {};
            },
            [&clusters] {
              std::string text;
              for (const auto& [name, cluster] : clusters) {
                text += (text.empty() ? "[{ name = " : ", { name = ") + toml_text(name);
                for (const auto& [property, content] : schema::redacted(cluster.properties)) {
                  const bool brokers = property == "metadata.broker.list";
                  text += ", " + (brokers ? "brokers = [" + toml_text(content) + "]"
                                          : toml_text(property) + " = " + toml_text(content));
                }
                text += " }";
              }
              return text.empty() ? text : text + "]";
            });
  table.hide([&clusters] {
    std::string all;
    for (const auto& [name, cluster] : clusters) {
      for (const auto& [property, content] : cluster.properties) all.append(content).push_back('\n');
    }
    return all;
  });
}

}  // namespace restate::node
