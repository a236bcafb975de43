#include "worker/scheduler.h"

#include "worker/limits.h"

#include <restate/assert.h>
#include <restate/testing/mutation.h>

#include <algorithm>
#include <utility>

namespace restate::worker {

namespace {

using partition::QueueStage;

// Goes through the elements of a map once, beginning behind the one with `last`, until `visit`
// answers true.
template <class Map, class Key, class Visit>
bool rotate(Map& map, const std::optional<Key>& last, Visit visit) {
  auto at = last ? map.upper_bound(*last) : map.begin();
  for (std::size_t left = map.size(); left > 0; --left) {
    if (at == map.end()) at = map.begin();
    if (visit(*at)) return true;
    ++at;
  }
  return false;
}

}  // namespace

bool Scheduler::Counter::has_room() const {
  if (!limit) return true;
  if (RESTATE_MUTATION("worker/permit-too-many")) return running + reserved <= *limit;
  return running + reserved < *limit;
}

void Scheduler::set_rules(schema::RuleBookPtr rules) {
  rules_ = std::move(rules);
  for (auto& [name, scope] : scopes_) {
    for (auto& [levels, counter] : scope.counters) {
      counter.limit = rules_->concurrency(name, levels.first, levels.second);
    }
    changed_.insert(name);
  }
}

// --- What apply did ------------------------------------------------------------------------------

void Scheduler::on(const partition::QueueMoved& moved) {
  const auto scope = scopes_.try_emplace(moved.scope).first;
  Group& group = group_of(scope, moved.limit_key);
  const wire::QueueId id{moved.invocation.key, moved.queue};
  if (moved.from == QueueStage::kRunning) {
    RESTATE_ASSERT(group.own.running > 0, "who gives a permit back had one");
    count(group, [](Counter& counter) { --counter.running; });
  } else if (moved.from == QueueStage::kInbox) {
    count(group, [](Counter& counter) { --counter.waiting; });
    Queue& queue = group.queues[id];
    RESTATE_ASSERT(queue.waiting > 0, "who leaves a queue has waited in it");
    queue.lanes[moved.was.fresh ? 1 : 0].loaded.erase({moved.was, moved.invocation.uuid});
    if (--queue.waiting == 0) group.queues.erase(id);
    const auto reservation = reserved_.find({moved.invocation, moved.queue, moved.was});
    if (reservation != reserved_.end()) {
      if (moved.to == QueueStage::kRunning) {
        count(group, [](Counter& counter) { --counter.reserved; });
        reserved_.erase(reservation);
      } else {
        reservation->second.waits = false;  // the decision comes later, and is void
      }
    }
  }
  if (moved.to == QueueStage::kRunning) {
    count(group, [](Counter& counter) { ++counter.running; });
  } else if (moved.to == QueueStage::kInbox) {
    count(group, [](Counter& counter) { ++counter.waiting; });
    Queue& queue = group.queues[id];
    ++queue.waiting;
    add_waiter(queue, {moved.now, moved.invocation.uuid});
  }
  changed_.insert(moved.scope);
  tidy(scope, group);
}

void Scheduler::on(const partition::QueueRefused& refused) {
  const auto found = reserved_.find(refused.place);
  if (found == reserved_.end()) return;
  const Reservation reservation = found->second;
  reserved_.erase(found);
  Group& group = *reservation.group;
  count(group, [](Counter& counter) { --counter.reserved; });
  if (reservation.waits) {
    add_waiter(group.queues[refused.place.id()],
               {refused.place.at, refused.place.invocation.uuid});
  }
  changed_.insert(reservation.scope->first);
  tidy(reservation.scope, group);
}

void Scheduler::on(const partition::QueuePaused& paused) {
  if (paused.paused) {
    paused_.insert(paused.queue);
    return;
  }
  paused_.erase(paused.queue);
  for (const auto& [name, scope] : scopes_) {
    for (const auto& [limit_key, group] : scope.groups) {
      if (group.queues.contains(paused.queue)) changed_.insert(name);
    }
  }
}

std::vector<Scheduler::Levels> Scheduler::levels_of(const std::string& limit_key) {
  std::vector<Levels> levels{{}};
  if (limit_key.empty()) return levels;
  const std::size_t slash = limit_key.find('/');
  levels.push_back({limit_key.substr(0, slash), std::nullopt});
  if (slash != std::string::npos) {
    levels.push_back({levels.back().first, limit_key.substr(slash + 1)});
  }
  return levels;
}

Scheduler::Group& Scheduler::group_of(Scopes::iterator scope, const std::string& limit_key) {
  const auto [found, is_new] = scope->second.groups.try_emplace(limit_key);
  Group& group = found->second;
  if (!is_new) return group;
  group.limit_key = limit_key;
  const std::vector<Levels> levels = levels_of(limit_key);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    const auto [counter, fresh] = scope->second.counters.try_emplace(levels[i]);
    if (fresh) {
      counter->second.limit = rules_->concurrency(scope->first, levels[i].first, levels[i].second);
    }
    ++counter->second.groups;
    group.counters[i] = &counter->second;
  }
  return group;
}

void Scheduler::tidy(Scopes::iterator scope, Group& group) {
  if (group.own.running + group.own.reserved + group.own.waiting > 0) return;
  const std::string limit_key = group.limit_key;
  for (const Levels& levels : levels_of(limit_key)) {
    const auto counter = scope->second.counters.find(levels);
    if (--counter->second.groups == 0) scope->second.counters.erase(counter);
  }
  scope->second.groups.erase(limit_key);
  if (!scope->second.groups.empty()) return;
  set_due(scope, std::nullopt);
  changed_.erase(scope->first);
  scopes_.erase(scope);
}

template <class Change>
void Scheduler::count(Group& group, Change change) {
  change(group.own);
  for (Counter* counter : group.counters) {
    if (counter != nullptr) change(*counter);
  }
}

// --- Who waits -----------------------------------------------------------------------------------

void Scheduler::add_waiter(Queue& queue, const Waiter& waiter) {
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

// --- Decisions -----------------------------------------------------------------------------------

std::vector<wire::QueuePlace> Scheduler::decide(WallTime now, std::size_t limit) {
  while (!due_.empty() && due_.begin()->first <= now) {
    changed_.insert(due_.begin()->second);
    set_due(scopes_.find(due_.begin()->second), std::nullopt);
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

void Scheduler::decide_in(Scopes::iterator scope, WallTime now, std::size_t limit,
                          std::vector<wire::QueuePlace>& out) {
  ScopeState& state = scope->second;
  std::optional<WallTime> due;
  // One permit at a time, to group after group, so that none takes what others wait for as well.
  const auto give_one = [&] {
    return rotate(state.groups, state.served, [&](auto& element) {
      Group& group = element.second;
      ++visits_;
      const bool room = std::ranges::all_of(group.counters, [](const Counter* counter) {
        return counter == nullptr || counter->has_room();
      });
      if (!room) return false;
      const auto place = take(group, now, due);
      if (!place) return false;
      count(group, [](Counter& counter) { ++counter.reserved; });
      reserved_.emplace(*place, Reservation{scope, &group});
      state.served = element.first;
      out.push_back(*place);
      return true;
    });
  };
  const Counter& own = state.counters.at({});
  while (out.size() < limit) {
    due.reset();
    // Of a full scope no group needs to be asked.
    if (own.has_room() && give_one()) continue;
    set_due(scope, due);
    return;
  }
}

std::optional<wire::QueuePlace> Scheduler::take(Group& group, WallTime now,
                                                std::optional<WallTime>& due) {
  std::optional<wire::QueuePlace> taken;
  rotate(group.queues, group.served, [&](auto& element) {
    auto& [id, queue] = element;
    if (paused_.contains(id)) return false;
    for (const bool fresh : {false, true}) {
      const Waiter* first = front(id, queue, fresh);
      if (first == nullptr) continue;
      if (first->at.run_at > now) {
        due = due ? std::min(*due, first->at.run_at) : first->at.run_at;
        continue;
      }
      taken = wire::QueuePlace{{id.key, first->invocation}, id.digest, first->at};
      queue.lanes[fresh ? 1 : 0].loaded.erase(*first);
      group.served = id;
      return true;
    }
    return false;
  });
  return taken;
}

void Scheduler::set_due(Scopes::iterator scope, std::optional<WallTime> due) {
  if (scope->second.due) due_.erase({*scope->second.due, scope->first});
  scope->second.due = due;
  if (due) due_.insert({*due, scope->first});
}

std::optional<WallTime> Scheduler::next_due() const {
  if (due_.empty()) return std::nullopt;
  return due_.begin()->first;
}

std::vector<PermitUsage> Scheduler::usage() const {
  std::vector<PermitUsage> all;
  for (const auto& [name, scope] : scopes_) {
    for (const auto& [levels, counter] : scope.counters) {
      all.push_back({name, levels.first, levels.second, counter.limit,
                     counter.running + counter.reserved,
                     counter.waiting - std::min(counter.waiting, counter.reserved)});
    }
  }
  return all;
}

}  // namespace restate::worker
