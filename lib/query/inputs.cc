#include "query/inputs.h"

#include <algorithm>

namespace restate::query {

const LiveAttempt* PartitionInput::find_live(const InvocationId& invocation) const {
  const auto found = std::lower_bound(
      live.begin(), live.end(), invocation,
      [](const LiveAttempt& row, const InvocationId& id) { return row.invocation < id; });
  return found != live.end() && found->invocation == invocation ? &*found : nullptr;
}

const PartitionInput* Inputs::find(PartitionKey key) const {
  for (const PartitionInput& partition : partitions) {
    if (partition.keys.contains(key)) return &partition;
  }
  return nullptr;
}

}  // namespace restate::query
