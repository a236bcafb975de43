#pragma once

#include "node/config.h"

#include <map>
#include <optional>
#include <string>

namespace server {

struct Options {
  std::optional<int> exit_code;  ///< set: nothing more to do (help, version, a usage error)
  std::string config_file;
  bool dump_config = false;
  bool demo = false;
  bool no_logo = false;
  std::map<std::string, std::string> flags;  ///< configuration key -> value as text
};

/// The variables of this process.
std::map<std::string, std::string> environment();

Options parse_options(int argc, char** argv);

/// Reads the file, the environment and the flags.
restate::Result<restate::node::LoadedConfig> load(const Options& options);

}  // namespace server
