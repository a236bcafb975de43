#pragma once

#include <restate/runtime.h>

#include <string_view>

namespace restate {

/// Reads `host:port`, `[v6]:port` or `unix:/path`; `Address::str()` writes the same.
/// - `kInvalidArgument`: anything else, with the reason.
Result<Address> parse_address(std::string_view text);

}  // namespace restate
