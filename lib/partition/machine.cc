#include <restate/partition/machine.h>

#include "common/visibility.h"
#include "partition/machine/state.h"
#include "partition/machine/step.h"
#include "partition/version.h"

#include <variant>

namespace restate::partition {

namespace {

struct Dispatch {
  Step& step;

  Result<void> operator()(const wire::AnnounceLeader& c) const {
    return on_announce_leader(c, step);
  }
  Result<void> operator()(const wire::VersionBarrier& c) const {
    return on_version_barrier(c, step);
  }
  Result<void> operator()(const wire::UpdateDurability& c) const {
    return on_update_durability(c, step);
  }
  Result<void> operator()(const wire::PatchState& c) const { return on_patch_state(c, step); }
  Result<void> operator()(const wire::Terminate& c) const { return on_terminate(c, step); }
  Result<void> operator()(const wire::Purge& c) const { return on_purge(c, step); }
  Result<void> operator()(const wire::PurgeJournal& c) const { return on_purge_journal(c, step); }
  Result<void> operator()(const wire::Invoke& c) const { return on_invoke(c, step); }
  Result<void> operator()(const wire::TruncateOutbox& c) const {
    return on_truncate_outbox(c, step);
  }
  Result<void> operator()(const wire::Attach& c) const { return on_attach(c, step); }
  Result<void> operator()(const wire::Resume& c) const { return on_resume(c, step); }
  Result<void> operator()(const wire::RestartAsNew& c) const { return on_restart_as_new(c, step); }
  Result<void> operator()(const wire::InvokerEffect& c) const { return on_invoker_effect(c, step); }
  Result<void> operator()(const wire::TimerFired& c) const { return on_timer_fired(c, step); }
  Result<void> operator()(const wire::InvocationResponse& c) const {
    return on_invocation_response(c, step);
  }
  Result<void> operator()(const wire::NotifySignal& c) const { return on_notify_signal(c, step); }
  Result<void> operator()(const wire::UpsertSchema& c) const { return on_upsert_schema(c, step); }
  Result<void> operator()(const wire::Pause& c) const { return on_pause(c, step); }
  Result<void> operator()(const wire::UpsertRuleBook& c) const {
    return on_upsert_rule_book(c, step);
  }
  Result<void> operator()(const wire::QueueDecisions& c) const {
    return on_queue_decisions(c, step);
  }
  Result<void> operator()(const wire::PauseQueue& c) const { return on_pause_queue(c, step); }
};

}  // namespace

struct RESTATE_HIDDEN Machine::Impl {
  Impl(PartitionId partition, KeyRange range, const storage::View& rows)
      : keys(range), state(partition, rows) {}

  KeyRange keys;
  State state;
};

Machine::Machine(PartitionId partition, KeyRange keys, const storage::View& rows)
    : impl_(std::make_unique<Impl>(partition, keys, rows)) {}

Machine::~Machine() = default;

Result<void> Machine::open() {
  RESTATE_TRY_VOID(impl_->state.open());
  const auto& barrier = impl_->state.barrier();
  if (!barrier) return {};
  const auto required = Version::parse(barrier->min_version);
  if (required && *required <= kMachineVersion) return {};
  return Error{Code::kUnsupported, "opening a partition that requires version " +
                                       barrier->min_version + ", this is " + kMachineVersion.str()};
}

Result<Applied> Machine::apply(std::uint64_t lsn, WallTime created_at,
                               const wire::Envelope& envelope, Actions& actions) {
  State& state = impl_->state;
  RESTATE_ASSERT(lsn > state.applied(), "records are applied in order, once");
  Applied applied;
  // A shared log may hold what belongs to a neighbour.
  const auto key = wire::destination(envelope.command);
  if (key && !impl_->keys.contains(*key)) {
    state.set_applied(lsn);
    return applied;
  }
  RESTATE_TRY(applied.duplicate, state.seen(envelope.dedup));
  if (!applied.duplicate) {
    Step step{state, actions, applied, lsn, created_at};
    RESTATE_TRY_VOID(std::visit(Dispatch{step}, envelope.command));
    state.remember(envelope.dedup);
  }
  state.set_applied(lsn);
  return applied;
}

void Machine::skip_to(std::uint64_t lsn) {
  if (lsn > impl_->state.applied()) impl_->state.set_applied(lsn);
}

void Machine::set_cache_bytes(std::size_t bytes) { impl_->state.invocations.set_limit(bytes); }

void Machine::take_batch(storage::Batch& batch) { impl_->state.take_batch(batch); }

std::size_t Machine::batch_bytes() const { return impl_->state.batch_bytes(); }

void Machine::committed() { impl_->state.committed(); }

std::uint64_t Machine::applied() const { return impl_->state.applied(); }

std::optional<wire::AnnounceLeader> Machine::leader() const { return impl_->state.leader(); }

std::uint64_t Machine::schema_version() const { return impl_->state.schema_version(); }

std::uint64_t Machine::feature_bits() const { return impl_->state.features().bits(); }

std::string Machine::min_version() const {
  const auto& barrier = impl_->state.barrier();
  return barrier ? barrier->min_version : std::string();
}

const InvocationStatus* Machine::known(const InvocationId& id) const {
  return impl_->state.invocations.known(id);
}

const Tables& Machine::tables() const {
  impl_->state.encode();
  return impl_->state.tables();
}

}  // namespace restate::partition
