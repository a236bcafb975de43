#include "partition/machine/entries.h"

#include "partition/machine/journal.h"
#include "partition/machine/lifecycle.h"

#include <restate/testing/mutation.h>

#include <utility>
#include <variant>

namespace restate::partition {

namespace {

// What an attempt may store as a command.
enum class Handling : std::uint8_t { kStoreOnly, kApply, kRefuse };

Handling handling_of(wire::EntryType type) {
  switch (type) {
    case wire::EntryType::kOutput:             // read at the end
    case wire::EntryType::kGetEagerState:      // carries its own result
    case wire::EntryType::kGetEagerStateKeys:  // the same
      return Handling::kStoreOnly;
    case wire::EntryType::kGetLazyState:
    case wire::EntryType::kSetState:
    case wire::EntryType::kClearState:
    case wire::EntryType::kClearAllState:
    case wire::EntryType::kGetLazyStateKeys:
    case wire::EntryType::kGetPromise:
    case wire::EntryType::kPeekPromise:
    case wire::EntryType::kCompletePromise:
    case wire::EntryType::kSleep:
    case wire::EntryType::kCall:
    case wire::EntryType::kOneWayCall:
    case wire::EntryType::kSendSignal:
    case wire::EntryType::kRun:
    case wire::EntryType::kAttachInvocation:
    case wire::EntryType::kGetInvocationOutput:
    case wire::EntryType::kCompleteAwakeable:
      return Handling::kApply;
    case wire::EntryType::kInput:  // the first entry, and no other
    case wire::EntryType::kGetLazyStateCompletion:
    case wire::EntryType::kGetLazyStateKeysCompletion:
    case wire::EntryType::kGetPromiseCompletion:
    case wire::EntryType::kPeekPromiseCompletion:
    case wire::EntryType::kCompletePromiseCompletion:
    case wire::EntryType::kSleepCompletion:
    case wire::EntryType::kCallCompletion:
    case wire::EntryType::kCallInvocationIdCompletion:
    case wire::EntryType::kRunCompletion:
    case wire::EntryType::kAttachInvocationCompletion:
    case wire::EntryType::kGetInvocationOutputCompletion:
    case wire::EntryType::kSignalNotification:
      return Handling::kRefuse;
  }
  return Handling::kRefuse;  // a number that is no type
}

struct ApplyContent {
  const StoredCommand& stored;

  template <class Entry>
  Result<void> operator()(const Entry& entry) const {
    if constexpr (requires { apply_entry(entry, stored); }) {
      return apply_entry(entry, stored);
    } else {
      return {};  // stored only; never decoded
    }
  }
};

// The invoker lets no such entry through, so this attempt is not one of ours. Its journal cannot be
// trusted to go on, and nobody must wait for it for ever.
Result<void> refuse(Live& live, std::string why, Step& step) {
  RESTATE_TRY_VOID(end(live, wire::Failure{571, std::move(why), {}}, step));
  step.emit(AbortInvocation{live.id});
  return {};
}

// The result of a run. It is kept as the SDK wrote it.
Result<void> on_run_completion(Live& live, const wire::NewEntry& effect, Step& step) {
  auto content = wire::decode_entry(effect.type, effect.body);
  if (!content) return refuse(live, content.error().message, step);
  const auto& notification = std::get<wire::Notification>(content.value());
  const auto* completion = std::get_if<wire::CompletionId>(&notification.id);
  if (completion == nullptr) return refuse(live, "the result of a run names none", step);
  RESTATE_TRY(const auto announced,
              step.state.invocations.find_announced(live, completion->value));
  RESTATE_TRY(const auto arrived, step.state.invocations.find_arrival(live, notification.id));
  if (!announced || announced->type != effect.type || arrived) {
    // Nobody asked for it, or it is the second one. The attempt must hear of it all the same: it
    // waits for all that it proposed before it tries again. At index 0 is the Input, so that nothing
    // is passed on to the endpoint.
    step.emit(ForwardNotification{live.id, 0, effect.type, notification.id, {}});
    return {};
  }
  return deliver(live, {effect.type, notification.id, variant_of(notification.result), effect.body},
                 step);
}

}  // namespace

Result<void> on_new_entry(Live& live, const wire::NewEntry& effect, Step& step) {
  if (effect.type == wire::EntryType::kRunCompletion) return on_run_completion(live, effect, step);
  const Handling handling = handling_of(effect.type);
  if (handling == Handling::kRefuse) return refuse(live, "the entry is no command", step);

  const bool calls =
      effect.type == wire::EntryType::kCall || effect.type == wire::EntryType::kOneWayCall;
  if (calls && !effect.call) return refuse(live, "the call has no target", step);
  wire::JournalEntry entry{effect.type, step.time, effect.body, calls ? effect.call : std::nullopt};
  if (handling == Handling::kApply) {
    auto content = wire::decode_entry(effect.type, effect.body);
    if (!content) return refuse(live, content.error().message, step);
    const std::uint32_t index = append(live, entry, step);
    const StoredCommand stored{live, index, effect.call ? &*effect.call : nullptr, step};
    RESTATE_TRY_VOID(std::visit(ApplyContent{stored}, content.value()));
  } else {
    append(live, entry, step);
  }
  if (effect.command_to_ack) {
    step.emit(AckStoredCommand{live.id, *effect.command_to_ack, effect.ack_requested});
  }
  return {};
}

// --- What commands have in common
// -----------------------------------------------------------------

Result<void> StoredCommand::announce(wire::CompletionId completion, wire::EntryType type) const {
  return partition::announce(live, completion.value, index, type, step);
}

Result<void> StoredCommand::complete(wire::CompletionId completion, wire::EntryType type,
                                     wire::NotificationResult result) const {
  RESTATE_TRY_VOID(announce(completion, type));
  return partition::complete(live, completion.value, type, std::move(result), step);
}

wire::InvocationSink StoredCommand::sink(wire::CompletionId completion) const {
  return {live.id, live.status.incarnation, completion.value};
}

// --- State
// ----------------------------------------------------------------------------------------

// Services have no state: they read nothing, and writing nothing is no error.

Result<void> apply_entry(const wire::GetLazyStateEntry& entry, const StoredCommand& stored) {
  const wire::InvocationTarget& target = stored.live.status.target;
  wire::NotificationResult result = wire::Void{};
  if (target.keyed()) {
    RESTATE_TRY(auto value, stored.step.state.tables().find_state({stored.live.id.key, target},
                                                                  entry.key.view()));
    if (value) result = std::move(*value);
  }
  return stored.complete(entry.completion, wire::EntryType::kGetLazyStateCompletion,
                         std::move(result));
}

Result<void> apply_entry(const wire::GetLazyStateKeysEntry& entry, const StoredCommand& stored) {
  const wire::InvocationTarget& target = stored.live.status.target;
  wire::StateKeys keys;
  if (target.keyed()) {
    RESTATE_TRY_VOID(stored.step.state.tables().scan_state({stored.live.id.key, target},
                                                           [&](std::string_view key, Bytes&&) {
                                                             keys.keys.emplace_back(key);
                                                             return true;
                                                           }));
  }
  return stored.complete(entry.completion, wire::EntryType::kGetLazyStateKeysCompletion,
                         std::move(keys));
}

// Changes are true at once, not at the end: who fails or is killed has still written them.

Result<void> apply_entry(const wire::SetStateEntry& entry, const StoredCommand& stored) {
  const wire::InvocationTarget& target = stored.live.status.target;
  if (!target.keyed()) return {};
  if (RESTATE_MUTATION("partition/state-mutation-lost") && stored.step.lsn % 8 == 0) return {};
  stored.step.state.put_state({stored.live.id.key, target}, entry.key.view(), entry.value);
  return {};
}

Result<void> apply_entry(const wire::ClearStateEntry& entry, const StoredCommand& stored) {
  const wire::InvocationTarget& target = stored.live.status.target;
  if (!target.keyed()) return {};
  stored.step.state.erase_state({stored.live.id.key, target}, entry.key.view());
  return {};
}

Result<void> apply_entry(const wire::ClearAllStateEntry&, const StoredCommand& stored) {
  const wire::InvocationTarget& target = stored.live.status.target;
  if (!target.keyed()) return {};
  return stored.step.state.erase_all_state({stored.live.id.key, target});
}

// --- Time and side effects
// ------------------------------------------------------------------------

Result<void> apply_entry(const wire::SleepEntry& entry, const StoredCommand& stored) {
  RESTATE_TRY_VOID(stored.announce(entry.completion, wire::EntryType::kSleepCompletion));
  const TimerRow timer{
      {entry.wake_up, wire::TimerKind::kCompleteSleep, stored.live.id, entry.completion.value},
      stored.live.status.incarnation};
  stored.step.state.put_timer(timer);
  stored.step.emit(RegisterTimer{timer.key, timer.incarnation});
  return {};
}

Result<void> apply_entry(const wire::RunEntry& entry, const StoredCommand& stored) {
  return stored.announce(entry.completion, wire::EntryType::kRunCompletion);
}

}  // namespace restate::partition
