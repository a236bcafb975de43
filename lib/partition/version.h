#pragma once

/// \file
/// The version of the state machine. It grows whenever the same records would give other rows, and
/// barriers in the log compare with it.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace restate::partition {

struct Version {
  std::uint32_t major = 0;
  std::uint32_t minor = 0;
  std::uint32_t patch = 0;

  auto operator<=>(const Version&) const = default;
  std::string str() const {
    return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(patch);
  }
  /// Three numbers; nothing for any other text.
  static std::optional<Version> parse(std::string_view text);
};

inline constexpr Version kMachineVersion{0, 1, 0};

}  // namespace restate::partition
