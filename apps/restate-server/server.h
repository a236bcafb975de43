#pragma once

#include "node/config.h"

namespace server {

/// Opens the node and serves until a signal says otherwise. Returns the exit code.
int run(restate::node::LoadedConfig loaded);

}  // namespace server
