#include "partition/machine/step.h"

#include <restate/testing/mutation.h>

namespace restate::partition {

/// The limits are the leader's to enforce; what the log fixes is from which record on they count, so
/// that the next leader begins with the same ones.
Result<void> on_upsert_rule_book(const wire::UpsertRuleBook& command, Step& step) {
  if (command.version <= step.state.rule_book_version()) return {};
  if (!RESTATE_MUTATION("partition/rule-book-not-stored")) {
    step.state.set_rule_book({command.version, command.book});
  }
  step.emit(RulesChanged{command.version, command.book});
  return {};
}

}  // namespace restate::partition
