// Keys about sockets: where they listen, what clients are told of them, and who may speak.

#include "node/config_groups.h"

#include <charconv>

namespace restate::node {
namespace {

using nlohmann::json;

constexpr std::pair<std::string_view, ListenMode> kModes[] = {
    {"tcp", ListenMode::kTcp}, {"unix", ListenMode::kUnix}, {"all", ListenMode::kAll}};

/// The port behind the last colon. Nothing: there is none.
std::optional<std::uint16_t> read_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || problem != std::errc() || end != text.data() + text.size()) return {};
  return port;
}

/// `ip:port`, `[ip]:port` or `http://ip:port/`.
Result<void> read_address(const json& value, ListenerConfig& listener) {
  RESTATE_TRY(const auto spelled, text_of(value));
  std::string_view text = spelled;
  if (constexpr std::string_view kScheme = "http://"; text.starts_with(kScheme)) {
    text.remove_prefix(kScheme.size());
    if (text.ends_with('/')) text.remove_suffix(1);
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return expected("\"ip:port\"", value);
  std::string_view ip = text.substr(0, colon);
  if (ip.starts_with('[') && ip.ends_with(']')) ip = ip.substr(1, ip.size() - 2);
  const auto port = read_port(text.substr(colon + 1));
  if (!port || ip.empty() || ip.find('/') != std::string_view::npos) {
    return expected("\"ip:port\"", value);
  }
  listener.bind_ip = ip;
  listener.port = *port;
  return {};
}

/// What the node's own section says holds for the others, too: they are `heirs`.
struct Section {
  std::string prefix;
  ListenerConfig& own;
  std::vector<ListenerConfig*> heirs;

  /// Adds a key that `read` sets in one listener.
  template <class Member>
  void inherit(ConfigTable& table, Member ListenerConfig::* member) const {
    ConfigKey key = table.pop();
    table.add(std::move(key.name),
              [set = std::move(key.set), own = &own, heirs = heirs, member](
                  const json& value) -> Result<void> {
                RESTATE_TRY_VOID(set(value));
                for (ListenerConfig* heir : heirs) heir->*member = own->*member;
                return {};
              },
              std::move(key.show));
  }
};

void listener(ConfigTable& table, const Section& section) {
  ListenerConfig& own = section.own;
  table.choice(section.prefix + "listen-mode", own.mode, kModes);
  section.inherit(table, &ListenerConfig::mode);
  table.text(section.prefix + "bind-ip", own.bind_ip);
  section.inherit(table, &ListenerConfig::bind_ip);
  table.flag(section.prefix + "use-random-ports", own.random_port);
  section.inherit(table, &ListenerConfig::random_port);
  table.text(section.prefix + "advertised-host", own.advertised_host);
  section.inherit(table, &ListenerConfig::advertised_host);
  table.number(section.prefix + "bind-port", own.port, 0, 65535);
  table.add(section.prefix + "bind-address",
            [&own](const json& value) { return read_address(value, own); },
            [] { return std::string(); });
  table.text(section.prefix + "advertised-address", own.advertised_address);
}

}  // namespace

void add_listener_keys(ConfigTable& table, Config& config) {
  ListenerConfig& ingress = config.ingress_listener;
  ListenerConfig& admin = config.admin_listener;
  listener(table, {"", config.node_listener, {&ingress, &admin}});
  listener(table, {"ingress.", ingress, {}});
  listener(table, {"admin.", admin, {}});
  table.text("ingress.advertised-ingress-endpoint", ingress.advertised_address);
  table.deprecated("ingress.advertised-address");
  table.text("admin.advertised-admin-endpoint", admin.advertised_address);
  table.deprecated("admin.advertised-address");

  const auto token = [&table](const std::string& prefix, TokenConfig& target) {
    table.secret(prefix + "bearer-token", target.token);
    table.text(prefix + "bearer-token-file", target.file);
  };
  token("admin.", config.admin_token);
  token("ingress.", config.ingress_token);
  token("metrics-", config.metrics_token);
}

}  // namespace restate::node
