#pragma once

#include <restate/version.h>

#include <string_view>

namespace restate {

/// Our own version; also the barrier that older binaries refuse.
inline constexpr std::string_view kVersion = RESTATE_VERSION_STRING;

/// The release of the reference server whose clients we serve.
inline constexpr std::string_view kCompatibleVersion = "1.7.12";

}  // namespace restate
