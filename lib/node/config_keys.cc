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
  table.size("rocksdb-total-memory-size", config.store_memory_bytes);
  table.size("worker.storage.rocksdb-memory-budget", config.store_memory_bytes);

  table.duration("worker.invoker.inactivity-timeout", config.defaults.inactivity_timeout_ms);
  table.duration("worker.invoker.abort-timeout", config.defaults.abort_timeout_ms);
  table.size("worker.invoker.message-size-limit", config.message_size_limit);
  table.size("worker.invoker.message-size-warning", config.message_size_warning);
  table.number("worker.invoker.concurrent-invocations-limit", config.concurrent_invocations, 1,
               1u << 30);
  table.size("worker.invoker.eager-state-size-limit", config.eager_state_limit, true);
  table.duration("worker.invoker.connect-timeout", config.connect_timeout_ms, false);
  table.add("worker.invoker.additional-request-headers",
            [&config](const json& value) -> Result<void> {
              if (!value.is_object()) return expected("a table of headers", value);
              config.additional_request_headers.clear();
              for (const auto& [name, header] : value.items()) {
                RESTATE_TRY(config.additional_request_headers[name], text_of(header));
              }
              return {};
            },
            [&config] {
              if (config.additional_request_headers.empty()) return std::string();
              std::string text = "{ ";
              for (const auto& [name, value] : config.additional_request_headers) {
                if (text.size() > 2) text.append(", ");
                text.append(toml_text(name)).append(" = ").append(toml_text(value));
              }
              return text + " }";
            });
  table.text("request-identity-private-key-pem-file", config.identity_key_file);
  table.text("worker.invoker.request-identity-private-key-pem-file", config.identity_key_file);
  table.duration("worker.invoker.request-identity-expiration", config.identity_expiration_ms,
                 false);
  table.flag("experimental-enable-protocol-v7", config.protocol_v7);
  table.text("tracing-endpoint", config.tracing_endpoint);
  table.text("tracing-services-endpoint", config.tracing_services_endpoint);
  table.flag("disable-controlled-idempotent-sharding", config.legacy_idempotent_sharding);

  table.size("ingress.request-size-limit", config.request_size_limit);
  table.add("ingress.concurrent-api-requests-limit",
            [&config](const json& value) -> Result<void> {
              if (!value.is_number_integer() || value.get<std::int64_t>() < 1) {
                return expected("a number of at least 1", value);
              }
              config.ingress_request_limit = value.get<std::uint32_t>();
              return {};
            },
            [&config] {
              return config.ingress_request_limit ? std::to_string(*config.ingress_request_limit)
                                                  : std::string();
            });
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
  return std::move(table.keys);
}

bool is_accepted_key(std::string_view name) {
  constexpr std::string_view kPrefixes[] = {
      "location", "force-node-id", "default-replication", "tracing-", "disable-", "experimental-",
      "rocksdb-", "storage-", "default-thread-", "metadata-", "gossip-", "hlc-", "networking.",
      "bifrost.", "log-server.", "worker.", "admin.", "ingress.", "initialization-timeout",
      "invocation-yield-threshold", "process-total-memory-size", "advertised-host", "tokio-",
      "http-", "no-proxy", "aws-", "connect-timeout", "initial-max-send-streams",
      "request-compression-threshold", "additional-request-headers",
  };
  for (const std::string_view prefix : kPrefixes) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace restate::node
