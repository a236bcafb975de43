#pragma once

/// \file
/// The status of an invocation as users see it: in SQL, in the admin API, in tools.

#include "partition/status.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace restate::partition {

/// What the leader's invoker knows of an invocation.
struct AttemptView {
  bool in_flight = false;
  std::uint64_t retry_count = 0;
};

/// `pending`, `scheduled`, `ready`, `running`, `backing-off`, `suspended`, `paused` or `completed`.
/// `attempt`: nothing while the invoker does not have it. What waits in a queue for its next attempt
/// is `ready`, also when the last one failed: the invoker has let it go.
std::string_view visible_status(Status status, const std::optional<AttemptView>& attempt);

}  // namespace restate::partition
