#include "options.h"

#include "common/version.h"

#include <CLI/CLI.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

extern char** environ;

namespace server {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const std::size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return variables;
}

namespace {

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 && name[0] != '\0' ? name : "node";
}

struct Flag {
  const char* names;
  const char* key;
  const char* help;
};

constexpr Flag kFlags[] = {
    {"--base-dir", "base-dir", "Where data lives [./restate-data]"},
    {"--node-name", "node-name", "Sub-directory of the base directory [host name]"},
    {"--cluster-name", "cluster-name", "[localcluster]"},
    {"--bind-ip", "bind-ip", "Address of all listeners [0.0.0.0]"},
    {"--bind-port", "bind-port", "Port of the node itself [5122]"},
    {"--bind-address", "bind-address", "The same as ip:port"},
    {"--advertised-address", "advertised-address", "What other nodes use"},
    {"--advertised-host", "advertised-host", "What clients and nodes use"},
    {"--listen-mode", "listen-mode", "unix, tcp or all [all]"},
    {"--use-random-ports", "use-random-ports", "Pick free ports [false]"},
    {"--roles,--role", "roles", "Comma separated [all]"},
    {"--location,--node-location", "location", "Accepted for clusters"},
    {"--force-node-id", "force-node-id", "Accepted for clusters"},
    {"--auto-provision,--allow-bootstrap", "auto-provision", "Make a new cluster [true]"},
    {"--metadata-store-address", "metadata-client.addresses", "Accepted for clusters"},
    {"--default-num-partitions,--bootstrap-num-partitions", "default-num-partitions",
     "Of a new cluster [24]"},
    {"--shutdown-timeout", "shutdown-timeout", "Forced exit after this [1m]"},
    {"--log-filter", "log-filter", "level or target=level, comma separated [warn,restate=info]"},
    {"--log-format", "log-format", "pretty, compact or json [pretty]"},
    {"--log-disable-ansi-codes", "log-disable-ansi-codes", "No colours [false]"},
    {"--tracing-endpoint", "tracing-endpoint", "Accepted"},
    {"--tracing-runtime-endpoint", "tracing-runtime-endpoint", "Accepted"},
    {"--tracing-services-endpoint", "tracing-services-endpoint", "Accepted"},
    {"--tracing-json-path", "tracing-json-path", "Accepted"},
    {"--tracing-filter", "tracing-filter", "Accepted"},
};

/// Flags spell lists with commas; the configuration wants brackets.
std::string value_of(const Flag& flag, const std::string& text) {
  const std::string key = flag.key;
  if (key == "roles" || key == "metadata-client.addresses") return "[" + text + "]";
  return text;
}

/// One line that names the flag and what was expected.
std::string describe(const CLI::ParseError& error, const CLI::App& app) {
  for (const std::string& left : app.remaining()) {
    if (left.starts_with("-")) return "unknown flag '" + left + "'";
  }
  if (!app.remaining().empty()) return "unexpected argument '" + app.remaining().back() + "'";
  return error.what();
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  std::map<std::string, std::string> values;
  bool production = false;
  CLI::App app("A durable execution engine: runs your services so that they survive any crash.");
  app.set_version_flag("--version", "restate-server " + std::string(restate::kVersion) +
                                        " (compatible with restate " +
                                        std::string(restate::kCompatibleVersion) + ")");
  app.add_option("-c,--config-file", options.config_file, "TOML; also RESTATE_CONFIG")
      ->envname("RESTATE_CONFIG");
  app.add_flag("--dump-config", options.dump_config, "Print the effective configuration and exit");
  app.add_flag("--demo", options.demo, "Serve a demo service from inside this process");
  app.add_flag("--production", production, "Safe defaults: never make a new cluster by itself");
  app.add_flag("--no-logo", options.no_logo, "Print no banner");
  for (const Flag& flag : kFlags) app.add_option(flag.names, values[flag.key], flag.help);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    options.exit_code = error.get_exit_code() == 0 ? 0 : 2;
    if (*options.exit_code == 0) {
      app.exit(error);  // prints help or version
    } else {
      std::cerr << "restate-server: " << describe(error, app) << " (--help lists the flags)\n";
    }
    return options;
  }
  if (production) options.flags["auto-provision"] = "false";
  for (const Flag& flag : kFlags) {
    const std::string& text = values[flag.key];
    if (!text.empty()) options.flags[flag.key] = value_of(flag, text);
  }
  return options;
}

restate::Result<restate::node::LoadedConfig> load(const Options& options) {
  std::string toml;
  if (!options.config_file.empty()) {
    std::ifstream file(options.config_file);
    std::error_code unreadable;
    if (!file || std::filesystem::is_directory(options.config_file, unreadable)) {
      return restate::Error{restate::Code::kInvalidArgument,
                            options.config_file + ": cannot read this configuration file: " +
                                (file ? "it is a directory" : std::strerror(errno))};
    }
    std::ostringstream text;
    text << file.rdbuf();
    toml = text.str();
  }
  RESTATE_TRY(auto loaded, restate::node::load_config(toml, options.config_file, environment(),
                                                      options.flags));
  if (loaded.config.node_name.empty()) loaded.config.node_name = host_name();
  return loaded;
}

}  // namespace server
