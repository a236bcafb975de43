#pragma once

/// \file
/// What may change while a node runs, and what waits for its next start.

#include "node/config.h"

#include <string>
#include <string_view>
#include <vector>

namespace restate::node {

/// True for keys that `Node::reconfigure`, or the host's logger, takes over at once.
bool is_live_key(std::string_view name);

/// Takes the values of those keys over; all others stay.
void take_live_keys(const Config& from, Config& running);

struct ConfigChange {
  std::vector<std::string> live;      ///< keys that take effect at once
  std::vector<std::string> at_start;  ///< keys that wait for the next start
};

/// The keys whose values differ. Secrets are compared, but never shown.
ConfigChange compare(const Config& before, const Config& after);

}  // namespace restate::node
