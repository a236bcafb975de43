#pragma once

/// \file
/// Threads for handlers: many at once in real life, one at a time in a simulation.

#include "native/handler_pool.h"

#include <restate/time.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace restate::native {

struct ThreadPoolOptions {
  /// Started when they are needed, kept until the end.
  std::uint32_t max_threads = 64;
  /// A handler that is dear to replay keeps its thread for this long, whoever else wants it.
  Duration patience = milliseconds(5);
  std::string thread_name = "restate-handler";  ///< cut to 15 characters
};

/// When all threads are taken and a handler waits for one, the handler that has been waiting longest
/// for something else is evicted: it suspends, and is called again when there is something new. So
/// handlers that wait for each other cannot lock each other out.
///
/// Who is called again replays its whole journal, so an eviction per wait would cost the square of the
/// number of waits. Therefore a handler that has not yet done as much as it replayed is evicted only when
/// a wait gets long. The others may go at once: each of their replays is paid by as many new steps.
class ThreadPool final : public HandlerPool {
 public:
  explicit ThreadPool(ThreadPoolOptions options = {});
  /// Abandons what runs, drops what does not yet run, and waits for the threads: for as long as a
  /// handler is busy outside of its context.
  ~ThreadPool() override;

  std::shared_ptr<Mailbox> run(HandlerJob job) override;

  std::uint32_t threads() const;
  /// Handlers that do not wait for anything, those that wait for a thread included.
  std::uint32_t busy() const;

 private:
  class Box;
  struct Sleeper;
  struct State;
  void work(Sleeper& self);

  const ThreadPoolOptions options_;
  std::shared_ptr<State> state_;
  std::vector<std::thread> threads_;  ///< guarded by the state's mutex
};

/// For simulations: each handler has a thread, but only one thread of all runs at any time, the
/// shard's included. Whoever hands a handler something waits until it blocks again, so a run is as
/// repeatable as the shard is. Threads that are free are used again, so one pool may serve thousands
/// of worlds one after another.
class BatonPool final : public HandlerPool {
 public:
  BatonPool();
  /// Abandons what runs.
  ~BatonPool() override;

  std::shared_ptr<Mailbox> run(HandlerJob job) override;

  /// True on the thread of a handler.
  bool in_handler() const { return running_ != nullptr; }
  /// For a handler in the middle of a step: stands still until the shard runs the task that `ask` is
  /// given. False: the handler was abandoned meanwhile. Outside of handlers it does nothing.
  bool pause(Function<void(Function<void()>)> ask);

 private:
  class Box;
  class Worker;
  // Both belong to whoever has the baton.
  Box* running_ = nullptr;
  std::vector<Worker*> idle_;
  std::vector<std::shared_ptr<Box>> boxes_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace restate::native
