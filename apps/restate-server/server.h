#pragma once

#include "node/config.h"
#include "options.h"

namespace server {

/// Opens the node, with demo services inside if asked for, and serves until a signal says otherwise.
/// Returns the exit code.
int run(restate::node::LoadedConfig loaded, const Options& options);

}  // namespace server
