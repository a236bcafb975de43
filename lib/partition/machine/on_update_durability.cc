#include "partition/machine/step.h"

namespace restate::partition {

Result<void> on_update_durability(const wire::UpdateDurability& command, Step& step) {
  if (command.partition && *command.partition != step.state.partition()) return {};
  const auto& known = step.state.durability();
  if (known && known->durable_lsn >= command.durable_lsn) return {};
  step.state.set_durability(command);
  step.applied.durability = command;
  return {};
}

}  // namespace restate::partition
