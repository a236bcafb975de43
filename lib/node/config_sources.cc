#include "node/config_sources.h"

#include "common/utf8.h"

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <sstream>
#include <string_view>
#include <utility>

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

const json* find_in(const json& tree, const std::string& dotted) {
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

}  // namespace

/// What the environment sets.
struct Variables {
  json tree = json::object();
  std::map<std::string, std::string> names;  ///< key -> the variable that set it
};

namespace {

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

}  // namespace

struct ConfigSources::Parts {
  toml::table file;
  std::string file_name;
  Variables variables;
  json flags = json::object();
  json tree;
};

ConfigSources::ConfigSources(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ConfigSources::ConfigSources(ConfigSources&&) noexcept = default;
ConfigSources& ConfigSources::operator=(ConfigSources&&) noexcept = default;
ConfigSources::~ConfigSources() = default;

Result<ConfigSources> ConfigSources::read(const std::string& toml, const std::string& toml_name,
                                          const Texts& environment, const Texts& flags) {
  auto parts = std::make_unique<Parts>();
  RESTATE_TRY(parts->file, parse_toml(toml, toml_name));
  parts->file_name = toml_name;
  RESTATE_TRY(parts->variables, from_environment(environment));
  for (const auto& [key, text] : flags) {
    RESTATE_TRY(auto value, parse_value("--" + key, text));
    put(parts->flags, key, std::move(value));
  }
  parts->tree = to_json(parts->file);
  merge(parts->tree, parts->variables.tree);
  merge(parts->tree, parts->flags);
  return ConfigSources(std::move(parts));
}

const json& ConfigSources::tree() const { return parts_->tree; }

const json* ConfigSources::find(const std::string& key) const { return find_in(parts_->tree, key); }

std::string ConfigSources::place_of(const std::string& key) const {
  if (find_in(parts_->flags, key) != nullptr) return "--" + key;
  if (find_in(parts_->variables.tree, key) != nullptr) {
    return variable_of(parts_->variables, key) + ": " + key;
  }
  return place_in_file(parts_->file, parts_->file_name, key) + ": " + key;
}

}  // namespace restate::node
