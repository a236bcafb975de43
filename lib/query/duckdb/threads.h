#pragma once

/// \file
/// The threads on which statements take their steps: apart from those of the engine, and with less
/// of a claim to the CPUs, so that a large scan delays no invocation.

#include <restate/runtime.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

namespace restate::query {

class SqlThreads {
 public:
  /// Starts them with the first job.
  explicit SqlThreads(std::uint32_t count) : count_(count) {}
  /// Waits for what runs; drops what does not.
  ~SqlThreads();
  SqlThreads(const SqlThreads&) = delete;
  SqlThreads& operator=(const SqlThreads&) = delete;

  /// From any thread. After `close` the job is dropped.
  void run(Task job);
  void close();

 private:
  void work();

  const std::uint32_t count_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> jobs_;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace restate::query
