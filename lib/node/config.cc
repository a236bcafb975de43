#include "node/config.h"

#include "node/config_keys.h"
#include "node/config_sources.h"
#include "node/config_values.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace restate::node {
namespace {

using nlohmann::json;

/// What may stand in a header without being escaped: visible ASCII, and something of it.
bool is_header_value(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

void warn_unknown(const json& tree, const std::string& prefix, const std::vector<ConfigKey>& keys,
                  std::vector<std::string>& warnings) {
  for (const auto& [key, value] : tree.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    const bool known = std::any_of(keys.begin(), keys.end(),
                                   [&](const ConfigKey& entry) { return entry.name == name; });
    if (known) continue;
    if (value.is_object()) {
      warn_unknown(value, name, keys, warnings);
      continue;
    }
    if (is_unsupported_key(name)) {
      warnings.push_back("configuration key '" + name + "' has no effect: not supported yet");
      continue;
    }
    const auto nearest = std::min_element(
        keys.begin(), keys.end(), [&](const ConfigKey& a, const ConfigKey& b) {
          return edit_distance(a.name, name) < edit_distance(b.name, name);
        });
    const bool close = edit_distance(nearest->name, name) <= 1 + name.size() / 6;
    const Acceptance acceptance = acceptance_of(name);
    if (acceptance == Acceptance::kExact) continue;
    if (acceptance == Acceptance::kKin && !close) continue;
    std::string warning = "unknown configuration key '" + name + "' is ignored";
    if (close) warning += "; did you mean '" + nearest->name + "'?";
    warnings.push_back(std::move(warning));
  }
}

}  // namespace

Result<LoadedConfig> load_config(const std::string& toml, const std::string& toml_name,
                                 const std::map<std::string, std::string>& environment,
                                 const std::map<std::string, std::string>& flags) {
  RESTATE_TRY(const ConfigSources sources, ConfigSources::read(toml, toml_name, environment, flags));
  LoadedConfig loaded;
  const std::vector<ConfigKey> keys = config_keys(loaded.config);
  for (const ConfigKey& key : keys) {
    const json* value = sources.find(key.name);
    if (value == nullptr) continue;
    if (!key.instead.empty()) {
      loaded.warnings.push_back(sources.place_of(key.name) + " is deprecated: use '" + key.instead + "'");
    }
    if (auto set = key.set(*value); !set) {
      return std::move(set).error().within(sources.place_of(key.name));
    }
  }
  Config& config = loaded.config;
  if (sources.find("worker.invoker.additional-request-headers") == nullptr &&
      sources.find("additional-request-headers") == nullptr && is_header_value(config.cluster_name)) {
    config.additional_request_headers["x-restate-cluster-name"] = config.cluster_name;
  }
  const auto limit_size = [&](std::size_t& size, const std::string& key) {
    const std::size_t most = config.networking_message_size_limit;
    if (sources.find(key) == nullptr) {
      size = most;
    } else if (size > most) {
      size = most;
      loaded.warnings.push_back(sources.place_of(key) + " is limited to networking.message-size-limit, " +
                                format_size(most));
    }
  };
  limit_size(config.message_size_limit, "worker.invoker.message-size-limit");
  limit_size(config.request_size_limit, "ingress.request-size-limit");
  // What could never get in would be turned away as if it only came at a bad moment.
  config.request_size_limit = std::min(config.request_size_limit, config.memory.requests);
  if (!config.snapshot_destination.empty() && !config.snapshot_destination.starts_with("file://")) {
    loaded.warnings.push_back(sources.place_of("worker.snapshots.destination") +
                              " has no effect: only file:///directory is supported yet");
  } else if (!config.snapshot_destination.empty() && !config.snapshot_interval_ms &&
             !config.snapshot_records) {
    loaded.warnings.push_back(sources.place_of("worker.snapshots.destination") +
                              ": without an interval copies are made only when the program asks for "
                              "them, and until then no log is given up");
  }
  warn_unknown(sources.tree(), "", keys, loaded.warnings);
  return loaded;
}

std::string dump_config(const Config& config) {
  Config copy = config;
  // Top-level keys first: in TOML whatever follows a table header belongs to it.
  std::map<std::string, std::string> sections;
  for (const ConfigKey& key : config_keys(copy)) {
    const std::string value = key.show();
    if (value.empty()) continue;
    const std::size_t dot = key.name.rfind('.');
    const std::string section = dot == std::string::npos ? "" : key.name.substr(0, dot);
    sections[section] += key.name.substr(dot == std::string::npos ? 0 : dot + 1) + " = " + value + "\n";
  }
  std::string text;
  for (const auto& [section, lines] : sections) {
    if (!section.empty()) text += "\n[" + section + "]\n";
    text += lines;
  }
  return text;
}

}  // namespace restate::node
