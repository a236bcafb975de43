#pragma once

/// \file
/// The columns about the attempt of an invocation, which two tables show.

#include "query/fields.h"
#include "query/inputs.h"

#include <span>

namespace restate::query {

/// All but its id and whether it is in flight.
std::span<const Field<LiveAttempt>> live_fields();

}  // namespace restate::query
