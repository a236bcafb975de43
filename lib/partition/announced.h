#pragma once

#include "partition/status.h"

#include <cstdint>
#include <vector>

namespace restate::partition {

/// The completions that a command announces, with the types in which they come. `index` is the
/// entry's place in its journal. None for notifications, and for what does not decode.
std::vector<Announced> announced_by(const wire::JournalEntry& entry, std::uint32_t index);

}  // namespace restate::partition
