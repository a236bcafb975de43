#pragma once

/// \file
/// What scans read of a row that they will most likely pass over.

#include <optional>
#include <string_view>

namespace restate::partition::rows {

/// The name of the service in the row of an invocation, without the rest. The value outlives it.
std::optional<std::string_view> decode_status_service(std::string_view value);

}  // namespace restate::partition::rows
