#include "partition/machine/step.h"

namespace restate::partition {

/// The logs of the destinations have these messages.
Result<void> on_truncate_outbox(const wire::TruncateOutbox& command, Step& step) {
  step.state.truncate_outbox(command.index);
  return {};
}

}  // namespace restate::partition
