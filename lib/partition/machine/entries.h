#pragma once

/// \file
/// Journal entries proposed by an attempt, and what each kind of command does at the moment it is
/// stored.

#include "partition/machine/step.h"
#include "wire/entry.h"

#include <cstdint>

namespace restate::partition {

/// Stores an entry of the attempt and applies its effect. `live` is invoked.
Result<void> on_new_entry(Live& live, const wire::NewEntry& effect, Step& step);

/// A command that was just stored, with all that its effect may need.
struct StoredCommand {
  Live& live;
  std::uint32_t index;         ///< of its entry
  const wire::CallInfo* call;  ///< Call and OneWayCall; others if the proposer has resolved an id
  Step& step;

  /// Announces a completion that comes later.
  Result<void> announce(wire::CompletionId completion, wire::EntryType type) const;
  /// Announces a completion and gives it at once.
  Result<void> complete(wire::CompletionId completion, wire::EntryType type,
                        wire::NotificationResult result) const;
  /// Where an answer to this invocation goes.
  wire::InvocationSink sink(wire::CompletionId completion) const;
};

// State and sleep: entries.cc.
Result<void> apply_entry(const wire::GetLazyStateEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::GetLazyStateKeysEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::SetStateEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::ClearStateEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::ClearAllStateEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::SleepEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::RunEntry& entry, const StoredCommand& stored);
// Other invocations: entries_call.cc.
Result<void> apply_entry(const wire::CallEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::OneWayCallEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::SendSignalEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::AttachInvocationEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::GetInvocationOutputEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::CompleteAwakeableEntry& entry, const StoredCommand& stored);
// Promises of workflows: entries_promise.cc.
Result<void> apply_entry(const wire::GetPromiseEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::PeekPromiseEntry& entry, const StoredCommand& stored);
Result<void> apply_entry(const wire::CompletePromiseEntry& entry, const StoredCommand& stored);

}  // namespace restate::partition
