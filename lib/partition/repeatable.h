#pragma once

#include <restate/wire/journal.h>

#include <cstdint>
#include <variant>

namespace restate::partition {

/// Signals below this index are the protocol's own; from here on each belongs to one awakeable.
inline constexpr std::uint32_t kFirstAwakeable = 17;

/// True for signals that come again and again: the cancellation, which an SDK names in everything
/// it awaits, and named ones. Each counts once, for the attempt that had not seen it.
inline bool repeatable(const wire::NotificationId& id) {
  if (const auto* index = std::get_if<wire::SignalIndex>(&id)) {
    return index->value < kFirstAwakeable;
  }
  return std::holds_alternative<wire::SignalName>(id);
}

}  // namespace restate::partition
