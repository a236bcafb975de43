#pragma once

/// \file
/// What the handler of a command gets, and the handlers, one per command and file. A handler
/// decides by reading `state` and the command alone; it changes rows through `state` and asks for
/// the rest with `emit`.

#include "partition/machine/state.h"

#include <restate/partition/actions.h>
#include <restate/partition/machine.h>
#include <restate/wire/commands.h>

#include <cstdint>
#include <utility>

namespace restate::partition {

struct Step {
  State& state;
  Actions& actions;
  Applied& applied;
  std::uint64_t lsn;
  WallTime time;  ///< the log's stamp: the only clock there is

  template <class A>
  void emit(A&& action) {
    actions.emplace_back(std::forward<A>(action));
  }
  /// The status, to be changed. Its times never run backwards, whatever the log's clock did.
  InvocationStatus& change(Live& live) {
    InvocationStatus& status = state.invocations.change(live);
    if (status.timestamps.modified < time) status.timestamps.modified = time;
    return status;
  }
};

Result<void> on_announce_leader(const wire::AnnounceLeader& command, Step& step);
Result<void> on_attach(const wire::Attach& command, Step& step);
Result<void> on_invocation_response(const wire::InvocationResponse& command, Step& step);
Result<void> on_invoke(const wire::Invoke& command, Step& step);
Result<void> on_invoker_effect(const wire::InvokerEffect& command, Step& step);
Result<void> on_notify_signal(const wire::NotifySignal& command, Step& step);
Result<void> on_patch_state(const wire::PatchState& command, Step& step);
Result<void> on_pause(const wire::Pause& command, Step& step);
Result<void> on_pause_queue(const wire::PauseQueue& command, Step& step);
Result<void> on_purge(const wire::Purge& command, Step& step);
Result<void> on_purge_journal(const wire::PurgeJournal& command, Step& step);
Result<void> on_queue_decisions(const wire::QueueDecisions& command, Step& step);
Result<void> on_restart_as_new(const wire::RestartAsNew& command, Step& step);
Result<void> on_resume(const wire::Resume& command, Step& step);
Result<void> on_terminate(const wire::Terminate& command, Step& step);
Result<void> on_timer_fired(const wire::TimerFired& command, Step& step);
Result<void> on_truncate_outbox(const wire::TruncateOutbox& command, Step& step);
Result<void> on_update_durability(const wire::UpdateDurability& command, Step& step);
Result<void> on_upsert_rule_book(const wire::UpsertRuleBook& command, Step& step);
Result<void> on_upsert_schema(const wire::UpsertSchema& command, Step& step);
Result<void> on_version_barrier(const wire::VersionBarrier& command, Step& step);

}  // namespace restate::partition
