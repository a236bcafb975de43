#include "uv/pool.h"

#include "runtime/thread.h"

namespace restate::uv {

Pool::Pool(std::uint32_t threads, const std::string& name) {
  RESTATE_ASSERT(threads > 0, "a pool has at least one thread");
  for (std::uint32_t i = 0; i < threads; ++i) {
    threads_.push_back(start_thread(name + "-pool-" + std::to_string(i), [this] { work(); }));
  }
}

Pool::~Pool() { shut_down(); }

void Pool::submit(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) {
      jobs_.push_back(std::move(job));
      wake_.notify_one();
      return;
    }
  }
  hand_back(std::move(job));
}

void Pool::shut_down() {
  std::deque<Job> unrun;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    unrun.swap(jobs_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  for (Job& job : unrun) hand_back(std::move(job));
}

void Pool::work() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job.run();
    job.run = nullptr;
    job.shard->post_remote(std::move(job.done));
  }
}

void Pool::hand_back(Job job) {
  Shard& shard = *job.shard;
  shard.post_remote([job = std::move(job)] {});
}

}  // namespace restate::uv
