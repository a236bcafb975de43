#pragma once

/// \file
/// Appending to journals, and what a new notification does to whoever waits for it.

#include "partition/machine/step.h"

#include <cstdint>

namespace restate::partition {

/// Appends one entry and answers its index. Announces nothing, wakes nobody.
std::uint32_t append(Live& live, const wire::JournalEntry& entry, Step& step);

/// The same for a notification; whoever looks for `id` finds it.
Result<std::uint32_t> append_notification(Live& live, const wire::JournalEntry& entry,
                                          const wire::NotificationId& id, Variant variant,
                                          Step& step);

/// Notes that the command at `command` will be completed under `completion` with `type`. The first
/// command to announce an id keeps it.
Result<void> announce(Live& live, std::uint32_t completion, std::uint32_t command,
                      wire::EntryType type, Step& step);

/// A notification, encoded.
struct Delivery {
  wire::EntryType type = wire::EntryType::kSignalNotification;
  wire::NotificationId id;
  Variant variant = Variant::kVoid;
  Bytes body;
};

/// Appends a notification; then forwards it to the attempt, or wakes who waits for it. `live` has
/// not completed.
Result<void> deliver(Live& live, Delivery notification, Step& step);
/// The same, encoding it.
Result<void> deliver(Live& live, wire::Notification notification, Step& step);

/// Completes what a command announced. A completion that nobody announced with this type, or that
/// has come before, changes nothing: both can follow from what users do, and neither may stop us.
Result<void> complete(Live& live, std::uint32_t completion, wire::EntryType type,
                      wire::NotificationResult result, Step& step);

/// Keeps an event beside the journal.
void append_event(Live& live, wire::JournalEvent event, Step& step);

/// The same, unless the newest event already says so.
Result<void> append_new_event(Live& live, const wire::JournalEvent& event, Step& step);

/// The value of the last Output command; a failure if there is none.
Result<wire::InvocationResult> read_output(Live& live, Step& step);

}  // namespace restate::partition
