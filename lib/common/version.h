#pragma once

#include <string_view>

namespace restate {

/// Our own version; also the barrier that older binaries refuse.
inline constexpr std::string_view kVersion = "0.1.0";

/// The release of the reference server whose clients we serve.
inline constexpr std::string_view kCompatibleVersion = "1.7.12";

}  // namespace restate
