#pragma once

/// \file
/// The runtime for real life, on libuv: with threads of its own (`Runtime`), or as a guest on the
/// loop an application already has (`Attached`).

#include <restate/log.h>
#include <restate/runtime.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

/// libuv's, so that its header need not be included here.
typedef struct uv_loop_s uv_loop_t;

#pragma GCC visibility push(default)

namespace restate::uv {

/// The CPUs this process may use: its affinity, limited by the quota of its control group.
std::uint32_t usable_cpus();

/// How a runtime is made.
struct Options {
  std::uint32_t shards = 1;        ///< threads with a loop each
  std::uint32_t pool_threads = 2;  ///< for `Shard::run_blocking`; shared by the shards
  Logger* logger = nullptr;        ///< outlives the runtime; null: silence
  /// Threads are called `<name>-<shard>` and `<name>-pool-<i>`, cut to 15 characters.
  std::string thread_name = "restate";
  /// Makes `Shard::random` repeatable. Ids come from there, so only tests want that.
  std::optional<std::uint64_t> seed;
  /// Debug builds report turns that take longer.
  Duration slow_turn = std::chrono::milliseconds(10);
};

/// Shards on threads of their own, which block all signals. In the life of a program:
///
///     uv::Runtime runtime{{.shards = 2}};
///     runtime.run_on(0, [&] { node = open_node(runtime); });
///     runtime.run();                              // until `request_stop`
///     runtime.begin_shutdown();
///     runtime.run_on(0, [&] { node.reset(); });   // what lives on a shard dies on it
///     runtime.stop();
class Runtime final : public restate::Runtime {
 public:
  /// Starts the threads.
  explicit Runtime(Options options);
  /// Stops first. Objects made by a shard must be gone.
  ~Runtime() override;
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  /// As the options say.
  std::uint32_t shard_count() const override;
  /// From any thread; what belongs to a shard is called on it all the same (`run_on`,
  /// `Shard::post_remote`).
  Shard& shard(std::uint32_t index) override;

  /// Runs `task` on a shard and waits for it; on the shard's own thread, runs it at once.
  /// False if the runtime stopped before the task ran.
  bool run_on(std::uint32_t shard, Task task);

  /// Blocks the calling thread until somebody calls `request_stop`, and returns its code.
  int run();
  /// Lets `run` return. From any thread, and from a signal handler.
  void request_stop(int exit_code = 0);

  /// From now on completions that die unanswered complete with `kShutdown`.
  void begin_shutdown();
  /// Ends all threads; not from a shard. Jobs that have begun are waited for, jobs that have not
  /// are dropped, as are posted tasks: their completions are answered with `kShutdown`. Streams and
  /// listeners still open are closed without a word to their owners. Idempotent.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// How a guest on a loop is made.
struct AttachOptions {
  std::uint32_t pool_threads = 1;                      ///< for `Shard::run_blocking`
  Logger* logger = nullptr;                            ///< outlives the runtime; null: silence
  std::string thread_name = "restate";                 ///< of the pool's threads: `<name>-pool-<i>`
  std::optional<std::uint64_t> seed;                   ///< as in `Options`
  Duration slow_turn = std::chrono::milliseconds(10);  ///< as in `Options`
};

/// One shard on a loop of the host, which runs it. Everything here is called on the loop's thread.
/// Keeps the loop alive until `stop`. The host ignores or blocks SIGPIPE.
class Attached final : public restate::Runtime {
 public:
  /// `loop` is initialised, and outlives this object.
  explicit Attached(uv_loop_t* loop, AttachOptions options = {});
  /// Stops first. The loop must still be there, and go on for one iteration or more, in which
  /// closed handles leave it; `uv_loop_close` tells when that is over.
  ~Attached() override;
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

  std::uint32_t shard_count() const override { return 1; }  ///< always 1
  /// `index` is 0.
  Shard& shard(std::uint32_t index = 0) override;

  /// One iteration of the loop, for a host that must wait for an answer before it runs the loop, or
  /// after. Not inside a callback of the loop.
  void run_loop_once();

  /// As `Runtime::begin_shutdown`.
  void begin_shutdown();
  /// As `Runtime::stop`. Not inside a task of the shard.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::uv

#pragma GCC visibility pop
