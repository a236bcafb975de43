#pragma once

/// \file
/// What SQL sees of a partition, taken in one turn of its shard: rows and live attempts agree.

#include "query/inputs.h"
#include "worker/processor.h"

#include <restate/result.h>

namespace restate::node {

/// `processor` may be null: it is not open.
/// - `kUnavailable`: its tables cannot be read now.
Result<query::PartitionInput> freeze(const worker::PartitionDescription& description,
                                     worker::PartitionProcessor* processor,
                                     const query::Needs& needs);

}  // namespace restate::node
