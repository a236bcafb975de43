#include "partition/machine/step.h"

namespace restate::partition {

/// Fences earlier leaders by its place in the log alone: dedup drops what they appended behind it.
Result<void> on_announce_leader(const wire::AnnounceLeader& command, Step& step) {
  const auto& known = step.state.leader();
  if (!known || known->epoch <= command.epoch) step.state.set_leader(command);
  step.applied.leader = command;
  return {};
}

}  // namespace restate::partition
