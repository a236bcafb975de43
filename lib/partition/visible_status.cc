#include "partition/visible_status.h"

#include <restate/assert.h>

namespace restate::partition {

std::string_view visible_status(Status status, const std::optional<AttemptView>& attempt) {
  switch (status) {
    case Status::kScheduled:
      return "scheduled";
    case Status::kInboxed:
      return "pending";
    case Status::kInvoked:
      if (!attempt) return "ready";
      if (attempt->in_flight) return "running";
      return attempt->retry_count > 0 ? "backing-off" : "ready";
    case Status::kSuspended:
      return "suspended";
    case Status::kPaused:
      return "paused";
    case Status::kCompleted:
      return "completed";
  }
  RESTATE_UNREACHABLE();
}

}  // namespace restate::partition
