#include "partition/machine/journal.h"

#include "common/utf8.h"
#include "partition/await_tree.h"
#include "partition/machine/lifecycle.h"
#include "wire/entry.h"

#include <restate/testing/mutation.h>

#include <utility>

namespace restate::partition {

std::uint32_t append(Live& live, const wire::JournalEntry& entry, Step& step) {
  JournalMetadata& journal = step.change(live).journal;
  const std::uint32_t index = journal.length;
  if (!RESTATE_MUTATION("partition/journal-length-not-advanced")) ++journal.length;
  step.state.put_entry(live.id, index, entry);
  if (!wire::is_command(entry.type)) return index;
  ++journal.commands;
  if (entry.type == wire::EntryType::kOutput) {
    journal.last_output = index;
    live.last_output = entry.body;
  }
  return index;
}

Result<std::uint32_t> append_notification(Live& live, const wire::JournalEntry& entry,
                                          const wire::NotificationId& id, Variant variant,
                                          Step& step) {
  RESTATE_TRY(const auto old, step.state.invocations.find_arrival(live, id));
  const std::uint32_t index = append(live, entry, step);
  // Whoever waits for this id may be after either of the two: only the SDK can tell.
  if (old && old->variant != variant) variant = Variant::kUnknown;
  step.state.put_arrival(live, {id, index, variant});
  return index;
}

Result<void> announce(Live& live, std::uint32_t completion, std::uint32_t command,
                      wire::EntryType type, Step& step) {
  RESTATE_TRY(const auto known, step.state.invocations.find_announced(live, completion));
  if (!known) step.state.put_announced(live, {completion, command, type});
  return {};
}

Result<void> deliver(Live& live, Delivery notification, Step& step) {
  RESTATE_TRY(const std::uint32_t index,
              append_notification(live, {notification.type, step.time, notification.body, {}},
                                  notification.id, notification.variant, step));
  switch (live.status.status) {
    case Status::kInvoked:
      step.emit(ForwardNotification{live.id, index, notification.type, std::move(notification.id),
                                    std::move(notification.body)});
      return {};
    case Status::kSuspended: {
      const auto only_this = [&](const wire::NotificationId& id) -> std::optional<Variant> {
        if (id == notification.id) return notification.variant;
        return std::nullopt;
      };
      if (RESTATE_MUTATION("partition/suspended-not-resumed")) return {};
      if (resolve(step.change(live).awaiting, only_this) == Outcome::kPending) return {};
      return resume(live, step);
    }
    case Status::kPaused:
      // It finds the notification in its journal when somebody resumes it. A cancellation does.
      if (notification.id != wire::NotificationId(wire::kCancelSignal)) return {};
      return resume(live, step);
    case Status::kScheduled:
    case Status::kInboxed:
      return {};  // its first attempt reads it
    case Status::kCompleted:
      break;
  }
  RESTATE_UNREACHABLE();
}

// Texts of failures come from anywhere, and an SDK refuses a message with a text that is none: it
// would retry for ever.
Result<void> deliver(Live& live, wire::Notification notification, Step& step) {
  if (auto* failure = std::get_if<wire::Failure>(&notification.result)) {
    failure->message = utf8_lossy(failure->message);
    for (auto& [key, value] : failure->metadata) {
      key = utf8_lossy(key);
      value = utf8_lossy(value);
    }
  }
  return deliver(live,
                 {notification.type, notification.id, variant_of(notification.result),
                  wire::encode_notification(notification)},
                 step);
}

Result<void> complete(Live& live, std::uint32_t completion, wire::EntryType type,
                      wire::NotificationResult result, Step& step) {
  RESTATE_TRY(const auto announced, step.state.invocations.find_announced(live, completion));
  if (!announced || announced->type != type) return {};
  RESTATE_TRY(const auto arrived,
              step.state.invocations.find_arrival(live, wire::CompletionId{completion}));
  if (arrived) return {};
  return deliver(live, wire::Notification{type, wire::CompletionId{completion}, std::move(result)},
                 step);
}

void append_event(Live& live, wire::JournalEvent event, Step& step) {
  JournalMetadata& journal = step.change(live).journal;
  ++journal.events;
  // The Input is there from the start: there is always a last entry.
  step.state.put_event(live.id, {std::move(event), journal.length - 1, step.time, step.lsn});
}

Result<void> append_new_event(Live& live, const wire::JournalEvent& event, Step& step) {
  std::optional<EventRow> newest;
  if (live.status.journal.events > 0) {
    RESTATE_TRY(newest, step.state.tables().newest_event(live.id));
  }
  if (!newest || newest->event != event) append_event(live, event, step);
  return {};
}

Result<wire::InvocationResult> read_output(Live& live, Step& step) {
  const wire::InvocationResult missing =
      wire::Failure{500, "the invocation ended without an output", {}};
  if (!live.status.journal.last_output) return missing;
  if (!live.last_output) {
    RESTATE_TRY(auto entry,
                step.state.tables().find_entry(live.id, *live.status.journal.last_output));
    if (!entry) return missing;
    live.last_output = std::move(entry->body);
  }
  auto content = wire::decode_entry(wire::EntryType::kOutput, *live.last_output);
  if (!content) return missing;
  return std::move(std::get<wire::OutputEntry>(content.value()).result);
}

}  // namespace restate::partition
