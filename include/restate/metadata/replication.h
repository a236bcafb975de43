#pragma once

/// \file
/// How many copies of something must exist, and how far apart.

#include <restate/result.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace restate::metadata {

/// Copies per scope. A smaller scope never has fewer copies than a larger one. Text: `{node: 2}` or
/// `{zone: 2, node: 3}`, largest scope first; a bare number means nodes.
struct ReplicationProperty {
  std::uint8_t node = 1;             ///< copies on different nodes
  std::optional<std::uint8_t> zone;  ///< copies in different zones; nothing: zones do not matter
  /// Copies in different regions; nothing: regions do not matter.
  std::optional<std::uint8_t> region;

  bool operator==(const ReplicationProperty&) const = default;
  /// `{zone: 2, node: 3}`, which `parse` reads.
  std::string str() const;
  /// `kInvalidArgument` with the reason.
  static Result<ReplicationProperty> parse(std::string_view text);
};

}  // namespace restate::metadata

#pragma GCC visibility pop
