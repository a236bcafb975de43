#include "common/utf8.h"
#include "partition/machine/journal.h"
#include "partition/machine/terminate.h"

#include <utility>
#include <variant>

namespace restate::partition {

Result<void> on_notify_signal(const wire::NotifySignal& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  // Senders were answered when the record was durable, whatever stands here.
  if (live == nullptr || live->status.status == Status::kCompleted) return {};

  const auto* name = std::get_if<wire::SignalName>(&command.signal);
  if (name != nullptr && !is_utf8(name->value)) return {};  // nobody can wait for such a name

  wire::Notification signal;
  std::visit([&](const auto& id) { signal.id = id; }, command.signal);
  std::visit([&](const auto& result) { signal.result = result; }, command.result);
  if (signal.id == wire::NotificationId(wire::kCancelSignal) && !live->status.started()) {
    RESTATE_TRY_VOID(cancel(*live, step));
    return {};
  }
  // Signals are never merged: each is an entry, also of the same name, also before the start.
  return deliver(*live, std::move(signal), step);
}

}  // namespace restate::partition
