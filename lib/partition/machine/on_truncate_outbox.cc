#include "partition/machine/step.h"

#include <restate/testing/mutation.h>

namespace restate::partition {

/// The logs of the destinations have these messages.
Result<void> on_truncate_outbox(const wire::TruncateOutbox& command, Step& step) {
  const std::uint64_t beyond = RESTATE_MUTATION("partition/outbox-truncated-too-far") ? 1 : 0;
  step.state.truncate_outbox(command.index + beyond);
  return {};
}

}  // namespace restate::partition
