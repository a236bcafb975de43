#pragma once

#include "partition/machine/step.h"

#include <cstdint>

namespace restate::partition {

/// A new invocation under a free id: this record is its incarnation, its time the beginning.
Live& create(const InvocationId& id, Step& step);

/// A seed for one life of an id, so that an id that comes back does not repeat its randomness.
std::uint64_t unique_seed(const InvocationId& id, WallTime created);

}  // namespace restate::partition
