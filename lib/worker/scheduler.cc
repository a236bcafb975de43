#include "worker/scheduler.h"

#include <restate/assert.h>
#include <restate/testing/mutation.h>

#include <algorithm>
#include <utility>

// What the scheduler knows: counters, groups and queues. What it does with them is in
// scheduler_decisions.cc.

namespace restate::worker {

using partition::QueueStage;

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
      unblock(scope, counter);
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
    if (--queue.waiting == 0) {
      set_due(scope, group, id, queue, std::nullopt);
      group.ready.erase(id);
      group.queues.erase(id);
    }
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
    ++group.queues[id].waiting;
    add_waiter(scope, group, id, {moved.now, moved.invocation.uuid});
  }
  changed_.insert(moved.scope);
  settle(scope, group);
}

void Scheduler::on(const partition::QueueRefused& refused) {
  const auto found = reserved_.find(refused.place);
  if (found == reserved_.end()) return;
  const Reservation reservation = found->second;
  reserved_.erase(found);
  Group& group = *reservation.group;
  count(group, [](Counter& counter) { --counter.reserved; });
  if (reservation.waits) {
    add_waiter(reservation.scope, group, refused.place.id(),
               {refused.place.at, refused.place.invocation.uuid});
  }
  changed_.insert(reservation.scope->first);
  settle(reservation.scope, group);
}

void Scheduler::on(const partition::QueuePaused& paused) {
  if (paused.paused) {
    paused_.try_emplace(paused.queue);
    return;
  }
  const auto found = paused_.find(paused.queue);
  if (found == paused_.end()) return;
  const auto [name, limit_key] = std::move(found->second);
  paused_.erase(found);
  // If nobody looked at it meanwhile, it is as ready as it was.
  const auto scope = scopes_.find(name);
  if (scope == scopes_.end()) return;
  const auto group = scope->second.groups.find(limit_key);
  if (group == scope->second.groups.end()) return;
  const auto queue = group->second.queues.find(paused.queue);
  if (queue == group->second.queues.end()) return;
  set_ready(scope, group->second, paused.queue, queue->second);
  changed_.insert(name);
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

void Scheduler::settle(Scopes::iterator scope, Group& group) {
  const std::string limit_key = group.limit_key;
  const bool used = group.own.running + group.own.reserved + group.own.waiting > 0;
  if (!used) {
    // First, lest the room that it leaves is offered to it.
    if (group.blocked_at != nullptr) group.blocked_at->blocked.erase(limit_key);
    scope->second.ready.erase(limit_key);
  }
  unblock_beside(scope->second, group);
  if (used) return;
  for (const Levels& levels : levels_of(limit_key)) {
    const auto counter = scope->second.counters.find(levels);
    if (--counter->second.groups == 0) scope->second.counters.erase(counter);
  }
  scope->second.groups.erase(limit_key);
  if (!scope->second.groups.empty()) return;
  changed_.erase(scope->first);
  scopes_.erase(scope);
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
