#pragma once

/// \file
/// Gives out the permits of flow control: which of the invocations that wait in queues may run now.
/// Pure: told what apply did to queues and what time it is, it answers with decisions to propose.
/// Lives as long as one leadership; all it counts can be counted again from the tables.
///
/// What it does about one event does not depend on how many wait: of the groups, and of the queues in
/// each, it looks only at those that are ready. A group without room waits at the counter that has
/// none, a queue whose first one is early waits for its time, and what changes there makes one of
/// them ready again.

#include "partition/queue.h"
#include "schema/rule_book.h"

#include <restate/function.h>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace restate::worker {

/// How one counter stands: a scope, a level-1 key in it, or a level-2 key in that.
struct PermitUsage {
  std::string scope;
  std::optional<std::string> level1, level2;
  std::optional<std::uint32_t> limit;
  std::uint64_t running = 0;  ///< permits taken
  std::uint64_t waiting = 0;
  bool operator==(const PermitUsage&) const = default;
};

class Scheduler {
 public:
  /// Reads up to `limit` places from the inbox of a queue, of those that are fresh or of those that
  /// are not, in order: behind the one given, or from the first.
  using Load = Function<std::vector<wire::QueuePlace>(
      const wire::QueueId& queue, bool fresh, const std::optional<wire::QueuePlace>& after,
      std::size_t limit)>;

  explicit Scheduler(Load load) : load_(std::move(load)) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// From now on these count. What runs beyond a limit goes on; nothing new starts until there is
  /// room.
  void set_rules(schema::RuleBookPtr rules);

  // What apply did, in its order. When leadership begins, the tables as moves from nowhere.
  void on(const partition::QueueMoved& moved);
  void on(const partition::QueueRefused& refused);
  void on(const partition::QueuePaused& paused);

  /// Up to `limit` places that may run at `now`. Their permits are taken: each must be proposed, and
  /// apply answers each by a move or a refusal. Ask again until there are none.
  std::vector<wire::QueuePlace> decide(WallTime now, std::size_t limit);
  /// When to ask again, though nothing has happened. Valid once `decide` has answered with none.
  std::optional<WallTime> next_due() const;

  /// Every counter that somebody uses or waits for, in order.
  std::vector<PermitUsage> usage() const;
  /// How often a group or a queue was looked at so far: what decisions cost.
  std::uint64_t visits() const { return visits_; }

 private:
  /// Who waits, in the order of the table; the invocation's key is the queue's.
  struct Waiter {
    wire::QueuePosition at;
    Uuid invocation;
    auto operator<=>(const Waiter&) const = default;
  };
  /// The beginning of what the table holds for one lane of a queue.
  struct Lane {
    std::set<Waiter> loaded;
    std::optional<Waiter> more_after;  ///< the table may hold others behind this one
  };
  struct Queue {
    std::array<Lane, 2> lanes;    ///< those that have run, those that have not
    std::uint64_t waiting = 0;    ///< rows in the inbox
    std::optional<WallTime> due;  ///< nobody in it may run before
  };
  struct Group;
  struct Counter {
    std::optional<std::uint32_t> limit;
    std::uint64_t running = 0;
    std::uint64_t reserved = 0;  ///< decided, not applied yet: these still wait in the table
    std::uint64_t waiting = 0;
    std::uint32_t groups = 0;
    std::map<std::string, Group*> blocked;  ///< groups that found no room here, by limit key
    std::optional<std::string> served;      ///< the group that got the last permit

    bool has_room() const;
  };
  /// The queues that draw on the same counters.
  struct Group {
    std::string limit_key;
    std::array<Counter*, 3> counters{};  ///< as many as the limit key has levels, and the scope's
    Counter own;                         ///< the sum of this group alone
    std::map<wire::QueueId, Queue> queues;
    std::set<wire::QueueId> ready;        ///< of these it is not known that nobody may run
    std::optional<wire::QueueId> served;  ///< the last one that got a permit
    Counter* blocked_at = nullptr;
  };
  using Levels = std::pair<std::optional<std::string>, std::optional<std::string>>;
  struct ScopeState {
    std::map<Levels, Counter> counters;  ///< the scope's own has no level
    std::map<std::string, Group> groups;
    std::map<std::string, Group*> ready;  ///< those with ready queues that are blocked nowhere
    std::optional<std::string> served;    ///< the group that got the last permit
  };
  using Scopes = std::map<std::string, ScopeState>;
  struct Reservation {
    Scopes::iterator scope;
    Group* group = nullptr;
    bool waits = true;  ///< its row is still in the inbox
  };
  /// A queue that is to be looked at again.
  struct Due {
    WallTime at;
    std::string scope, limit_key;
    wire::QueueId queue;
    auto operator<=>(const Due&) const = default;
  };

  /// The counters of a limit key, the scope's own first.
  static std::vector<Levels> levels_of(const std::string& limit_key);
  Group& group_of(Scopes::iterator scope, const std::string& limit_key);
  /// After a change in `group`: the room it made is offered, and what nobody uses is forgotten.
  void settle(Scopes::iterator scope, Group& group);
  template <class Change>
  static void count(Group& group, Change change) {
    change(group.own);
    for (Counter* counter : group.counters) {
      if (counter != nullptr) change(*counter);
    }
  }
  void add_waiter(Scopes::iterator scope, Group& group, const wire::QueueId& id,
                  const Waiter& waiter);
  /// The first of a lane; null if there is none.
  const Waiter* front(const wire::QueueId& id, Queue& queue, bool fresh);
  /// Somebody in this queue may be able to run.
  void set_ready(Scopes::iterator scope, Group& group, const wire::QueueId& id, Queue& queue);
  void set_due(Scopes::iterator scope, const Group& group, const wire::QueueId& id, Queue& queue,
               std::optional<WallTime> due);
  /// Lets the next one look that is blocked at `counter`, if there is room.
  static void unblock(ScopeState& scope, Counter& counter);
  /// The same at each counter of `group`, which leaves something for others or is out of their way.
  static void unblock_beside(ScopeState& scope, const Group& group);
  void decide_in(Scopes::iterator scope, WallTime now, std::size_t limit,
                 std::vector<wire::QueuePlace>& out);
  std::optional<wire::QueuePlace> take(Scopes::iterator scope, Group& group, WallTime now);

  Load load_;
  schema::RuleBookPtr rules_ = schema::snapshot(schema::RuleBook{});
  Scopes scopes_;
  std::map<wire::QueuePlace, Reservation> reserved_;
  /// With scope and limit key, once somebody in it could have run.
  std::map<wire::QueueId, std::pair<std::string, std::string>> paused_;
  std::set<std::string> changed_;  ///< scopes in which somebody may be able to run
  std::set<Due> due_;
  std::uint64_t visits_ = 0;
};

}  // namespace restate::worker
