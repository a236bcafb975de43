#pragma once

/// \file
/// The spans of an invocation that its partition knows about: that it has begun, and how it ended.

#include "common/trace.h"

#include <restate/partition/actions.h>

namespace restate::worker {

/// For the leader. Nothing happens without a sink, or if nobody keeps the trace.
void trace(trace::Sink* sink, const partition::InvocationStarted& started);
void trace(trace::Sink* sink, const partition::InvocationEnded& ended);

}  // namespace restate::worker
