#pragma once

/// \file
/// How the admin API behaves and what it says of this node; the node fills it from its
/// configuration.

#include "schema/schema.h"

#include <restate/time.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace restate::admin {

struct AdminOptions {
  std::size_t request_size_limit = 32 * 1024 * 1024;
  /// What clients must show for everything but `/health`; empty: nothing.
  std::string bearer_token;
  /// Requests under way; more are turned away.
  std::optional<std::size_t> concurrent_requests;
  std::string cluster_name = "localcluster";
  /// What clients and tools take for our version: the one whose behaviour they will find.
  std::string version = "1.7.12";
  /// Where clients reach the ingress, with a slash at the end; empty: not told.
  std::string ingress_endpoint;
  /// Experimental features by name; those that are not listed here do not exist.
  std::map<std::string, bool> features{
      {"protocol_v7", false}, {"vqueues", false},
      {"preflight_invocation_termination_retention", false},
      {"scoped_promise_table_migration", false}, {"scoped_state_table_migration", false},
      {"kafka_scope", false}, {"vqueues_migration_skip_completed", false},
      {"vqueue_obsolete_cleanup", false}, {"vqueues_async_refill", false},
      {"scoped_virtual_objects", false}, {"invoker_yield", false}, {"unique_random_seeds", false}};
  /// The nodes that keep the cluster's metadata.
  std::vector<std::uint32_t> metadata_members{1};
  /// Sent with every discovery request.
  std::vector<wire::Header> additional_request_headers;
  /// Headers that choose among endpoints behind one address.
  std::vector<std::string> deployment_routing_headers;
  /// Clusters of the configuration.
  schema::KafkaClusters kafka_clusters;
  /// The web page at /ui.
  bool web_ui = true;
  /// False: nothing here consumes from Kafka, and subscriptions are refused.
  bool kafka = true;
  schema::Defaults defaults;
  /// How long an operation on an invocation waits for a leader before it answers 503.
  Duration leader_patience = std::chrono::seconds(10);
  /// How long an endpoint may take to answer a discovery request.
  Duration discovery_timeout = std::chrono::seconds(30);
  Duration shutdown_grace = std::chrono::seconds(5);
};

}  // namespace restate::admin
