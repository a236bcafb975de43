#include "partition/machine/journal.h"

#include <restate/testing/mutation.h>

namespace restate::partition {

namespace {

// Only these wait for an answer from elsewhere.
bool answerable(wire::EntryType type) {
  return type == wire::EntryType::kCallCompletion ||
         type == wire::EntryType::kAttachInvocationCompletion ||
         type == wire::EntryType::kGetInvocationOutputCompletion ||
         type == wire::EntryType::kGetPromiseCompletion;
}

}  // namespace

/// Late and stray answers are a part of life: callers are killed, purged, restarted. None of them
/// changes anything.
Result<void> on_invocation_response(const wire::InvocationResponse& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.caller));
  if (live == nullptr) return {};
  const bool this_life = command.incarnation.matches(live->status.incarnation);
  if (!this_life && !RESTATE_MUTATION("partition/incarnation-not-checked")) return {};
  if (!live->status.started()) return {};
  RESTATE_TRY(const auto announced,
              step.state.invocations.find_announced(*live, command.completion));
  if (!announced || !answerable(announced->type)) return {};

  wire::NotificationResult result;
  std::visit([&](const auto& value) { result = value; }, command.result);
  const bool not_ready = std::holds_alternative<wire::Void>(result);
  if (not_ready && announced->type != wire::EntryType::kGetInvocationOutputCompletion) return {};
  return complete(*live, command.completion, announced->type, std::move(result), step);
}

}  // namespace restate::partition
