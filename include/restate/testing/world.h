#pragma once

/// \file
/// A simulated world: nodes of several shards each, a network between them, and time that jumps
/// from event to event. One thread, one seed: the same seed runs the same way, event for event.

#include <restate/runtime.h>
#include <restate/testing/network.h>
#include <restate/testing/node.h>
#include <restate/testing/seed.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace restate::testing {

/// How a world is made.
struct WorldOptions {
  std::uint32_t shards = 1;  ///< of the node that `World::shard` makes
  Logger* logger = nullptr;  ///< of all nodes that have none of their own; null: silence
};

/// How often the code came past a fault point, and how often the fault struck.
struct FaultCount {
  std::uint64_t asked = 0;  ///< how often
  std::uint64_t fired = 0;  ///< of these, how often it struck
};

/// Made, used and destroyed on one thread, on which everything in it runs as well.
class World {
 public:
  /// Without nodes, at time 0.
  explicit World(Seed seed, WorldOptions options = {});
  /// What is still under way is dropped silently, as in a crash of every node; hooks do not run.
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// A node that runs. Lives as long as the world.
  Node& add_node(NodeOptions options = {});
  Node& node(std::uint32_t index);   ///< `index` is smaller than `node_count`
  std::uint32_t node_count() const;  ///< crashed ones included
  /// A shard of the first node, which is made if there is none: all that many tests need.
  Shard& shard(std::uint32_t index = 0);
  SimulatedNetwork& network();  ///< between all nodes

  /// Virtual time since the world began. Shards see their node's clock, which differs.
  Instant now() const;
  /// Randomness for the scenario itself.
  Random& random();
  Seed seed() const;  ///< that it was made with

  /// Runs events until `condition` holds, which is asked after each; false if `limit` of virtual
  /// time passed first, or nothing is left that could change anything.
  bool run_until(Function<bool()> condition, Duration limit = std::chrono::minutes(5));
  void run_for(Duration how_long);  ///< of virtual time; time passes even if nothing happens
  /// Runs until no event is left; false if that takes longer than `limit`. Armed timers are events.
  bool run_until_idle(Duration limit = std::chrono::hours(1));
  /// Runs the next event; false if there is none.
  bool step();

  /// Runs `task` outside of every node, `delay` from now.
  void after(Duration delay, Task task);

  /// Kills a node between two events: its crash hooks run, completions are abandoned, all it had
  /// posted is gone and its streams break. Asked inside an event, it happens right after it.
  void crash(Node& node);
  /// Lets a crashed node run again, empty; whoever crashed it builds its objects anew.
  void restart(Node& node);

  /// The fault point `name` fires with a chance of `per_million` in a million; an empty name sets
  /// the chance of all points that have none of their own. 0 at first.
  void set_fault(const std::string& name, std::uint32_t per_million);
  /// By the names of the fault points that the code has come past.
  const std::map<std::string, FaultCount>& fault_counts() const;

  /// Differs whenever two runs differ in any event. Mix in what else must be the same.
  std::uint64_t trace_hash() const;
  void mix_into_trace(std::uint64_t value);  ///< into `trace_hash`
  std::uint64_t events_run() const;          ///< since the world began

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::testing

#pragma GCC visibility pop
