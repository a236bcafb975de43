#pragma once

/// \file
/// The configuration of a server: the keys of `config.toml`, the environment and the flags, checked
/// and typed. Libraries that embed the engine fill it in directly.

#include "http/proxy.h"
#include "node/memory_plan.h"
#include "schema/schema.h"

#include <restate/result.h>
#include <restate/runtime.h>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace restate::node {

/// Which sockets a listener opens.
enum class ListenMode : std::uint8_t { kTcp, kUnix, kAll, kNone };

struct ListenerConfig {
  ListenMode mode = ListenMode::kAll;
  std::string bind_ip = "0.0.0.0";
  std::uint16_t port = 0;
  bool random_port = false;
  std::string advertised_host;     ///< empty: the address that is bound
  std::string advertised_address;  ///< empty: made from the host and the port
};

enum class LogFormat : std::uint8_t { kPretty, kCompact, kJson };

/// What clients must show (docs/security.md). Both empty: nothing.
struct TokenConfig {
  std::string token;
  std::string file;  ///< holds the token; whoever loads the configuration reads it
};

/// How deployments are reached.
struct ServiceClientConfig {
  std::uint64_t connect_timeout_ms = 10'000;
  std::uint64_t keep_alive_interval_ms = 40'000;  ///< 0: no PINGs
  std::uint64_t keep_alive_timeout_ms = 20'000;
  double keep_alive_jitter = 0.2;
  std::uint32_t streams_per_connection = 128;
  std::optional<std::uint32_t> initial_send_streams;
  std::uint64_t idle_timeout_ms = 300'000;  ///< 0: never
  std::size_t stream_window = 2u << 20;
  std::size_t connection_window = 5u << 20;
  std::size_t max_frame_bytes = 16u << 10;
  std::optional<http::Proxy> proxy;
  std::string no_proxy;  ///< hosts that it is not for, separated by commas
};

/// How functions on AWS Lambda are reached.
struct LambdaConfig {
  std::size_t compression_threshold = 4u << 20;
  std::string profile;      ///< of AWS's shared configuration; empty: none in particular
  std::string external_id;  ///< shown when roles of deployments are assumed; empty: none
};

/// SQL of the admin API (docs/query.md).
struct QueryConfig {
  std::size_t memory = std::size_t{1} << 30;  ///< sorts, joins and aggregations of all statements
  std::string temp_directory;                 ///< for what does not fit; empty: it fails
  std::uint32_t parallelism = 0;              ///< threads that work on scans; 0: half of the CPUs
  std::string rate;                           ///< `10/s`: statements; empty: as many as come
  std::uint32_t burst = 1;                    ///< of these, how many may come at once
};

/// SQL over PostgreSQL's protocol (docs/postgres.md).
struct PostgresConfig {
  bool enabled = false;
  std::string bind_address = "127.0.0.1:9071";
  std::string password;  ///< empty: everybody is trusted; then only of this machine
  std::string certificate_file;  ///< PEM; empty: no TLS
  std::string key_file;
};

struct Config {
  std::string node_name;  ///< empty: the host's name
  std::string cluster_name = "localcluster";
  std::string base_dir = "restate-data";
  bool auto_provision = true;
  std::set<std::string> roles = {"http-ingress", "admin", "worker", "log-server",
                                 "metadata-server"};
  std::uint16_t partitions = 24;      ///< of a new cluster
  std::uint32_t shards = 0;           ///< 0: by measurement (docs/adr/0003)
  std::uint64_t shutdown_timeout_ms = 60'000;

  std::string log_filter = "warn,restate=info";
  LogFormat log_format = LogFormat::kPretty;
  bool log_colors = true;

  ListenerConfig node_listener{.port = 5122, .advertised_address = {}};
  ListenerConfig ingress_listener{.port = 8080, .advertised_address = {}};
  ListenerConfig admin_listener{.port = 9070, .advertised_address = {}};
  bool disable_web_ui = false;

  TokenConfig admin_token, ingress_token, metrics_token;

  schema::Defaults defaults;
  std::uint64_t cleanup_interval_ms = 3'600'000;
  std::uint64_t trim_delay_ms = 600'000;
  std::size_t checkpoint_bytes = 64u << 20;
  /// Where copies of tables are kept, `file:///...`; empty: none are made (docs/operating.md). By
  /// themselves they are made after so much time and so many records, if any of the two is there.
  std::string snapshot_destination;
  std::optional<std::uint64_t> snapshot_interval_ms;
  std::optional<std::uint64_t> snapshot_records;
  std::uint64_t snapshots_kept = 1;
  std::uint64_t durability_check_ms = 5'000;
  /// How often health checks and SQL hear how partitions stand. No key sets it: simulations do.
  std::uint64_t status_interval_ms = 500;
  /// No key: an engine without ports, which nobody asks how it is. It does not wake up to look.
  bool rest_when_idle = false;
  std::size_t batch_records = 512;  ///< applied at once
  /// For everything the node holds; nothing: each part has a bound of its own.
  std::optional<std::size_t> memory_budget;
  /// What follows from it, and from what is configured by itself.
  MemoryPlan memory;

  /// The largest that the two limits below may be, and what they are by default.
  std::size_t networking_message_size_limit = 32u << 20;
  std::size_t message_size_limit = 32u << 20;
  std::size_t message_size_warning = 10u << 20;
  std::uint32_t concurrent_invocations = 1000;
  std::optional<std::size_t> eager_state_limit;
  bool disable_eager_state = false;
  /// For one message of an attempt; nothing: `message_size_limit`.
  std::optional<std::size_t> per_invocation_memory;
  std::uint32_t max_awaited_future_depth = 1000;
  bool protocol_v7 = false;
  /// Scopes, limit keys and the rule book (docs/flow-control.md). Once a partition has it, for good.
  bool vqueues = false;
  bool scoped_virtual_objects = false;
  /// An id that comes back gets another random seed. Once a partition has it, for good.
  bool unique_random_seeds = false;
  /// Of `/metrics` only what the stores say about themselves is left.
  bool disable_prometheus = false;
  /// Where spans of invocations go; the second wins. Empty: nowhere, and handlers hear of no trace.
  std::string tracing_endpoint;
  std::string tracing_services_endpoint;
  std::map<std::string, std::string> tracing_headers;
  ServiceClientConfig service_client;
  LambdaConfig lambda;
  std::map<std::string, std::string> additional_request_headers;
  std::string identity_key_file;
  std::uint64_t identity_expiration_ms = 60'000;

  std::size_t request_size_limit = 32u << 20;
  std::optional<std::uint32_t> ingress_request_limit;
  std::optional<std::uint32_t> ingress_http2_streams;
  /// Clusters that subscriptions may name, beside those made through the admin API.
  schema::KafkaClusters kafka_clusters;
  std::size_t ingestion_memory_budget = 1u << 20;
  std::size_t ingestion_batch_bytes = 50u << 10;
  /// Ids of idempotent invocations as clusters before 1.7 made them: in a new cluster, which keeps
  /// to it.
  bool legacy_idempotent_sharding = false;
  std::vector<std::string> deployment_routing_headers;
  std::optional<std::uint32_t> admin_request_limit;
  QueryConfig query;
  PostgresConfig postgres;

  /// Cuts `bytes` into shares for the shards and partitions above, and limits messages by them.
  void use_budget(std::size_t bytes);
};

struct LoadedConfig {
  Config config;
  std::vector<std::string> warnings;  ///< unknown or deprecated keys, with the nearest known name
};

/// Merges a TOML text (may be empty) and variables (`RESTATE_...=value` and the aliases), later wins,
/// then `flags`: dotted keys to values as text.
/// - `kInvalidArgument`: names source and key, what is wrong and what was expected.
Result<LoadedConfig> load_config(const std::string& toml, const std::string& toml_name,
                                 const std::map<std::string, std::string>& environment,
                                 const std::map<std::string, std::string>& flags);

/// The effective configuration as TOML.
std::string dump_config(const Config& config);

}  // namespace restate::node
