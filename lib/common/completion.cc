#include <restate/completion.h>

#include <restate/runtime.h>

namespace restate::detail {

Unanswered unanswered_policy(Shard& shard) { return shard.unanswered_policy(); }

void completion_dropped() {
  assertion_failed("called", __FILE__, __LINE__,
                   "a completion was dropped without an answer while its shard runs");
}

}  // namespace restate::detail
