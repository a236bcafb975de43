#pragma once

/// \file
/// The turn of a shard: posted tasks first, then whoever asked to act at its end. Every runtime
/// keeps one per shard, so that the order is the same on sockets and in the simulator.

#include "common/visibility.h"

#include <restate/runtime.h>

#include <array>
#include <cstddef>
#include <vector>

namespace restate {

class RESTATE_HIDDEN TurnQueue {
 public:
  TurnQueue() = default;
  ~TurnQueue();
  TurnQueue(const TurnQueue&) = delete;
  TurnQueue& operator=(const TurnQueue&) = delete;

  void post(Task task) { tasks_.push_back(std::move(task)); }
  void at_turn_end(TurnPhase phase, TurnActor& actor);
  void forget(TurnActor& actor);

  /// True when a round would do nothing.
  bool idle() const;

  /// One round: tasks in posting order until none is left, then the phases in order, each calling
  /// once whoever asked. An actor that asks for a phase which is under way or still to come acts in
  /// this round, unless it has acted in that phase already. What is left is for the next round: the
  /// host looks at its sockets in between.
  void run_round();

  /// Destroys what is posted, unrun, and what that posts in turn; forgets all actors.
  void clear();

 private:
  using Actors = std::vector<TurnActor*>;

  static std::uint8_t asked_bit(int phase) { return static_cast<std::uint8_t>(1u << phase); }
  static std::uint8_t acted_bit(int phase) { return static_cast<std::uint8_t>(8u << phase); }

  void run_tasks();
  void run_phase(int phase);

  std::vector<Task> tasks_;
  std::vector<Task> running_tasks_;
  std::array<Actors, kTurnPhases> asked_;
  Actors acting_;   // the list of the phase under way; forgotten entries become null
  int phase_ = -1;  // the phase under way
};

}  // namespace restate
