#include "node/config_keys.h"

#include "node/config_values.h"
#include "runtime/log_filter.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace restate::node {
namespace {

using nlohmann::json;

Error expected(std::string_view what, const json& found) {
  return {Code::kInvalidArgument, "expected " + std::string(what) + ", found " + found.dump()};
}

std::string toml_text(const std::string& text) { return json(text).dump(); }

Result<std::string> text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number() || value.is_boolean()) return value.dump();
  return expected("a text", value);
}

/// Collects keys with one short call each.
class Table {
 public:
  void text(std::string name, std::string& target) {
    add(std::move(name),
        [&target](const json& value) -> Result<void> {
          RESTATE_TRY(target, text_of(value));
          return {};
        },
        [&target] { return target.empty() ? std::string() : toml_text(target); });
  }

  void flag(std::string name, bool& target) {
    add(std::move(name),
        [&target](const json& value) -> Result<void> {
          if (!value.is_boolean()) return expected("true or false", value);
          target = value.get<bool>();
          return {};
        },
        [&target] { return std::string(target ? "true" : "false"); });
  }

  template <class Number>
  void number(std::string name, Number& target, std::uint64_t least, std::uint64_t most) {
    add(std::move(name),
        [&target, least, most](const json& value) -> Result<void> {
          if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
              value.get<std::uint64_t>() < least || value.get<std::uint64_t>() > most) {
            return expected("a number from " + std::to_string(least) + " to " +
                                std::to_string(most), value);
          }
          target = static_cast<Number>(value.get<std::uint64_t>());
          return {};
        },
        [&target] { return std::to_string(target); });
  }

  template <class Number>
  void number(std::string name, std::optional<Number>& target, std::uint64_t least,
              std::uint64_t most) {
    add(std::move(name),
        [&target, least, most](const json& value) -> Result<void> {
          if (!value.is_number_integer() || value.get<std::int64_t>() < 0 ||
              value.get<std::uint64_t>() < least || value.get<std::uint64_t>() > most) {
            return expected("a number from " + std::to_string(least) + " to " +
                                std::to_string(most), value);
          }
          target = static_cast<Number>(value.get<std::uint64_t>());
          return {};
        },
        [&target] { return target ? std::to_string(*target) : std::string(); });
  }

  void duration(std::string name, std::uint64_t& target_ms, bool zero_allowed = true) {
    add(std::move(name),
        [&target_ms, zero_allowed](const json& value) -> Result<void> {
          if (!value.is_string()) return expected("a duration such as \"10s\"", value);
          RESTATE_TRY(const auto ms, parse_duration_ms(value.get<std::string>()));
          if (ms == 0 && !zero_allowed) return expected("a duration above zero", value);
          target_ms = ms;
          return {};
        },
        [&target_ms] { return toml_text(format_duration_ms(target_ms)); });
  }

  void duration(std::string name, std::optional<std::uint64_t>& target_ms) {
    add(std::move(name),
        [&target_ms](const json& value) -> Result<void> {
          if (!value.is_string()) return expected("a duration such as \"10s\"", value);
          RESTATE_TRY(target_ms, parse_duration_ms(value.get<std::string>()));
          return {};
        },
        [&target_ms] { return target_ms ? toml_text(format_duration_ms(*target_ms)) : std::string(); });
  }

  template <class Size>
  void size(std::string name, Size& target, bool zero_allowed = false) {
    add(std::move(name),
        [&target, zero_allowed](const json& value) -> Result<void> {
          RESTATE_TRY(const auto spelled, text_of(value));
          RESTATE_TRY(const auto bytes, parse_size(spelled));
          if (bytes == 0 && !zero_allowed) return expected("a size above zero", value);
          target = static_cast<std::size_t>(bytes);
          return {};
        },
        [&target] {
          if constexpr (std::is_same_v<Size, std::size_t>) {
            return toml_text(format_size(target));
          } else {
            return target ? toml_text(format_size(*target)) : std::string();
          }
        });
  }

  /// A size that HTTP/2 has to agree with.
  void size(std::string name, std::size_t& target, std::size_t least, std::size_t most) {
    size(std::move(name), target);
    auto set = std::move(keys.back().set);
    keys.back().set = [set = std::move(set), &target, least, most](const json& value) {
      const std::size_t before = target;
      Result<void> done = set(value);
      if (!done || (target >= least && target <= most)) return done;
      target = before;
      return Result<void>(expected("a size from " + format_size(least) + " to " +
                                   format_size(most), value));
    };
  }

  /// The key added last is another spelling of an earlier one.
  void alias() { keys.back().show = [] { return std::string(); }; }

  void add(std::string name, std::function<Result<void>(const json&)> set,
           std::function<std::string()> show) {
    keys.push_back({std::move(name), std::move(set), std::move(show)});
  }

  std::vector<ConfigKey> keys;
};

/// `70`, `"unlimited"`.
void max_attempts(Table& table, std::string name, std::optional<std::uint64_t>& target) {
  table.add(std::move(name),
            [&target](const json& value) -> Result<void> {
              if (value.is_string() && (value == "unlimited" || value == "infinite")) {
                target.reset();
                return {};
              }
              if (!value.is_number_integer() || value.get<std::int64_t>() < 1) {
                return expected("a number of at least 1, or \"unlimited\"", value);
              }
              target = value.get<std::uint64_t>();
              return {};
            },
            [&target] { return target ? std::to_string(*target) : toml_text("unlimited"); });
}

void retry_policy(Table& table, const std::string& prefix, schema::Defaults& defaults) {
  table.duration(prefix + ".initial-interval", defaults.retry_initial_ms);
  for (const char* name : {".exponentiation-factor", ".factor"}) {
    table.add(prefix + name,
              [&defaults](const json& value) -> Result<void> {
                if (!value.is_number() || value.get<double>() < 1) {
                  return expected("a number of at least 1", value);
                }
                defaults.retry_factor = value.get<double>();
                return {};
              },
              [&defaults, name] {
                return name[1] == 'f' ? std::string() : json(defaults.retry_factor).dump();
              });
  }
  max_attempts(table, prefix + ".max-attempts", defaults.retry_max_attempts);
  table.duration(prefix + ".max-interval", defaults.retry_max_interval_ms);
  table.add(prefix + ".on-max-attempts",
            [&defaults](const json& value) -> Result<void> {
              if (value != "pause" && value != "kill") return expected("\"pause\" or \"kill\"", value);
              defaults.retry_kill = value == "kill";
              return {};
            },
            [&defaults] { return toml_text(defaults.retry_kill ? "kill" : "pause"); });
}

Result<ListenMode> parse_mode(const json& value) {
  if (value == "tcp") return ListenMode::kTcp;
  if (value == "unix") return ListenMode::kUnix;
  if (value == "all") return ListenMode::kAll;
  return expected("\"tcp\", \"unix\" or \"all\"", value);
}

/// `section` is empty for the node's own listener, whose settings the others inherit.
void listener(Table& table, const std::string& section, std::vector<ListenerConfig*> targets,
              ListenerConfig& own) {
  const std::string prefix = section.empty() ? "" : section + ".";
  table.add(prefix + "listen-mode",
            [targets](const json& value) -> Result<void> {
              RESTATE_TRY(const auto mode, parse_mode(value));
              for (ListenerConfig* target : targets) target->mode = mode;
              return {};
            },
            [&own] {
              return toml_text(own.mode == ListenMode::kTcp    ? "tcp"
                            : own.mode == ListenMode::kUnix ? "unix" : "all");
            });
  table.add(prefix + "bind-ip",
            [targets](const json& value) -> Result<void> {
              RESTATE_TRY(const auto ip, text_of(value));
              for (ListenerConfig* target : targets) target->bind_ip = ip;
              return {};
            },
            [&own] { return toml_text(own.bind_ip); });
  table.add(prefix + "use-random-ports",
            [targets](const json& value) -> Result<void> {
              if (!value.is_boolean()) return expected("true or false", value);
              for (ListenerConfig* target : targets) target->random_port = value.get<bool>();
              return {};
            },
            [&own] { return std::string(own.random_port ? "true" : "false"); });
  table.number(prefix + "bind-port", own.port, 0, 65535);
  table.add(prefix + "bind-address",
            [&own](const json& value) -> Result<void> {
              RESTATE_TRY(const auto address, text_of(value));
              const std::size_t colon = address.rfind(':');
              if (colon == std::string::npos) return expected("\"ip:port\"", value);
              own.bind_ip = address.substr(0, colon);
              const std::string port = address.substr(colon + 1);
              if (port.empty() || port.size() > 5 ||
                  port.find_first_not_of("0123456789") != std::string::npos ||
                  std::stoul(port) > 65535) {
                return expected("\"ip:port\"", value);
              }
              own.port = static_cast<std::uint16_t>(std::stoul(port));
              return {};
            },
            [] { return std::string(); });
  table.text(prefix + "advertised-address", own.advertised_address);
}

void request_headers(Table& table, std::string name, std::map<std::string, std::string>& target) {
  table.add(std::move(name),
            [&target](const json& value) -> Result<void> {
              if (!value.is_object()) return expected("a table of headers", value);
              target.clear();
              for (const auto& [header, content] : value.items()) {
                RESTATE_TRY(target[header], text_of(content));
              }
              return {};
            },
            [&target] {
              std::string text = "{";
              for (const auto& [header, content] : target) {
                text.append(text.size() > 1 ? ", " : " ");
                text.append(toml_text(header)).append(" = ").append(toml_text(content));
              }
              return text + " }";
            });
}

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
  if (brokers.empty()) return expected("a list of brokers for '" + cluster.name + "'", value);
  cluster.properties["metadata.broker.list"] = std::move(brokers);
  return cluster;
}

void kafka_clusters(Table& table, schema::KafkaClusters& clusters) {
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
}

void keep_alive(Table& table, const std::string& prefix, ServiceClientConfig& client) {
  table.duration(prefix + "interval", client.keep_alive_interval_ms);
  table.duration(prefix + "timeout", client.keep_alive_timeout_ms, false);
  table.add(prefix + "jitter",
            [&client](const json& value) -> Result<void> {
              if (!value.is_number() || value.get<double>() < 0 || value.get<double>() > 1) {
                return expected("a number from 0 to 1", value);
              }
              client.keep_alive_jitter = value.get<double>();
              return {};
            },
            [&client] { return json(client.keep_alive_jitter).dump(); });
}

void proxy(Table& table, const std::string& prefix, ServiceClientConfig& client) {
  table.add(prefix + "http-proxy",
            [&client](const json& value) -> Result<void> {
              RESTATE_TRY(const auto address, text_of(value));
              client.proxy.reset();
              if (address.empty()) return {};
              RESTATE_TRY(client.proxy, http::parse_proxy(address));
              return {};
            },
            [&client] { return client.proxy ? toml_text(client.proxy->str()) : std::string(); });
  table.add(prefix + "no-proxy",
            [&client](const json& value) -> Result<void> {
              std::string list;
              if (value.is_string()) list = value.get<std::string>();
              else if (!value.is_array()) return expected("a list of hosts", value);
              for (const json& host : value.is_array() ? value : json::array()) {
                RESTATE_TRY(const auto name, text_of(host));
                list.append(list.empty() ? "" : ",").append(name);
              }
              client.no_proxy = std::move(list);
              return {};
            },
            [&client] {
              return client.no_proxy.empty() ? std::string() : toml_text(client.no_proxy);
            });
}

void lambda(Table& table, const std::string& prefix, LambdaConfig& config) {
  table.size(prefix + "request-compression-threshold", config.compression_threshold, true);
  table.text(prefix + "aws-profile", config.profile);
  table.text(prefix + "aws-assume-role-external-id", config.external_id);
}

/// The ways to deployments; first as they are spelled today, then as of old, which wins.
void service_client(Table& table, Config& config) {
  constexpr std::size_t kMaxWindow = 0x7fff'ffff;
  ServiceClientConfig& client = config.service_client;
  const std::string prefix = "worker.invoker.";
  table.duration(prefix + "connect-timeout", client.connect_timeout_ms, false);
  keep_alive(table, prefix + "http2-keep-alive-", client);
  table.number(prefix + "http2-streams-per-connection-limit", client.streams_per_connection, 1,
               kMaxWindow);
  table.number(prefix + "http2-initial-max-send-streams", client.initial_send_streams, 1,
               kMaxWindow);
  table.duration(prefix + "http2-idle-connection-timeout", client.idle_timeout_ms);
  table.size(prefix + "http2-initial-stream-window-size", client.stream_window, 1, kMaxWindow);
  table.size(prefix + "http2-initial-connection-window-size", client.connection_window, 65'535,
             kMaxWindow);
  table.size(prefix + "http2-max-frame-size", client.max_frame_bytes, 16'384, 16'777'215);
  request_headers(table, prefix + "additional-request-headers", config.additional_request_headers);
  proxy(table, prefix, client);
  lambda(table, prefix, config.lambda);

  const auto of_old = static_cast<std::ptrdiff_t>(table.keys.size());
  table.duration("connect-timeout", client.connect_timeout_ms, false);
  keep_alive(table, "http-keep-alive-options.", client);
  table.number("initial-max-send-streams", client.initial_send_streams, 1, kMaxWindow);
  request_headers(table, "additional-request-headers", config.additional_request_headers);
  proxy(table, "", client);
  lambda(table, "", config.lambda);
  for (auto key = table.keys.begin() + of_old; key != table.keys.end(); ++key) {
    key->show = [] { return std::string(); };
  }
}

/// First the budget of the node, which sets every share; then the shares that have a key.
void memory(Table& table, Config& config) {
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

void query(Table& table, QueryConfig& config) {
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
  Table table;
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
  table.flag("relaxed-durability", config.relaxed_durability);
  table.add("log-filter",
            [&config](const json& value) -> Result<void> {
              RESTATE_TRY(auto filter, text_of(value));
              RESTATE_TRY_VOID(LogFilter::parse(filter));
              config.log_filter = std::move(filter);
              return {};
            },
            [&config] { return toml_text(config.log_filter); });
  table.add("log-format",
            [&config](const json& value) -> Result<void> {
              if (value == "pretty") config.log_format = LogFormat::kPretty;
              else if (value == "compact") config.log_format = LogFormat::kCompact;
              else if (value == "json") config.log_format = LogFormat::kJson;
              else return expected("\"pretty\", \"compact\" or \"json\"", value);
              return {};
            },
            [&config] {
              return toml_text(config.log_format == LogFormat::kPretty    ? "pretty"
                            : config.log_format == LogFormat::kCompact ? "compact" : "json");
            });
  table.add("log-disable-ansi-codes",
            [&config](const json& value) -> Result<void> {
              if (!value.is_boolean()) return expected("true or false", value);
              config.log_colors = !value.get<bool>();
              return {};
            },
            [&config] { return std::string(config.log_colors ? "false" : "true"); });

  listener(table, "",
           {&config.node_listener, &config.ingress_listener, &config.admin_listener},
           config.node_listener);
  listener(table, "ingress", {&config.ingress_listener}, config.ingress_listener);
  listener(table, "admin", {&config.admin_listener}, config.admin_listener);
  table.text("ingress.advertised-ingress-endpoint", config.ingress_listener.advertised_address);
  table.alias();
  table.flag("admin.disable-web-ui", config.disable_web_ui);
  table.text("admin.advertised-admin-endpoint", config.admin_listener.advertised_address);
  table.alias();

  retry_policy(table, "worker.invoker.retry-policy", config.defaults);  // the old name first
  retry_policy(table, "default-retry-policy", config.defaults);
  max_attempts(table, "max-retry-policy-max-attempts", config.defaults.max_retry_attempts);
  table.duration("default-journal-retention", config.defaults.journal_retention_ms);
  table.duration("max-journal-retention", config.defaults.max_journal_retention_ms);
  table.duration("default-idempotency-retention", config.defaults.idempotency_retention_ms);
  table.duration("max-idempotency-retention", config.defaults.max_idempotency_retention_ms);
  table.duration("default-workflow-completion-retention",
                 config.defaults.workflow_completion_retention_ms);
  table.duration("max-workflow-completion-retention",
                 config.defaults.max_workflow_completion_retention_ms);

  table.duration("worker.cleanup-interval", config.cleanup_interval_ms, false);
  table.duration("worker.trim-delay-interval", config.trim_delay_ms);
  table.size("worker.checkpoint-bytes", config.checkpoint_bytes);
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
  service_client(table, config);
  table.text("request-identity-private-key-pem-file", config.identity_key_file);
  table.text("worker.invoker.request-identity-private-key-pem-file", config.identity_key_file);
  table.duration("worker.invoker.request-identity-expiration", config.identity_expiration_ms,
                 false);
  table.flag("experimental-enable-protocol-v7", config.protocol_v7);
  table.flag("experimental-enable-vqueues", config.vqueues);
  table.flag("experimental-enable-scoped-virtual-objects", config.scoped_virtual_objects);
  table.flag("experimental-enable-unique-random-seeds", config.unique_random_seeds);
  table.text("tracing-endpoint", config.tracing_endpoint);
  table.text("tracing-services-endpoint", config.tracing_services_endpoint);
  table.flag("disable-controlled-idempotent-sharding", config.legacy_idempotent_sharding);

  table.size("ingress.request-size-limit", config.request_size_limit);
  table.number("ingress.concurrent-api-requests-limit", config.ingress_request_limit, 1,
               UINT32_MAX);
  table.number("ingress.http2-max-concurrent-streams", config.ingress_http2_streams, 1,
               UINT32_MAX);
  table.size("ingress.ingestion.inflight-memory-budget", config.ingestion_memory_budget);
  table.size("ingress.ingestion.request-batch-size", config.ingestion_batch_bytes);
  kafka_clusters(table, config.kafka_clusters);
  table.add("admin.deployment-routing-headers",
            [&config](const json& value) -> Result<void> {
              if (!value.is_array()) return expected("a list of header names", value);
              config.deployment_routing_headers.clear();
              for (const json& name : value) {
                RESTATE_TRY(auto header, text_of(name));
                config.deployment_routing_headers.push_back(std::move(header));
              }
              return {};
            },
            [&config] { return json(config.deployment_routing_headers).dump(); });
  query(table, config.query);
  return std::move(table.keys);
}

}  // namespace restate::node
