#pragma once

/// \file
/// The alarm clock of a leader. Holds the next timers of the partition's table, proposes each once
/// it is due, and forgets it when apply has deleted its row.

#include "worker/limits.h"

#include <restate/runtime.h>
#include <restate/wire/commands.h>

#include <map>
#include <optional>
#include <set>

namespace restate::worker {

/// A timer as the table holds it.
struct DueTimer {
  wire::TimerKey key;
  wire::Incarnation incarnation;
};

/// The order of the table. The keys' own order does not look at partition keys, and uuids alone tell no
/// invocations apart: those of workflows and idempotency keys come from texts of users.
struct TimerOrder {
  bool operator()(const wire::TimerKey& a, const wire::TimerKey& b) const {
    if (const auto order = a <=> b; order != 0) return order < 0;
    return a.invocation.key < b.invocation.key;
  }
};

class TimerService {
 public:
  /// `load` reads up to `limit` timers from the table in key order, after the one given (or from
  /// the start). `fire` proposes one; the timer stays booked until `erase`. If it answers false there
  /// is no room: nothing fires until `resume`.
  using Load = Function<std::vector<DueTimer>(const std::optional<wire::TimerKey>& after,
                                              std::size_t limit)>;
  /// At most twice `most` timers are held; the others stay in the table until these have fired.
  TimerService(Shard& shard, Load load, Function<bool(const DueTimer&)> fire,
               std::size_t most = limits::kLoadedTimers);

  /// Loads the first timers. Call once, when leadership begins.
  void start();
  /// A timer row was written.
  void add(const DueTimer& timer);
  /// A timer row was deleted.
  void erase(const wire::TimerKey& key);
  /// There is room again.
  void resume();

  std::size_t loaded() const { return waiting_.size(); }

 private:
  void load_more();
  void arm();
  void on_alarm();

  Shard& shard_;
  const std::size_t most_;
  Load load_;
  Function<bool(const DueTimer&)> fire_;
  std::map<wire::TimerKey, wire::Incarnation, TimerOrder> waiting_;
  std::set<wire::TimerKey, TimerOrder> fired_;  ///< proposed, row not deleted yet
  /// Set while the table holds timers behind the last one loaded.
  std::optional<wire::TimerKey> more_after_;
  std::unique_ptr<Timer> alarm_;
  std::optional<Instant> armed_for_;
  bool waits_for_room_ = false;
};

}  // namespace restate::worker
