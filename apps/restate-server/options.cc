#include "options.h"

#include "common/version.h"
#include "help.h"

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

/// A flag, with its other spellings, and the key of the configuration that it sets.
struct Flag {
  const char* names;
  const char* key;
};

constexpr Flag kFlags[] = {
    {"--base-dir", "base-dir"},
    {"--node-name", "node-name"},
    {"--cluster-name", "cluster-name"},
    {"--bind-ip", "bind-ip"},
    {"--bind-port", "bind-port"},
    {"--bind-address", "bind-address"},
    {"--advertised-address", "advertised-address"},
    {"--advertised-host", "advertised-host"},
    {"--listen-mode", "listen-mode"},
    {"--use-random-ports", "use-random-ports"},
    {"--roles,--role", "roles"},
    {"--location,--node-location", "location"},
    {"--force-node-id", "force-node-id"},
    {"--auto-provision,--allow-bootstrap", "auto-provision"},
    {"--metadata-store-address", "metadata-client.addresses"},
    {"--default-num-partitions,--bootstrap-num-partitions", "default-num-partitions"},
    {"--shutdown-timeout", "shutdown-timeout"},
    {"--log-filter", "log-filter"},
    {"--log-format", "log-format"},
    {"--log-disable-ansi-codes", "log-disable-ansi-codes"},
    {"--tracing-endpoint", "tracing-endpoint"},
    {"--tracing-runtime-endpoint", "tracing-runtime-endpoint"},
    {"--tracing-services-endpoint", "tracing-services-endpoint"},
    {"--tracing-json-path", "tracing-json-path"},
    {"--tracing-filter", "tracing-filter"},
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

restate::Result<std::string> read_text(const std::string& path, const char* what) {
  std::ifstream file(path);
  std::error_code unreadable;
  if (!file || std::filesystem::is_directory(path, unreadable)) {
    return restate::Error{restate::Code::kInvalidArgument,
                          path + ": cannot read this " + what + ": " +
                              (file ? "it is a directory" : std::strerror(errno))};
  }
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

/// What is in the file, if one is named, without the line break that editors leave at the end.
restate::Result<void> read_token(restate::node::TokenConfig& config) {
  if (config.file.empty()) return {};
  RESTATE_TRY(config.token, read_text(config.file, "file with a token"));
  const auto last = config.token.find_last_not_of(" \t\r\n");
  config.token.resize(last == std::string::npos ? 0 : last + 1);
  if (!config.token.empty()) return {};
  return restate::Error{restate::Code::kInvalidArgument,
                        config.file + ": expected a token, found nothing"};
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  std::map<std::string, std::string> values;
  bool production = false;
  CLI::App app;
  app.set_version_flag("--version", "restate-server " + std::string(restate::kVersion) +
                                        " (compatible with restate " +
                                        std::string(restate::kCompatibleVersion) + ")");
  // What a flag does is told by kHelp alone.
  app.add_option("-c,--config-file", options.config_file)->envname("RESTATE_CONFIG");
  app.add_flag("--dump-config", options.dump_config);
  app.add_flag("--demo", options.demo);
  app.add_flag("--production", production);
  app.add_flag("--no-logo", options.no_logo);
  for (const Flag& flag : kFlags) app.add_option(flag.names, values[flag.key]);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << kHelp;
    options.exit_code = 0;
    return options;
  } catch (const CLI::ParseError& error) {
    options.exit_code = error.get_exit_code() == 0 ? 0 : 2;
    if (*options.exit_code == 0) {
      app.exit(error);  // prints the version
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
    RESTATE_TRY(toml, read_text(options.config_file, "configuration file"));
  }
  RESTATE_TRY(auto loaded, restate::node::load_config(toml, options.config_file, environment(),
                                                      options.flags));
  for (restate::node::TokenConfig* token :
       {&loaded.config.admin_token, &loaded.config.ingress_token, &loaded.config.metrics_token}) {
    RESTATE_TRY_VOID(read_token(*token));
  }
  if (loaded.config.node_name.empty()) loaded.config.node_name = host_name();
  return loaded;
}

}  // namespace server
