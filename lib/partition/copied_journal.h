#pragma once

/// \file
/// What a restart copies of a journal: its first entries, and what completes them.

#include "partition/tables.h"

#include <cstdint>
#include <set>

namespace restate::partition {

/// The indexes, behind and within the first entries up to `upto`, of the completions of the commands
/// among those.
Result<std::set<std::uint32_t>> completions_behind(const Tables& tables,
                                                   const InvocationId& invocation,
                                                   std::uint32_t upto);

}  // namespace restate::partition
