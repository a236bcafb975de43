#include "worker/limits.h"
#include "worker/scheduler.h"

#include <restate/testing/mutation.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace restate::worker {

namespace {

/// The one behind `last`, or the first: whose turn it is. There is one.
template <class Ordered, class Key>
auto next_turn(Ordered& all, const std::optional<Key>& last) {
  const auto next = last ? all.upper_bound(*last) : all.begin();
  return next == all.end() ? all.begin() : next;
}

}  // namespace

// --- Who waits -----------------------------------------------------------------------------------

void Scheduler::add_waiter(Scopes::iterator scope, Group& group, const wire::QueueId& id,
                           const Waiter& waiter) {
  Queue& queue = group.queues.at(id);
  set_ready(scope, group, id, queue);
  Lane& lane = queue.lanes[waiter.at.fresh ? 1 : 0];
  // Behind the part of the table that is loaded: it is found when the earlier ones have gone.
  if (lane.more_after && *lane.more_after < waiter) return;
  lane.loaded.insert(waiter);
  if (lane.loaded.size() <= 2 * limits::kLoadedWaiters) return;
  const auto keep_until = std::next(lane.loaded.begin(), limits::kLoadedWaiters);
  lane.more_after = *std::prev(keep_until);
  lane.loaded.erase(keep_until, lane.loaded.end());
}

const Scheduler::Waiter* Scheduler::front(const wire::QueueId& id, Queue& queue, bool fresh) {
  Lane& lane = queue.lanes[fresh ? 1 : 0];
  while (lane.loaded.empty() && lane.more_after) {
    const wire::QueuePlace after{{id.key, lane.more_after->invocation}, id.digest,
                                 lane.more_after->at};
    const auto places = load_(id, fresh, after, limits::kLoadedWaiters);
    lane.more_after.reset();
    if (places.size() == limits::kLoadedWaiters) {
      lane.more_after = Waiter{places.back().at, places.back().invocation.uuid};
    }
    for (const wire::QueuePlace& place : places) {
      if (reserved_.contains(place)) continue;
      lane.loaded.insert({place.at, place.invocation.uuid});
    }
  }
  return lane.loaded.empty() ? nullptr : &*lane.loaded.begin();
}

// --- Who is looked at ----------------------------------------------------------------------------

void Scheduler::set_ready(Scopes::iterator scope, Group& group, const wire::QueueId& id,
                          Queue& queue) {
  set_due(scope, group, id, queue, std::nullopt);
  group.ready.insert(id);
  if (group.blocked_at == nullptr) scope->second.ready.emplace(group.limit_key, &group);
}

void Scheduler::set_due(Scopes::iterator scope, const Group& group, const wire::QueueId& id,
                        Queue& queue, std::optional<WallTime> due) {
  if (queue.due == due) return;
  if (queue.due) due_.erase({*queue.due, scope->first, group.limit_key, id});
  queue.due = due;
  if (due) due_.insert({*due, scope->first, group.limit_key, id});
}

void Scheduler::unblock(ScopeState& scope, Counter& counter) {
  if (counter.blocked.empty() || !counter.has_room()) return;
  if (RESTATE_MUTATION("worker/blocked-group-forgotten")) return;
  const auto next = next_turn(counter.blocked, counter.served);
  next->second->blocked_at = nullptr;
  scope.ready.insert(*next);
  counter.blocked.erase(next);
}

void Scheduler::unblock_beside(ScopeState& scope, const Group& group) {
  for (Counter* counter : group.counters) {
    if (counter != nullptr) unblock(scope, *counter);
  }
}

// --- Decisions -----------------------------------------------------------------------------------

std::vector<wire::QueuePlace> Scheduler::decide(WallTime now, std::size_t limit) {
  while (!due_.empty() && due_.begin()->at <= now) {
    const Due due = *due_.begin();
    const auto scope = scopes_.find(due.scope);
    Group& group = scope->second.groups.at(due.limit_key);
    set_ready(scope, group, due.queue, group.queues.at(due.queue));
    changed_.insert(due.scope);
  }
  std::vector<wire::QueuePlace> decisions;
  while (!changed_.empty() && decisions.size() < limit) {
    const auto scope = scopes_.find(*changed_.begin());
    if (scope != scopes_.end()) decide_in(scope, now, limit, decisions);
    // Full, it is not done with this scope.
    if (decisions.size() < limit) changed_.erase(changed_.begin());
  }
  return decisions;
}

// One permit at a time, to group after group, so that none takes what others wait for as well. Each
// look takes a permit, or takes a group out of those that are ready: so it ends.
void Scheduler::decide_in(Scopes::iterator scope, WallTime now, std::size_t limit,
                          std::vector<wire::QueuePlace>& out) {
  ScopeState& state = scope->second;
  const Counter& own = state.counters.at({});
  // Of a full scope no group needs to be asked.
  while (out.size() < limit && own.has_room() && !state.ready.empty()) {
    const auto turn = next_turn(state.ready, state.served);
    Group& group = *turn->second;
    ++visits_;
    const auto full = std::ranges::find_if(group.counters, [](const Counter* counter) {
      return counter != nullptr && !counter->has_room();
    });
    if (full != group.counters.end()) {
      group.blocked_at = *full;
      (*full)->blocked.insert(*turn);
      state.ready.erase(turn);
    } else if (const auto place = take(scope, group, now)) {
      count(group, [&](Counter& counter) {
        ++counter.reserved;
        counter.served = group.limit_key;
      });
      reserved_.emplace(*place, Reservation{scope, &group});
      state.served = group.limit_key;
      out.push_back(*place);
    } else {
      state.ready.erase(turn);
    }
    // There may be room for more than one, or one that this group cannot use.
    unblock_beside(state, group);
  }
}

std::optional<wire::QueuePlace> Scheduler::take(Scopes::iterator scope, Group& group,
                                                WallTime now) {
  while (!group.ready.empty()) {
    const wire::QueueId id = *next_turn(group.ready, group.served);
    Queue& queue = group.queues.at(id);
    ++visits_;
    std::optional<WallTime> due;
    const auto paused = paused_.find(id);
    if (paused != paused_.end()) paused->second = {scope->first, group.limit_key};
    for (const bool fresh : {false, true}) {
      const Waiter* first = paused != paused_.end() ? nullptr : front(id, queue, fresh);
      if (first == nullptr) continue;
      if (first->at.run_at > now) {
        due = due ? std::min(*due, first->at.run_at) : first->at.run_at;
        continue;
      }
      const wire::QueuePlace taken{{id.key, first->invocation}, id.digest, first->at};
      queue.lanes[fresh ? 1 : 0].loaded.erase(*first);
      group.served = id;
      return taken;
    }
    group.ready.erase(id);
    set_due(scope, group, id, queue, due);
  }
  return std::nullopt;
}

std::optional<WallTime> Scheduler::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->at;
}

}  // namespace restate::worker
