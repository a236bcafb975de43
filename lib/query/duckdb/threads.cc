#include "query/duckdb/threads.h"

#include "runtime/thread.h"

#include <sys/resource.h>

namespace restate::query {
namespace {

constexpr int kNiceness = 5;

}  // namespace

SqlThreads::~SqlThreads() { close(); }

void SqlThreads::run(Task job) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  jobs_.push_back(std::move(job));
  if (threads_.empty()) {
    // The threads that DuckDB starts from these inherit what they have: no signals, low priority.
    for (std::uint32_t i = 0; i < count_; ++i) {
      threads_.push_back(start_thread("sql", [this] { work(); }));
    }
  }
  wake_.notify_one();
}

void SqlThreads::close() {
  std::deque<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(jobs_);
    wake_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void SqlThreads::work() {
  // On Linux this is about the calling thread only.
  setpriority(PRIO_PROCESS, 0, kNiceness);
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return closed_ || !jobs_.empty(); });
    if (closed_) return;
    Task job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    job = nullptr;
    lock.lock();
  }
}

}  // namespace restate::query
