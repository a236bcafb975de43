#pragma once

/// \file
/// Virtual objects: one exclusive invocation at a time, the others and changes of the state behind
/// it, strictly in order.

#include "partition/machine/step.h"

namespace restate::partition {

/// True if `live` may start: it needs no lock, or holds it now. Otherwise it is in the inbox.
Result<bool> acquire(Live& live, Step& step);

/// `holder` is done with the object: what waits takes its turn.
Result<void> release(const ObjectKey& object, const InvocationId& holder, Step& step);

/// Takes an invocation that waits out of the inbox.
Result<void> leave_inbox(const Live& live, Step& step);

/// Lets a change of the state wait if somebody holds the object, else applies it.
Result<void> mutate(const ObjectKey& object, const StateMutation& mutation, Step& step);

/// Replaces the whole state of an object. Ignored if the state is not the one expected any more:
/// whoever asked was answered long ago.
Result<void> apply_mutation(const ObjectKey& object, const StateMutation& mutation, Step& step);

}  // namespace restate::partition
