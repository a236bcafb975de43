#pragma once

/// \file
/// The gate of flow control. An invocation that carries a scope gets its attempts through a queue:
/// where others ask for an attempt, it waits there until the leader's scheduler lets it run. All
/// others pass by, and so does everything while the feature `vqueues` is off.

#include "partition/machine/step.h"

#include <optional>

namespace restate::partition {

/// True if attempts of `live` are given out by its queue from now on.
bool gated(const Live& live, const Step& step);

/// Where `live` stands; nothing if it has no entry.
Result<std::optional<QueueEntry>> find_entry(const Live& live, const Step& step);

/// False while `live` waits in its queue: whatever reports effects of it, is no attempt of ours.
Result<bool> may_run(const Live& live, const Step& step);

/// A new invocation joins its queue. It is inboxed until it runs for the first time.
Result<void> enqueue(Live& live, Step& step);

/// Asks for an attempt of `live`, which is invoked: at once if it passes no gate, else through its
/// queue, before those that have never run.
Result<void> ask_attempt(Live& live, Step& step);

/// The attempt is over and another one is wanted: like `ask_attempt`, but not before the time the
/// effect names.
Result<void> yield(Live& live, const wire::Yielded& effect, Step& step);

/// `live` waits for something else than a permit: suspended or paused. It needs none meanwhile.
Result<void> park(Live& live, QueueStage stage, Step& step);

/// `live` is over. Answers whether it had an entry.
Result<bool> leave_queue(Live& live, Step& step);

/// Moves an entry of `live` from one stage to another, with its rows.
void change_stage(const Live& live, const QueueEntry& from, const QueueEntry& to, Step& step);

/// Ends a wait for a time. False: it does not wait.
Result<bool> wake_now(Live& live, Step& step);

}  // namespace restate::partition
