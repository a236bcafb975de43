#include "invoker/resident.h"

#include "invoker/preparation.h"
#include "wire/span.h"

#include <restate/log.h>

#include <utility>
#include <variant>

namespace restate::invoker {

void Resident::start_attempt() {
  if (waits_for_memory_) return;
  if (lease_.bytes() == 0) {
    auto lease = around_.memory.admit(*this);
    if (!lease) {
      waits_for_memory_ = true;
      journal_ = {};
      return;
    }
    lease_ = *std::move(lease);
  }
  Effects& effects = around_.effects;
  effects.clear();
  residency_.on_attempt_started();
  last_start_at_ = around_.shard.wall_now();
  next_retry_at_.reset();

  auto preparation = prepare_attempt(invocation_, around_.host, around_.options);
  std::vector<wire::JournalEntry> journal = std::exchange(journal_, {});
  if (auto* error = std::get_if<AttemptError>(&preparation)) {
    if (!last_deployment_) {
      residency_.on_policy(
          initial_policy(*around_.host.schema(), around_.options.defaults, target_));
    }
    on_attempt_over(std::move(*error));
    carry_out();
    return;
  }
  auto& prepared = std::get<PreparedAttempt>(preparation);
  prepared.plan.now = *last_start_at_;
  prepared.plan.random_high = around_.shard.random().next();
  prepared.plan.random_low = around_.shard.random().next();
  // More than there is cannot be of this life of the id.
  if (journal.size() > prepared.plan.input.journal_length) journal.clear();

  residency_.on_policy(prepared.retry);
  last_deployment_ = prepared.plan.deployment;
  start_span(prepared);
  around_.metrics.started.add();
  if (prepared.state_cut) around_.metrics.partial_state.add();
  attempt_since_ = around_.shard.now();
  attempt_runs_ = true;
  attempt_.emplace(std::move(prepared.plan), residency_);
  exchange_ = std::make_unique<Exchange>(around_.deadlines, around_.shard.log(), *this);
  exchange_->open(around_.client, *prepared.deployment, std::move(prepared.request));
  attempt_->start(std::move(journal), effects);
  if (carry_out() && account()) pump_replay();
}

void Resident::start_span(PreparedAttempt& prepared) {
  AttemptPlan& plan = prepared.plan;
  if (around_.traces == nullptr) return;
  const auto parent = wire::parent_of(plan.input.span);
  if (!parent) return;
  span_.start(*around_.traces, *parent, around_.shard.random().next(), invocation_,
              plan.input.target, *prepared.deployment, plan.protocol);
  plan.input.span = span_.context();
  prepared.request.span = span_.context();
}

void Resident::on_memory(Lease lease) {
  waits_for_memory_ = false;
  lease_ = std::move(lease);
  start_attempt();
}

bool Resident::account() {
  if (!attempt_) return true;
  const std::size_t held = exchange_->stream().unsent_bytes() + attempt_->receiving();
  const std::size_t wanted = around_.memory.rounded(held);
  if (!lease_.resize(wanted)) {
    around_.effects.clear();
    attempt_->on_memory_shortage(held, false, around_.effects);
    return carry_out();
  }
  // Streams do not tell of every byte that leaves.
  if (wanted > around_.memory.initial()) around_.deadlines.start(look_.deadline, kLeaseLook);
  return true;
}

void Resident::pump_replay() {
  while (attempt_ && attempt_->replay_next()) {
    if (!has_room()) return;
    around_.effects.clear();
    Attempt::Replay replay(*attempt_, around_.effects);
    const auto read =
        around_.host.read_journal(invocation_, *attempt_->replay_next(), attempt_->replay_end(),
                                  kReplayReadBytes, replay);
    if (read) {
      replay.finish();
    } else {
      attempt_->on_journal_error(read.error(), around_.effects);
    }
    if (!carry_out() || !account()) return;
  }
}

bool Resident::carry_out() {
  Effects& effects = around_.effects;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    // Taken out first: carrying out may append.
    Effect effect = std::move(effects[i]);
    if (auto* send = std::get_if<SendFrames>(&effect)) {
      exchange_->stream().send(std::move(send->chain));
    } else if (auto* propose = std::get_if<Propose>(&effect)) {
      warn_of_size(propose->effect);
      span_.on_effect(propose->effect);
      on_proposed(propose->effect);
      const auto taken =
          around_.host.on_effect(invocation_, token_, std::move(propose->effect));
      if (!taken) on_refused(taken.error(), i + 1);
    } else if (auto* yield = std::get_if<ProposeYield>(&effect)) {
      span_.on_effect(yield->yielded);
      yield->yielded.resume_at =
          around_.shard.wall_now().plus(static_cast<std::uint64_t>(yield->delay.count()));
      const auto taken = around_.host.on_effect(invocation_, token_, std::move(yield->yielded));
      if (!taken) on_refused(taken.error(), i + 1);
    } else if (const auto* timeout = std::get_if<SetTimeout>(&effect)) {
      waiting_for_ = timeout->kind;
      around_.deadlines.start(deadline_, timeout->after);
    } else if (std::holds_alternative<CloseInput>(effect)) {
      exchange_->stream().close_input();
    } else if (auto* over = std::get_if<AttemptOver>(&effect)) {
      let_go(over->orderly);
      on_attempt_over(std::move(over->outcome));
    } else if (const auto* wait = std::get_if<WaitForRetry>(&effect)) {
      next_retry_at_ =
          around_.shard.wall_now().plus(static_cast<std::uint64_t>(wait->delay.count()));
      if (!retry_timer_) {
        retry_timer_ = around_.shard.make_timer([this] {
          around_.effects.clear();
          residency_.on_retry_timer(around_.effects);
          carry_out();
        });
      }
      retry_timer_->arm(around_.shard.now() + wait->delay);
      around_.owner.on_waiting(*this);
    } else if (std::holds_alternative<StopWaiting>(effect)) {
      retry_timer_->cancel();
    } else if (std::holds_alternative<StartAttempt>(effect)) {
      // The last effect there is, and it may have been the end of this object.
      if (around_.owner.on_due(*this)) start_attempt();
      return false;
    } else {
      around_.owner.on_over(*this);
      return false;
    }
  }
  return true;
}

// Every other attempt would end the same. What was to follow took for granted that the log has this.
void Resident::on_refused(const Error& why, std::size_t from) {
  Effects& effects = around_.effects;
  effects.erase(effects.begin() + static_cast<std::ptrdiff_t>(from), effects.end());
  if (attempt_) let_go(false);
  AttemptError error;
  error.kind = AttemptError::Kind::kExhausted;
  error.doc_code = DocCode::kAborted;
  error.message = why.message;
  error.counts = false;
  on_attempt_over(std::move(error));
}

void Resident::warn_of_size(const wire::Effect& effect) {
  const auto* entry = std::get_if<wire::NewEntry>(&effect);
  if (entry == nullptr || entry->body.size() < around_.options.message_size_warning) return;
  around_.shard.log().warn("invoker", "a large message became part of a journal",
                           {{"restate.invocation.id", invocation_.str()},
                            {"restate.invocation.target", target_.str()},
                            {"type", wire::entry_type_name(entry->type)},
                            {"bytes", entry->body.size()}});
}

void Resident::on_proposed(const wire::Effect& effect) {
  const auto* entry = std::get_if<wire::NewEntry>(&effect);
  if (entry == nullptr || !attempt_) return;
  unstored_ += entry->body.size() + sizeof(wire::NewEntry);
  const bool leased = unstored_ <= around_.memory.initial() ||
                      unstored_lease_.resize(around_.memory.rounded(unstored_));
  if (leased && unstored_ <= around_.options.unstored_high_water) return;
  if (std::exchange(reading_paused_, true)) return;
  exchange_->stream().pause();
}

void Resident::on_stored() {
  if (!residency_.settled()) return;
  unstored_ = 0;
  unstored_lease_.release();
  if (std::exchange(reading_paused_, false)) exchange_->stream().resume();
}

void Resident::let_go(bool orderly) {
  around_.deadlines.stop(deadline_);
  around_.deadlines.stop(look_.deadline);
  if (attempt_->server()) last_server_ = attempt_->server();
  if (orderly) exchange_->warn_of_more(attempt_->unread_bytes());
  attempt_.reset();
  // What the endpoint still has to say, its end above all, costs nothing any more.
  if (std::exchange(reading_paused_, false)) exchange_->stream().resume();
  if (orderly) {
    around_.lingering.take(std::move(exchange_));
  } else {
    exchange_.reset();
  }
}

}  // namespace restate::invoker
