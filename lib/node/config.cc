#include "node/config.h"

#include "common/utf8.h"
#include "node/config_keys.h"
#include "node/config_values.h"

#define TOML_EXCEPTIONS 0
#include <nlohmann/json.hpp>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <sstream>

namespace restate::node {
namespace {

using nlohmann::json;

json to_json(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    json object = json::object();
    for (const auto& [key, value] : *table) object[std::string(key.str())] = to_json(value);
    return object;
  }
  if (const auto* array = node.as_array()) {
    json list = json::array();
    for (const auto& value : *array) list.push_back(to_json(value));
    return list;
  }
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return number->get();
  if (const auto* real = node.as_floating_point()) return real->get();
  if (const auto* flag = node.as_boolean()) return flag->get();
  return nullptr;
}

Result<toml::table> parse_toml(const std::string& text, const std::string& name) {
  toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    const toml::source_position at = parsed.error().source().begin;
    return Error{Code::kInvalidArgument,
                 name + ":" + std::to_string(at.line) + ":" + std::to_string(at.column) + ": " +
                     std::string(parsed.error().description())};
  }
  return std::move(parsed).table();
}

/// `config.toml:3`, or only the name where the file spells the key in another way.
std::string place_in_file(const toml::table& file, const std::string& name,
                          const std::string& key) {
  const auto node = file.at_path(key);
  if (!node) return name;
  return name + ":" + std::to_string(node.node()->source().begin.line);
}

/// Objects merge key by key; everything else replaces.
void merge(json& into, const json& from) {
  if (!into.is_object() || !from.is_object()) {
    into = from;
    return;
  }
  for (const auto& [key, value] : from.items()) merge(into[key], value);
}

/// A value as the environment and flags spell it: a TOML scalar, list or inline table, else text.
Result<json> parse_value(const std::string& key, const std::string& text) {
  if (text.empty()) return json("");
  // Names and paths end up in JSON, which has no other texts.
  if (!is_utf8(text)) return Error{Code::kInvalidArgument, key + ": the value is not UTF-8"};
  const bool structured = text.front() == '[' || text.front() == '{';
  toml::parse_result parsed = toml::parse("v = " + text);
  // Of TOML's types, a date is none of ours: such a text is a name like any other.
  if (json value = parsed ? to_json(*parsed.table().get("v")) : json(); !value.is_null()) {
    return value;
  }
  if (!structured) return json(text);
  if (text.front() == '[' && text.back() == ']') {
    // Quotes are optional inside of lists: [worker,admin].
    json list = json::array();
    std::istringstream items(text.substr(1, text.size() - 2));
    for (std::string item; std::getline(items, item, ',');) {
      const auto first = item.find_first_not_of(" \"");
      const auto last = item.find_last_not_of(" \"");
      if (first != std::string::npos) list.push_back(item.substr(first, last - first + 1));
    }
    return list;
  }
  return Error{Code::kInvalidArgument, key + ": '" + text + "' is no list and no table"};
}

void put(json& tree, const std::string& dotted, json value) {
  json* at = &tree;
  std::size_t start = 0;
  for (std::size_t dot = dotted.find('.'); dot != std::string::npos;
       start = dot + 1, dot = dotted.find('.', start)) {
    json& next = (*at)[dotted.substr(start, dot - start)];
    if (!next.is_object()) next = json::object();
    at = &next;
  }
  merge((*at)[dotted.substr(start)], value);
}

const json* find(const json& tree, const std::string& dotted) {
  const json* at = &tree;
  std::size_t start = 0;
  while (at->is_object()) {
    const std::size_t dot = std::min(dotted.find('.', start), dotted.size());
    const auto next = at->find(dotted.substr(start, dot - start));
    if (next == at->end()) return nullptr;
    at = &*next;
    if (dot == dotted.size()) return at;
    start = dot + 1;
  }
  return nullptr;
}

/// `RESTATE_WORKER__CLEANUP_INTERVAL` -> `worker.cleanup-interval`.
std::string key_of_variable(std::string_view name) {
  std::string key;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] == '_' && i + 1 < name.size() && name[i + 1] == '_') {
      key.push_back('.');
      ++i;
    } else if (name[i] == '_') {
      key.push_back('-');
    } else {
      key.push_back(static_cast<char>(std::tolower(static_cast<unsigned char>(name[i]))));
    }
  }
  return key;
}

constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"RUST_LOG", "log-filter"},
    {"HTTP_PROXY", "worker.invoker.http-proxy"},
    {"NO_PROXY", "worker.invoker.no-proxy"},
    {"AWS_EXTERNAL_ID", "worker.invoker.aws-assume-role-external-id"},
    {"MEMORY_LIMIT", "rocksdb-total-memory-size"},
};

struct Variables {
  json tree = json::object();
  std::map<std::string, std::string> names;  ///< key -> the variable that set it
};

Result<Variables> from_environment(const std::map<std::string, std::string>& environment) {
  Variables variables;
  const auto set = [&variables](std::string key, const std::string& name,
                                const std::string& text) -> Result<void> {
    RESTATE_TRY(auto value, parse_value(name, text));
    put(variables.tree, key, std::move(value));
    variables.names[std::move(key)] = name;
    return {};
  };
  for (const auto& [variable, key] : kAliases) {
    const auto found = environment.find(std::string(variable));
    if (found == environment.end()) continue;
    RESTATE_TRY_VOID(set(std::string(key), found->first, found->second));
  }
  for (const auto& [name, text] : environment) {
    std::string upper = name;
    for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (!upper.starts_with("RESTATE_") || upper == "RESTATE_CONFIG") continue;
    RESTATE_TRY_VOID(set(key_of_variable(std::string_view(name).substr(8)), name, text));
  }
  return variables;
}

/// The variable that set `key`, itself or as part of an inline table.
std::string variable_of(const Variables& variables, std::string key) {
  for (;;) {
    if (const auto found = variables.names.find(key); found != variables.names.end()) {
      return found->second;
    }
    const std::size_t dot = key.rfind('.');
    if (dot == std::string::npos) return "the environment";
    key.resize(dot);
  }
}

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

void Config::use_budget(std::size_t bytes) {
  memory_budget = bytes;
  memory = plan_memory(bytes, shards, partitions);
  networking_message_size_limit = memory.message;
  message_size_limit = memory.message;
  request_size_limit = memory.message;
  message_size_warning = std::min(message_size_warning, memory.message);
  query.memory = std::clamp(bytes / 8, std::size_t{16} << 20, QueryConfig().memory);
}

Result<LoadedConfig> load_config(const std::string& toml, const std::string& toml_name,
                                 const std::map<std::string, std::string>& environment,
                                 const std::map<std::string, std::string>& flags) {
  RESTATE_TRY(const toml::table file, parse_toml(toml, toml_name));
  RESTATE_TRY(const Variables variables, from_environment(environment));
  json flag_tree = json::object();
  for (const auto& [key, text] : flags) {
    RESTATE_TRY(auto value, parse_value("--" + key, text));
    put(flag_tree, key, std::move(value));
  }
  json tree = to_json(file);
  merge(tree, variables.tree);
  merge(tree, flag_tree);

  const auto place_of = [&](const std::string& key) {
    if (find(flag_tree, key) != nullptr) return "--" + key;
    if (find(variables.tree, key) != nullptr) return variable_of(variables, key) + ": " + key;
    return place_in_file(file, toml_name, key) + ": " + key;
  };

  LoadedConfig loaded;
  const std::vector<ConfigKey> keys = config_keys(loaded.config);
  for (const ConfigKey& key : keys) {
    const json* value = find(tree, key.name);
    if (value == nullptr) continue;
    if (!key.instead.empty()) {
      loaded.warnings.push_back(place_of(key.name) + " is deprecated: use '" + key.instead + "'");
    }
    if (auto set = key.set(*value); !set) {
      return std::move(set).error().within(place_of(key.name));
    }
  }
  Config& config = loaded.config;
  if (find(tree, "worker.invoker.additional-request-headers") == nullptr &&
      find(tree, "additional-request-headers") == nullptr && is_header_value(config.cluster_name)) {
    config.additional_request_headers["x-restate-cluster-name"] = config.cluster_name;
  }
  const auto limit_size = [&](std::size_t& size, const std::string& key) {
    const std::size_t most = config.networking_message_size_limit;
    if (find(tree, key) == nullptr) {
      size = most;
    } else if (size > most) {
      size = most;
      loaded.warnings.push_back(place_of(key) + " is limited to networking.message-size-limit, " +
                                format_size(most));
    }
  };
  limit_size(config.message_size_limit, "worker.invoker.message-size-limit");
  limit_size(config.request_size_limit, "ingress.request-size-limit");
  // What could never get in would be turned away as if it only came at a bad moment.
  config.request_size_limit = std::min(config.request_size_limit, config.memory.requests);
  if (!config.snapshot_destination.empty() && !config.snapshot_destination.starts_with("file://")) {
    loaded.warnings.push_back(place_of("worker.snapshots.destination") +
                              " has no effect: only file:///directory is supported yet");
  } else if (!config.snapshot_destination.empty() && !config.snapshot_interval_ms &&
             !config.snapshot_records) {
    loaded.warnings.push_back(place_of("worker.snapshots.destination") +
                              ": without an interval copies are made only when the program asks for "
                              "them, and until then no log is given up");
  }
  warn_unknown(tree, "", keys, loaded.warnings);
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
