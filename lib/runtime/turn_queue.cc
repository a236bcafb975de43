#include "runtime/turn_queue.h"

#include <algorithm>

namespace restate {
namespace {

// A task that posts itself for ever must not keep the host from its sockets and timers.
constexpr std::size_t kMaxTasksPerRound = 16384;
// Dropped tasks answer completions, whose callbacks may post. That has to end.
constexpr int kMaxClearRounds = 100000;

}  // namespace

TurnQueue::~TurnQueue() { clear(); }

void TurnQueue::at_turn_end(TurnPhase phase, TurnActor& actor) {
  const int index = static_cast<int>(phase);
  if ((actor.marks_ & asked_bit(index)) != 0) return;
  actor.marks_ |= asked_bit(index);
  const bool joins = index == phase_ && (actor.marks_ & acted_bit(index)) == 0;
  (joins ? acting_ : asked_[static_cast<std::size_t>(index)]).push_back(&actor);
}

void TurnQueue::forget(TurnActor& actor) {
  if (actor.marks_ == 0) return;
  for (Actors& list : asked_) std::erase(list, &actor);
  // The list under way is being walked by index.
  std::replace(acting_.begin(), acting_.end(), &actor, static_cast<TurnActor*>(nullptr));
  actor.marks_ = 0;
}

bool TurnQueue::idle() const {
  return tasks_.empty() &&
         std::all_of(asked_.begin(), asked_.end(), [](const Actors& list) { return list.empty(); });
}

void TurnQueue::run_round() {
  RESTATE_ASSERT(phase_ == -1 && running_tasks_.empty(), "a turn was started inside a turn");
  run_tasks();
  for (int phase = 0; phase < kTurnPhases; ++phase) run_phase(phase);
}

void TurnQueue::run_tasks() {
  std::size_t done = 0;
  while (!tasks_.empty() && done < kMaxTasksPerRound) {
    running_tasks_.swap(tasks_);
    done += running_tasks_.size();
    for (Task& task : running_tasks_) {
      // What a task owns dies with it, before the next one runs.
      Task current = std::move(task);
      current();
    }
    running_tasks_.clear();
  }
}

void TurnQueue::run_phase(int phase) {
  acting_.swap(asked_[static_cast<std::size_t>(phase)]);
  phase_ = phase;
  for (std::size_t i = 0; i < acting_.size(); ++i) {
    TurnActor* actor = acting_[i];
    if (actor == nullptr) continue;
    actor->marks_ =
        static_cast<std::uint8_t>((actor->marks_ & ~asked_bit(phase)) | acted_bit(phase));
    actor->act();
  }
  phase_ = -1;
  for (TurnActor* actor : acting_) {
    if (actor != nullptr) actor->marks_ &= static_cast<std::uint8_t>(~acted_bit(phase));
  }
  acting_.clear();
}

void TurnQueue::clear() {
  for (Actors& list : asked_) {
    for (TurnActor* actor : list) actor->marks_ = 0;
    list.clear();
  }
  for (int round = 0; !tasks_.empty(); ++round) {
    RESTATE_ASSERT(round < kMaxClearRounds, "dropped tasks post new ones for ever");
    std::vector<Task> dropped;
    dropped.swap(tasks_);
  }
  for (Actors& list : asked_) {
    for (TurnActor* actor : list) actor->marks_ = 0;
    list.clear();
  }
}

}  // namespace restate
