#pragma once

#include <cstddef>

namespace restate::metadata {

/// Larger documents are refused: they would not fit into one message between nodes.
inline constexpr std::size_t kMaxDocumentBytes = (std::size_t{32} << 20) / 100 * 95;

/// Calls that wait for the disk at once.
inline constexpr std::size_t kMaxPendingRequests = 65536;

/// How often `read_modify_write` starts over.
inline constexpr int kMaxTries = 20;

}  // namespace restate::metadata
