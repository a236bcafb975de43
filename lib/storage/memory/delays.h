#pragma once

/// \file
/// Tasks that run later, each with a timer that is used again. Slow disks are made of them.

#include <restate/runtime.h>

#include <memory>
#include <vector>

namespace restate::storage {

/// Belongs to one thread: only simulated disks are slow.
class Delays {
 public:
  Delays() = default;
  Delays(const Delays&) = delete;
  Delays& operator=(const Delays&) = delete;

  /// What is still waiting runs in the next turn, so that its completions are answered; in a
  /// simulated crash it vanishes.
  ~Delays() {
    for (auto& wait : waits_) {
      if (wait->task && wait->shard.unanswered_policy() == detail::Unanswered::kBug) {
        wait->shard.post(std::move(wait->task));
      }
    }
  }

  void run_after(Shard& shard, Duration delay, Task task) {
    if (delay.count() <= 0) {
      shard.post(std::move(task));
      return;
    }
    Wait& wait = free_wait(shard);
    wait.task = std::move(task);
    wait.timer->arm(shard.now() + delay);
  }

 private:
  struct Wait {
    explicit Wait(Shard& s) : shard(s) {
      timer = shard.make_timer([this] {
        Task due = std::move(task);
        due();
      });
    }
    Shard& shard;
    Task task;
    std::unique_ptr<Timer> timer;
  };

  Wait& free_wait(Shard& shard) {
    for (auto& wait : waits_) {
      if (&wait->shard == &shard && !wait->task) return *wait;
    }
    waits_.push_back(std::make_unique<Wait>(shard));
    return *waits_.back();
  }

  std::vector<std::unique_ptr<Wait>> waits_;
};

}  // namespace restate::storage
