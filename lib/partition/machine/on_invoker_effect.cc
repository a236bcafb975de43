#include "partition/await_tree.h"
#include "partition/machine/entries.h"
#include "partition/machine/journal.h"
#include "partition/machine/lifecycle.h"
#include "partition/machine/queue.h"
#include "partition/repeatable.h"

#include <restate/testing/mutation.h>

#include <variant>

namespace restate::partition {

namespace {

// One effect of the attempt at hand; `live` is invoked.
struct OnEffect {
  Live& live;
  Step& step;

  Result<void> operator()(const wire::Pinned& effect) const {
    if (!live.status.pinned) {
      step.change(live).pinned = effect.deployment;
      return {};
    }
    if (*live.status.pinned == effect.deployment) return {};
    // The journal belongs to the first one. Let an attempt on it take over.
    step.emit(AbortInvocation{live.id});
    return ask_attempt(live, step);
  }

  Result<void> operator()(const wire::NewEntry& effect) const {
    return on_new_entry(live, effect, step);
  }

  Result<void> operator()(const wire::NewEvent& effect) const {
    append_event(live, effect.event, step);
    return {};
  }

  Result<void> operator()(const wire::Suspended& effect) const {
    if (depth(effect.awaiting) > kDeepestAwait) return pause(live, std::nullopt, step);
    std::optional<Error> unread;
    const auto arrived = [&](const wire::NotificationId& id) -> std::optional<Variant> {
      auto arrival = step.state.invocations.find_arrival(live, id);
      if (!arrival) {
        unread = std::move(arrival).error();
        return std::nullopt;
      }
      if (!*arrival) return std::nullopt;
      if (repeatable(id) && (*arrival)->index < effect.delivered) return std::nullopt;
      return (*arrival)->variant;
    };
    wire::AwaitTree awaiting = effect.awaiting;
    if (!RESTATE_MUTATION("partition/suspends-on-what-arrived")) {
      const Outcome outcome = resolve(awaiting, arrived);
      if (unread) return *std::move(unread);
      if (outcome != Outcome::kPending) return ask_attempt(live, step);
    }
    if (live.status.pinned && live.status.pinned->protocol >= 7) {
      append_event(live,
                   {wire::JournalEvent::Type::kSuspended,
                    R"({"ty":"Suspended","awaiting_on":)" + to_json(awaiting) + "}"},
                   step);
    }
    InvocationStatus& status = step.change(live);
    status.status = Status::kSuspended;
    status.awaiting = std::move(awaiting);
    status.delivered = effect.delivered;
    return park(live, QueueStage::kSuspended, step);
  }

  Result<void> operator()(const wire::Paused& effect) const {
    return pause(live, effect.event, step);
  }

  Result<void> operator()(const wire::Yielded& effect) const { return yield(live, effect, step); }

  Result<void> operator()(const wire::Ended&) const {
    RESTATE_TRY(wire::InvocationResult result, read_output(live, step));
    return end(live, std::move(result), step);
  }

  Result<void> operator()(const wire::Failed& effect) const {
    return end(live, effect.failure, step);
  }
};

}  // namespace

/// Only an invoked invocation has an attempt, and only one that does not wait for a permit. What others report comes from attempts that were
/// overtaken: by a kill, an end, a pause.
Result<void> on_invoker_effect(const wire::InvokerEffect& command, Step& step) {
  RESTATE_TRY(Live * live, step.state.invocations.find(command.invocation));
  // The id has come back since: what an attempt of the earlier life still had to say goes nowhere,
  // and the attempt of this one is left alone.
  if (live != nullptr && !command.incarnation.matches(live->status.incarnation)) return {};
  if (live == nullptr || live->status.status != Status::kInvoked) {
    step.emit(AbortInvocation{command.invocation});
    return {};
  }
  RESTATE_TRY(const bool runs, may_run(*live, step));
  if (!runs) {
    step.emit(AbortInvocation{command.invocation});
    return {};
  }
  return std::visit(OnEffect{*live, step}, command.effect);
}

}  // namespace restate::partition
