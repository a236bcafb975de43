#include "partition/machine/step.h"

namespace restate::partition {

/// A queue that is not there has nothing to pause; asking again changes nothing.
Result<void> on_pause_queue(const wire::PauseQueue& command, Step& step) {
  RESTATE_TRY(auto queue, step.state.tables().find_queue(command.queue));
  if (!queue || queue->paused == command.paused) return {};
  queue->paused = command.paused;
  if (queue->entries > 0 || queue->paused) {
    step.state.put_queue(command.queue, *queue);
  } else {
    step.state.erase_queue(command.queue);
  }
  step.emit(QueuePaused{command.queue, command.paused});
  return {};
}

}  // namespace restate::partition
