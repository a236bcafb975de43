#pragma once

#include "partition/machine/step.h"

namespace restate::partition {

/// Tells a started invocation to unwind; ends one that has not started.
Result<OperationOutcome> cancel(Live& live, Step& step);

}  // namespace restate::partition
