#include "partition/machine/journal.h"
#include "partition/machine/lifecycle.h"

#include <restate/testing/mutation.h>

namespace restate::partition {

namespace {

// Its time has come; its object may still be taken. Whoever submitted it was told long ago.
Result<void> start_scheduled(Live& live, const wire::TimerFired& command, Step& step) {
  if (live.status.status != Status::kScheduled) return {};
  if (live.status.execution_time != command.key.at) return {};
  return enter_now(live, {}, step);
}

}  // namespace

/// The timer service proposed it and the log put it in order; now it becomes true.
Result<void> on_timer_fired(const wire::TimerFired& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.key.invocation));
  const bool same_life = live != nullptr && command.incarnation.matches(live->status.incarnation);

  // Timers outlive their invocation, and ids come back: another life may have put its timer under
  // the same key, and that one must stay.
  if (live != nullptr && !same_life) {
    RESTATE_TRY(const bool mine, step.state.has_timer({command.key, command.incarnation}));
    if (!mine) return {};
  }
  // Even if nobody waits any more: a timer row left behind fires again for ever.
  if (!RESTATE_MUTATION("partition/timer-row-kept")) step.state.erase_timer(command.key);
  step.emit(DeleteTimer{command.key});
  if (!same_life) return {};

  switch (command.key.kind) {
    case wire::TimerKind::kStartScheduled:
      return start_scheduled(*live, command, step);
    case wire::TimerKind::kCompleteSleep:
      if (!live->status.started()) return {};
      if (RESTATE_MUTATION("partition/sleep-completion-dropped")) return {};
      return complete(*live, command.key.completion, wire::EntryType::kSleepCompletion,
                      wire::Void{}, step);
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::partition
