#pragma once

/// \file
/// The files in which people keep their AWS settings: `~/.aws/credentials` and `~/.aws/config`.

#include <map>
#include <string>
#include <string_view>

namespace restate::connect::aws {

using Profile = std::map<std::string, std::string>;

/// All profiles by name. What both files say of a profile is merged; credentials win.
std::map<std::string, Profile> parse_profiles(std::string_view config,
                                              std::string_view credentials);

}  // namespace restate::connect::aws
