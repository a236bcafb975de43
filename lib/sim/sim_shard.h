#pragma once

/// \file
/// A shard of a simulated node: its turn is an event, its pool is a delay.

#include "runtime/split_mix.h"
#include "runtime/turn_queue.h"
#include "sim/core.h"

#include <memory>
#include <vector>

namespace restate::sim {

class SimNetwork;
class SimNode;

class SimShard final : public Shard {
 public:
  SimShard(Core& core, SimNode& node, SimNetwork& network, std::uint32_t index);

  std::uint32_t index() const override { return index_; }
  Instant now() const override;
  WallTime wall_now() const override;
  Random& random() override { return random_; }
  Logger& log() override;
  Network& network() override { return *network_; }
  void post(Task task) override;
  void post_remote(Task task) override;
  void at_turn_end(TurnPhase phase, TurnActor& actor) override;
  void forget(TurnActor& actor) override { queue_.forget(actor); }
  std::unique_ptr<Timer> make_timer(Task fire) override;
  void run_blocking(Task job, Task done) override;
  bool fault(std::string_view name) override { return core_.fault(name); }
  detail::Unanswered unanswered_policy() const override;

  Core& core() { return core_; }
  SimNode& node() { return node_; }

  /// Destroys all that is posted.
  void clear();

 private:
  void schedule_turn(Duration longest_delay);
  void run_turn();
  void run_job(Task job, Task done);

  Core& core_;
  SimNode& node_;
  const std::uint32_t index_;
  SplitMix64 random_;
  std::unique_ptr<Network> network_;
  TurnQueue queue_;
  std::vector<Task> mailbox_;
  bool turn_scheduled_ = false;
};

}  // namespace restate::sim
