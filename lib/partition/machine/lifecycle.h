#pragma once

/// \file
/// The moves between statuses (docs/state-machine.md): each writes its rows and emits its actions
/// in the order that replicas and tests compare.

#include "partition/machine/step.h"

#include <optional>
#include <vector>

namespace restate::partition {

/// Who is told that an invocation was accepted, and what its first attempt need not read.
struct Entrance {
  std::optional<RequestId> submit_notification;
  std::vector<wire::JournalEntry> journal;
};

/// Starts a new invocation, or lets it wait: for its time, or for its object.
Result<void> enter(Live& live, Entrance entrance, Step& step);
/// The same once its time has come.
Result<void> enter_now(Live& live, Entrance entrance, Step& step);

/// To Inv, without asking for an attempt.
void start(Live& live, Step& step);
/// It has its object, or needs none: starts, or waits in its queue.
Result<void> admit(Live& live, std::vector<wire::JournalEntry> journal, Step& step);
/// Sus or Pau to Inv: a new attempt.
Result<void> resume(Live& live, Step& step);
/// Inv or Sus to Pau. The object stays locked.
Result<void> pause(Live& live, std::optional<wire::JournalEvent> event, Step& step);

/// The end of a started invocation: answers, keeps what is to be kept, passes the object on.
Result<void> end(Live& live, wire::InvocationResult result, Step& step);

/// The end of one that never started. Leaves nothing.
Result<void> terminate_waiting(Live& live, const wire::Failure& failure, Step& step);

/// Kills everything that `live` called, awaited or not.
Result<void> kill_children(const Live& live, Step& step);

/// Deletes the journal of a completed invocation, and forgets its length.
Result<void> drop_journal(Live& live, Step& step);

}  // namespace restate::partition
