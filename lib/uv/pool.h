#pragma once

/// \file
/// Threads for calls that block. Not libuv's pool: that one belongs to the whole process, has four
/// threads, and resolves names.

#include <restate/runtime.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace restate::uv {

class Pool {
 public:
  struct Job {
    Shard* shard = nullptr;
    Task run;
    Task done;
  };

  Pool(std::uint32_t threads, const std::string& name);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void submit(Job job);

  /// Waits for what has begun. The rest goes back to its shard, and dies there unrun.
  void shut_down();

 private:
  void work();
  static void hand_back(Job job);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace restate::uv
