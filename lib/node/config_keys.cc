#include "node/config_keys.h"

#include "node/config_groups.h"
#include "node/config_values.h"
#include "runtime/log_filter.h"

namespace restate::node {
namespace {

using nlohmann::json;

constexpr std::pair<std::string_view, LogFormat> kLogFormats[] = {
    {"pretty", LogFormat::kPretty}, {"compact", LogFormat::kCompact}, {"json", LogFormat::kJson}};
constexpr std::pair<std::string_view, bool> kOnMaxAttempts[] = {{"pause", false}, {"kill", true}};

void retry_policy(ConfigTable& table, const std::string& prefix, schema::Defaults& defaults) {
  table.duration(prefix + ".initial-interval", defaults.retry_initial_ms);
  table.real(prefix + ".factor", defaults.retry_factor, 1, {});
  table.alias();
  table.real(prefix + ".exponentiation-factor", defaults.retry_factor, 1, {});
  table.max_attempts(prefix + ".max-attempts", defaults.retry_max_attempts);
  table.duration(prefix + ".max-interval", defaults.retry_max_interval_ms);
  table.choice(prefix + ".on-max-attempts", defaults.retry_kill, kOnMaxAttempts);
}

/// First the budget of the node, which sets every share; then the shares that have a key.
void memory(ConfigTable& table, Config& config) {
  table.add("process-total-memory-size",
            [&config](const json& value) -> Result<void> {
              RESTATE_TRY(const auto spelled, text_of(value));
              RESTATE_TRY(const auto bytes, parse_size(spelled));
              if (bytes < kLeastBudget) {
                return expected("a size of at least " + format_size(kLeastBudget), value);
              }
              config.use_budget(static_cast<std::size_t>(bytes));
              return {};
            },
            [&config] {
              return config.memory_budget ? toml_text(format_size(*config.memory_budget))
                                          : std::string();
            });
  MemoryPlan& plan = config.memory;
  table.size("rocksdb-total-memory-size", plan.tables);
  table.size("worker.storage.rocksdb-memory-budget", plan.tables);
  table.size("worker.max-command-batch-bytes", plan.batch);
  table.size("worker.self-proposal-queue-memory-limit", plan.proposals);
  table.size("worker.data-service-memory-limit", plan.requests);
  table.number("worker.num-timers-in-memory-limit", plan.timers, 1, 1u << 30);
  table.size("worker.invoker.memory-limit", plan.attempts);
  table.size("worker.invoker.per-invocation-memory-limit", config.per_invocation_memory);
  table.size("worker.invoker.per-invocation-initial-memory", plan.attempt_initial);
}

void query(ConfigTable& table, QueryConfig& config) {
  table.size("admin.query-engine.memory-size", config.memory);
  table.text("admin.query-engine.tmp-dir", config.temp_directory);
  table.number("admin.query-engine.query-parallelism", config.parallelism, 0, 1024);
  table.add("admin.query-engine.rate-limiting.rate",
            [&config](const json& value) -> Result<void> {
              RESTATE_TRY(auto rate, text_of(value));
              RESTATE_TRY_VOID(parse_rate(rate));
              config.rate = std::move(rate);
              return {};
            },
            [&config] { return config.rate.empty() ? std::string() : toml_text(config.rate); });
  table.number("admin.query-engine.rate-limiting.capacity", config.burst, 1, UINT32_MAX);
}

}  // namespace

std::vector<ConfigKey> config_keys(Config& config) {
  ConfigTable table;
  table.text("node-name", config.node_name);
  table.text("cluster-name", config.cluster_name);
  table.text("base-dir", config.base_dir);
  table.flag("auto-provision", config.auto_provision);
  table.add("roles",
            [&config](const json& value) -> Result<void> {
              if (!value.is_array() || value.empty()) return expected("a list of roles", value);
              std::set<std::string> roles;
              for (const json& role : value) {
                std::string name = role.is_string() ? role.get<std::string>() : role.dump();
                if (name == "metadata-store") name = "metadata-server";
                if (!Config().roles.contains(name)) {
                  return expected("http-ingress, admin, worker, log-server or metadata-server",
                                  role);
                }
                roles.insert(std::move(name));
              }
              config.roles = std::move(roles);
              return {};
            },
            [&config] { return json(config.roles).dump(); });
  table.number("default-num-partitions", config.partitions, 1, 65535);
  table.number("num-shards", config.shards, 0, 64);
  table.duration("shutdown-timeout", config.shutdown_timeout_ms);
  table.add("log-filter",
            [&config](const json& value) -> Result<void> {
              RESTATE_TRY(auto filter, text_of(value));
              RESTATE_TRY_VOID(LogFilter::parse(filter));
              config.log_filter = std::move(filter);
              return {};
            },
            [&config] { return toml_text(config.log_filter); });
  table.choice("log-format", config.log_format, kLogFormats);
  table.inverted_flag("log-disable-ansi-codes", config.log_colors);

  add_listener_keys(table, config);

  const std::string policy_of_old = "worker.invoker.retry-policy";
  ConfigTable of_old;
  retry_policy(of_old, policy_of_old, config.defaults);
  table.add_deprecated(std::move(of_old), [&](const std::string& name) {
    return "default-retry-policy" + name.substr(policy_of_old.size());
  });
  retry_policy(table, "default-retry-policy", config.defaults);
  table.max_attempts("max-retry-policy-max-attempts", config.defaults.max_retry_attempts);
  table.duration("default-journal-retention", config.defaults.journal_retention_ms);
  table.duration("max-journal-retention", config.defaults.max_journal_retention_ms);
  table.duration("default-idempotency-retention", config.defaults.idempotency_retention_ms);
  table.duration("max-idempotency-retention", config.defaults.max_idempotency_retention_ms);
  table.duration("default-workflow-completion-retention",
                 config.defaults.workflow_completion_retention_ms);
  table.duration("max-workflow-completion-retention",
                 config.defaults.max_workflow_completion_retention_ms);

  table.duration("worker.cleanup-interval", config.cleanup_interval_ms, 1);
  table.duration("worker.trim-delay-interval", config.trim_delay_ms);
  table.size("worker.checkpoint-bytes", config.checkpoint_bytes);
  table.text("worker.snapshots.destination", config.snapshot_destination);
  table.duration("worker.snapshots.snapshot-interval", config.snapshot_interval_ms);
  table.number("worker.snapshots.snapshot-interval-num-records", config.snapshot_records, 1,
               INT64_MAX);
  table.number("worker.snapshots.num-retained", config.snapshots_kept, 1, 1000);
  table.number("worker.max-command-batch-size", config.batch_records, 1, 1u << 20);
  memory(table, config);

  table.duration("worker.invoker.inactivity-timeout", config.defaults.inactivity_timeout_ms);
  table.duration("worker.invoker.abort-timeout", config.defaults.abort_timeout_ms);
  table.size("networking.message-size-limit", config.networking_message_size_limit);
  table.size("worker.invoker.message-size-limit", config.message_size_limit);
  table.size("worker.invoker.message-size-warning", config.message_size_warning);
  table.number("worker.invoker.concurrent-invocations-limit", config.concurrent_invocations, 1,
               1u << 30);
  table.size("worker.invoker.eager-state-size-limit", config.eager_state_limit, true);
  table.flag("worker.invoker.disable-eager-state", config.disable_eager_state);
  table.number("worker.invoker.max-awaited-future-depth", config.max_awaited_future_depth, 1,
               1u << 30);
  add_client_keys(table, config);
  table.flag("experimental-enable-protocol-v7", config.protocol_v7);
  table.flag("experimental-enable-vqueues", config.vqueues);
  table.flag("experimental-enable-scoped-virtual-objects", config.scoped_virtual_objects);
  table.flag("experimental-enable-unique-random-seeds", config.unique_random_seeds);
  table.flag("disable-prometheus", config.disable_prometheus);
  table.text("tracing-endpoint", config.tracing_endpoint);
  table.text("tracing-services-endpoint", config.tracing_services_endpoint);
  table.flag("disable-controlled-idempotent-sharding", config.legacy_idempotent_sharding);

  table.size("ingress.request-size-limit", config.request_size_limit);
  table.number("ingress.concurrent-api-requests-limit", config.ingress_request_limit, 1,
               UINT32_MAX);
  table.number("ingress.http2-max-concurrent-streams", config.ingress_http2_streams, 1,
               UINT32_MAX);
  add_kafka_keys(table, config);
  table.flag("admin.disable-web-ui", config.disable_web_ui);
  table.number("admin.concurrent-api-requests-limit", config.admin_request_limit, 1, UINT32_MAX);
  table.texts("admin.deployment-routing-headers", config.deployment_routing_headers);
  query(table, config.query);
  add_postgres_keys(table, config);
  return table.take();
}

}  // namespace restate::node
