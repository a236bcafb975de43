#include "partition/machine/create.h"

#include <bit>

namespace restate::partition {

Live& create(const InvocationId& id, Step& step) {
  Live& live = step.state.invocations.create(id);
  InvocationStatus& status = live.status;
  status.incarnation = {step.lsn};
  status.timestamps.created = step.time;
  status.timestamps.modified = step.time;
  if (step.state.features().unique_random_seeds()) status.random_seed = unique_seed(id, step.time);
  return live;
}

// The finalizer of splitmix64. The value is stored, so no other version may compute another one.
std::uint64_t unique_seed(const InvocationId& id, WallTime created) {
  std::uint64_t z = id.uuid.high() ^ std::rotl(id.uuid.low(), 21) ^ std::rotl(created.ms, 43);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

}  // namespace restate::partition
