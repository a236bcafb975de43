#include "common/overloaded.h"

#include <restate/wire/commands.h>

namespace restate::wire {
namespace {

template <class Message>
PartitionKey key_of_message(const Message& message) {
  if constexpr (requires { message.caller; }) {
    return message.caller.key;
  } else if constexpr (std::is_same_v<Message, Invoke>) {
    return message.invocation.id.key;
  } else {
    return message.invocation.key;
  }
}

}  // namespace

std::string_view command_name(const Command& command) {
  return std::visit(
      Overloaded{
          [](const AnnounceLeader&) { return "AnnounceLeader"; },
          [](const VersionBarrier&) { return "VersionBarrier"; },
          [](const UpdateDurability&) { return "UpdateDurability"; },
          [](const PatchState&) { return "PatchState"; },
          [](const Terminate&) { return "Terminate"; },
          [](const Purge&) { return "Purge"; },
          [](const PurgeJournal&) { return "PurgeJournal"; },
          [](const Invoke&) { return "Invoke"; },
          [](const TruncateOutbox&) { return "TruncateOutbox"; },
          [](const Attach&) { return "Attach"; },
          [](const Resume&) { return "Resume"; },
          [](const RestartAsNew&) { return "RestartAsNew"; },
          [](const InvokerEffect&) { return "InvokerEffect"; },
          [](const TimerFired&) { return "TimerFired"; },
          [](const InvocationResponse&) { return "InvocationResponse"; },
          [](const NotifySignal&) { return "NotifySignal"; },
          [](const UpsertSchema&) { return "UpsertSchema"; },
          [](const Pause&) { return "Pause"; },
          [](const UpsertRuleBook&) { return "UpsertRuleBook"; },
          [](const QueueDecisions&) { return "QueueDecisions"; },
          [](const PauseQueue&) { return "PauseQueue"; },
      },
      command);
}

std::optional<PartitionKey> destination(const Command& command) {
  using Where = std::optional<PartitionKey>;
  return std::visit(
      Overloaded{
          [](const AnnounceLeader&) -> Where { return {}; },
          [](const VersionBarrier&) -> Where { return {}; },
          [](const UpdateDurability&) -> Where { return {}; },
          [](const TruncateOutbox&) -> Where { return {}; },
          [](const UpsertSchema&) -> Where { return {}; },
          [](const UpsertRuleBook&) -> Where { return {}; },
          [](const QueueDecisions&) -> Where { return {}; },
          [](const PauseQueue& pause) -> Where { return pause.queue.key; },
          [](const PatchState& patch) -> Where { return patch.key; },
          [](const TimerFired& timer) -> Where { return timer.key.invocation.key; },
          [](const auto& message) -> Where { return key_of_message(message); },
      },
      command);
}

PartitionKey destination(const OutboxMessage& message) {
  return std::visit([](const auto& m) { return key_of_message(m); }, message);
}

}  // namespace restate::wire
