#pragma once

/// \file
/// What the registry knows of Kafka: clusters, and subscriptions that turn the records of a topic
/// into invocations of a handler.

#include <restate/ids.h>
#include <restate/result.h>
#include <restate/time.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace restate::schema {

/// Options of Kafka's client library, by their names there.
using KafkaProperties = std::map<std::string, std::string>;

struct KafkaCluster {
  std::string name;
  KafkaProperties properties;
  WallTime created_at;
  bool operator==(const KafkaCluster&) const = default;
};

/// Clusters by name.
using KafkaClusters = std::map<std::string, KafkaCluster, std::less<>>;

/// A ULID; text: `sub_1` and 22 base62 digits. The dedup of its records depends on it.
struct SubscriptionId {
  Uuid ulid;
  auto operator<=>(const SubscriptionId&) const = default;
  std::string str() const;
  static Result<SubscriptionId> parse(std::string_view text);
};

struct Subscription {
  SubscriptionId id;
  std::string cluster;
  std::string topic;
  std::string service;
  std::string handler;
  KafkaProperties options;  ///< `group.id` and `client.id` are always among them

  std::string source() const { return "kafka://" + cluster + "/" + topic; }
  std::string sink() const { return "service://" + service + "/" + handler; }
  /// The group of consumers that share its partitions.
  std::string group() const;
  bool operator==(const Subscription&) const = default;
};

/// Why a subscription, or one partition of its topic, does not go on.
struct SubscriptionTrouble {
  std::optional<std::int32_t> partition;  ///< of the topic; nothing: all of it
  std::optional<std::int64_t> offset;     ///< of the record that cannot become an invocation
  std::string message;
  WallTime since;
  std::uint32_t tries = 1;
  bool operator==(const SubscriptionTrouble&) const = default;
};

/// `https://host/path?query` in its parts; `scheme` is empty if there is none.
struct UriParts {
  std::string scheme, authority, path;  ///< the path without its first slash and without the query
};
/// `kInvalidArgument`: it is no URI.
Result<UriParts> parse_uri(std::string_view text);

/// True for what can be the name of a cluster: it stands where a URI has its host.
bool is_cluster_name(std::string_view text);

/// True if the values of `property` are nobody's business.
bool is_secret(std::string_view property);
/// As answers show them: secrets become `***`.
KafkaProperties redacted(const KafkaProperties& properties);

}  // namespace restate::schema
