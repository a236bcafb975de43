// Keys about the way to deployments: connections, proxies, functions, headers and signatures.

#include "common/ascii.h"
#include "node/config_groups.h"

namespace restate::node {
namespace {

using nlohmann::json;

/// True for names that promise a credential: such values are not shown.
bool is_secret_header(std::string_view name) {
  const std::string lower = ascii_lower(name);
  for (const char* hint : {"auth", "token", "secret", "password", "cookie", "api-key", "apikey"}) {
    if (lower.find(hint) != std::string::npos) return true;
  }
  return false;
}

void request_headers(ConfigTable& table, std::string name,
                     std::map<std::string, std::string>& target) {
  table.add(std::move(name),
            [&target](const json& value) -> Result<void> {
              if (!value.is_object()) return expected("a table of headers", value);
              target.clear();
              for (const auto& [header, content] : value.items()) {
                RESTATE_TRY(auto text, text_of(content));
                if (is_secret_header(header)) RESTATE_TRY_VOID(refuse_stars(text));
                target[header] = std::move(text);
              }
              return {};
            },
            [&target] {
              std::string text = "{";
              for (const auto& [header, content] : target) {
                text.append(text.size() > 1 ? ", " : " ");
                text.append(toml_text(header)).append(" = ");
                text.append(toml_text(is_secret_header(header) ? kStars : content));
              }
              return text + " }";
            });
  table.hide([&target] {
    std::string secrets;
    for (const auto& [header, content] : target) {
      if (is_secret_header(header)) secrets.append(content).push_back('\n');
    }
    return secrets;
  });
}

void keep_alive(ConfigTable& table, const std::string& prefix, ServiceClientConfig& client) {
  table.duration(prefix + "interval", client.keep_alive_interval_ms);
  table.duration(prefix + "timeout", client.keep_alive_timeout_ms, 1);
  table.real(prefix + "jitter", client.keep_alive_jitter, 0, 1);
}

void proxy(ConfigTable& table, const std::string& prefix, ServiceClientConfig& client) {
  table.add(prefix + "http-proxy",
            [&client](const json& value) -> Result<void> {
              RESTATE_TRY(const auto address, text_of(value));
              client.proxy.reset();
              if (address.empty()) return {};
              RESTATE_TRY(client.proxy, http::parse_proxy(address));
              return {};
            },
            [&client] { return client.proxy ? toml_text(client.proxy->str()) : std::string(); });
  table.hide([&client] { return client.proxy ? client.proxy->authorization : std::string(); });
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

void lambda(ConfigTable& table, const std::string& prefix, LambdaConfig& config) {
  table.size(prefix + "request-compression-threshold", config.compression_threshold, true);
  table.text(prefix + "aws-profile", config.profile);
  table.text(prefix + "aws-assume-role-external-id", config.external_id);
}

/// How a key that stood at the top level is called today.
std::string today(const std::string& of_old) {
  constexpr std::string_view kKeepAlive = "http-keep-alive-options.";
  std::string name = of_old;
  if (of_old.starts_with(kKeepAlive)) {
    name = "http2-keep-alive-" + of_old.substr(kKeepAlive.size());
  } else if (of_old == "initial-max-send-streams") {
    name = "http2-" + of_old;
  }
  return "worker.invoker." + name;
}

}  // namespace

// First as they are spelled today, then as of old, which wins.
void add_client_keys(ConfigTable& table, Config& config) {
  constexpr std::size_t kMaxWindow = 0x7fff'ffff;
  ServiceClientConfig& client = config.service_client;
  const std::string prefix = "worker.invoker.";
  table.duration(prefix + "connect-timeout", client.connect_timeout_ms, 1);
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
  request_headers(table, "tracing-headers", config.tracing_headers);
  proxy(table, prefix, client);
  lambda(table, prefix, config.lambda);

  table.text(prefix + "request-identity-private-key-pem-file", config.identity_key_file);
  table.duration(prefix + "request-identity-expiration", config.identity_expiration_ms,
                 1000);

  ConfigTable of_old;
  of_old.duration("connect-timeout", client.connect_timeout_ms, 1);
  keep_alive(of_old, "http-keep-alive-options.", client);
  of_old.number("initial-max-send-streams", client.initial_send_streams, 1, kMaxWindow);
  request_headers(of_old, "additional-request-headers", config.additional_request_headers);
  proxy(of_old, "", client);
  lambda(of_old, "", config.lambda);
  of_old.text("request-identity-private-key-pem-file", config.identity_key_file);
  table.add_deprecated(std::move(of_old), today);
}

}  // namespace restate::node
