#pragma once

// A real shard for tests of host code, with no loop library behind it: the test's own thread runs
// the turns, pool jobs run on one other thread.

#include "support/catch.h"

#include <restate/log.h>
#include <restate/runtime.h>

#include "runtime/split_mix.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace restate::testing {

class ThreadShard final : public Shard {
 public:
  explicit ThreadShard(std::uint64_t seed = 1) : random_(seed), pool_([this] { run_pool(); }) {}
  ~ThreadShard() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    pool_.join();
    closing_ = true;
  }

  /// Runs tasks until `condition` holds. A test that waits for half a minute has failed.
  template <class Condition>
  void run_until(Condition condition) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition()) {
      Task task;
      {
        std::unique_lock lock(mutex_);
        if (!wake_.wait_until(lock, limit, [this] { return !tasks_.empty(); })) break;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
    REQUIRE(condition());
  }
  /// Runs what is posted by now.
  void drain() {
    while (true) {
      Task task;
      {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  std::uint32_t index() const override { return 0; }
  Instant now() const override {
    return {std::chrono::steady_clock::now().time_since_epoch().count()};
  }
  WallTime wall_now() const override { return {0}; }
  Random& random() override { return random_; }
  Logger& log() override { return null_logger(); }
  Network& network() override { RESTATE_UNREACHABLE(); }
  void post(Task task) override { post_remote(std::move(task)); }
  void post_remote(Task task) override {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    wake_.notify_all();
  }
  void at_turn_end(TurnPhase, TurnActor&) override { RESTATE_UNREACHABLE(); }
  void forget(TurnActor&) override {}
  std::unique_ptr<Timer> make_timer(Task) override { RESTATE_UNREACHABLE(); }
  void run_blocking(Task job, Task done) override {
    {
      const std::lock_guard lock(mutex_);
      jobs_.emplace_back(std::move(job), std::move(done));
    }
    wake_.notify_all();
  }
  bool fault(std::string_view) override { return false; }
  detail::Unanswered unanswered_policy() const override {
    return closing_ ? detail::Unanswered::kAbandon : detail::Unanswered::kBug;
  }

 private:
  void run_pool() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      auto [job, done] = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job();
      lock.lock();
      tasks_.push_back(std::move(done));
      wake_.notify_all();
    }
  }

  SplitMix64 random_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  std::deque<std::pair<Task, Task>> jobs_;
  bool stopping_ = false;
  std::atomic<bool> closing_ = false;
  std::thread pool_;
};

}  // namespace restate::testing
