// restate-server: a node, configured by a file, the environment and flags. Everything it does is in
// the library; this program reads its settings, opens the parts and waits for a signal.

#include "options.h"
#include "server.h"

#include <restate/error.h>

#include <cstdio>

int main(int argc, char** argv) {
  const server::Options options = server::parse_options(argc, argv);
  if (options.exit_code) return *options.exit_code;
  auto loaded = server::load(options);
  if (!loaded) {
    std::fprintf(stderr, "[RT0002] %s\n", loaded.error().message.c_str());
    return 1;
  }
  if (options.dump_config) {
    // Also how settings are checked before a start: what is wrong goes to stderr.
    for (const std::string& warning : loaded->warnings) {
      std::fprintf(stderr, "warning: %s\n", warning.c_str());
    }
    std::fputs(restate::node::dump_config(loaded->config).c_str(), stdout);
    return 0;
  }
  return server::run(*std::move(loaded), options);
}
