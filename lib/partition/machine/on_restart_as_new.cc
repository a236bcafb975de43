#include "common/hash.h"
#include "partition/announced.h"
#include "partition/copied_journal.h"
#include "partition/machine/create.h"
#include "partition/machine/journal.h"
#include "partition/machine/lifecycle.h"
#include "partition/machine/respond.h"
#include "wire/entry.h"
#include "wire/span.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace restate::partition {

namespace {

// Copies what the new life begins with: the prefix as it is, and from behind it the completions of
// the commands in it.
class PrefixCopy {
 public:
  PrefixCopy(Live& to, std::uint32_t last, Step& step) : to_(to), last_(last), step_(step) {}

  Result<void> entry(std::uint32_t index, const wire::JournalEntry& entry) {
    if (index <= last_) return wire::is_command(entry.type) ? command(entry) : notification(entry);
    auto content = wire::decode_entry(entry.type, entry.body);
    if (!content) return {};
    const auto& found = std::get<wire::Notification>(content.value());
    const auto* completion = std::get_if<wire::CompletionId>(&found.id);
    if (completion == nullptr) return {};
    RESTATE_TRY(const auto announced,
                step_.state.invocations.find_announced(to_, completion->value));
    if (!announced) return {};
    return notification(entry);
  }

 private:
  Result<void> command(const wire::JournalEntry& entry) {
    const std::uint32_t index = append(to_, entry, step_);
    for (const Announced& row : announced_by(entry, index)) {
      RESTATE_TRY_VOID(announce(to_, row.completion, index, row.type, step_));
    }
    return {};
  }
  Result<void> notification(const wire::JournalEntry& entry) {
    auto content = wire::decode_entry(entry.type, entry.body);
    if (!content) return {};
    const auto& found = std::get<wire::Notification>(content.value());
    RESTATE_TRY_VOID(
        append_notification(to_, entry, found.id, variant_of(found.result), step_));
    return {};
  }

  Live& to_;
  std::uint32_t last_;
  Step& step_;
};

OperationOutcome refusal(const Live& live, const wire::RestartAsNew& command) {
  switch (live.status.status) {
    case Status::kScheduled:
    case Status::kInboxed:
      return OperationOutcome::kNotStarted;
    case Status::kInvoked:
    case Status::kSuspended:
    case Status::kPaused:
      return OperationOutcome::kStillRunning;
    case Status::kCompleted:
      break;
  }
  if (live.status.journal.length == 0) return OperationOutcome::kMissingInput;
  if (command.copy_up_to >= live.status.journal.length) {
    return OperationOutcome::kJournalIndexOutOfRange;
  }
  return OperationOutcome::kOk;
}

}  // namespace

/// A second life for what was recorded, under a new id. The original stays as it is.
Result<void> on_restart_as_new(const wire::RestartAsNew& command, Step& step) {
  const auto answer = [&](OperationOutcome outcome) {
    const bool done = outcome == OperationOutcome::kOk;
    respond(command.request, OperationResponse::Operation::kRestartAsNew, outcome, step,
            done ? std::optional(command.new_invocation) : std::nullopt);
  };
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  if (live == nullptr) {
    answer(OperationOutcome::kNotFound);
    return {};
  }
  const OperationOutcome refused = refusal(*live, command);
  if (refused != OperationOutcome::kOk) {
    answer(refused);
    return {};
  }
  RESTATE_TRY(Live * taken, step.state.invocations.find(command.new_invocation));
  if (taken != nullptr) {
    answer(OperationOutcome::kOk);  // the same request again
    return {};
  }

  const InvocationStatus& old = live->status;
  Live& fresh = create(command.new_invocation, step);
  InvocationStatus& status = fresh.status;
  status.target = old.target;
  status.source.kind = wire::Source::Kind::kRestartAsNew;
  status.source.invocation = command.invocation;
  // It begins a trace of its own: the old one has ended.
  if (const auto context = wire::context_of(command.invocation, old.span)) {
    status.span = wire::linked(wire::span_context(*context));
  }
  status.limit_key = old.limit_key;
  status.created_by = old.created_by;
  status.retention = old.retention;
  status.pinned = old.pinned;
  if (status.pinned && command.deployment) status.pinned->id = *command.deployment;
  // Random numbers that were journaled must come out again; a run from the start is free to differ.
  if (!step.state.features().unique_random_seeds()) {
    status.random_seed = old.random_seed;
  } else if (command.copy_up_to > 0) {
    // The original may be older than the feature: then its seed was a function of its id.
    status.random_seed = old.random_seed.value_or(seed_of(command.invocation));
  }

  // Copied after the scan, which must not see its rows change. A journal may be much longer than
  // what is copied of it.
  RESTATE_TRY(const auto behind,
              completions_behind(step.state.tables(), command.invocation, command.copy_up_to));
  const std::uint32_t last = behind.empty() ? command.copy_up_to
                                            : std::max(command.copy_up_to, *behind.rbegin());
  std::vector<std::pair<std::uint32_t, wire::JournalEntry>> entries;
  RESTATE_TRY_VOID(step.state.tables().scan_journal(
      command.invocation, 0, last + 1, [&](std::uint32_t index, wire::JournalEntry&& entry) {
        if (index <= command.copy_up_to || behind.contains(index)) {
          entries.emplace_back(index, std::move(entry));
        }
        return true;
      }));
  PrefixCopy copy(fresh, command.copy_up_to, step);
  for (const auto& [index, entry] : entries) RESTATE_TRY_VOID(copy.entry(index, entry));

  RESTATE_TRY_VOID(enter(fresh, {}, step));
  answer(OperationOutcome::kOk);
  return {};
}

}  // namespace restate::partition
