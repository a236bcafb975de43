#include <restate/uv/runtime.h>

#include "common/visibility.h"
#include "runtime/split_mix.h"
#include "runtime/thread.h"
#include "uv/pool.h"
#include "uv/system_random.h"
#include "uv/uv_shard.h"

#include <semaphore.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <thread>
#include <vector>

namespace restate::uv {
namespace {

std::unique_ptr<Random> make_random(const std::optional<std::uint64_t>& seed, std::uint32_t shard) {
  if (seed) return std::make_unique<SplitMix64>(SplitMix64(*seed + shard).fork());
  return std::make_unique<SystemRandom>();
}

Logger& logger_of(Logger* given) { return given != nullptr ? *given : null_logger(); }

/// Tells whoever waits what became of a task, also when it dies unrun.
class Verdict {
 public:
  Verdict() : promise_(std::make_shared<std::promise<bool>>()) {}
  Verdict(Verdict&& other) noexcept = default;
  ~Verdict() { settle(false); }
  std::future<bool> future() { return promise_->get_future(); }
  void settle(bool ran) {
    if (promise_ != nullptr) std::exchange(promise_, nullptr)->set_value(ran);
  }

 private:
  // Shared with nobody, but the waiter may go on before `set_value` has returned.
  std::shared_ptr<std::promise<bool>> promise_;
};

}  // namespace

class RESTATE_HIDDEN Runtime::Impl {
 public:
  explicit Impl(Options given);
  ~Impl();

  struct Lane {
    uv_loop_t loop;
    std::unique_ptr<UvShard> shard;
    std::thread thread;
  };

  UvShard& shard(std::uint32_t index) {
    RESTATE_ASSERT(index < lanes.size(), "the runtime has no such shard");
    return *lanes[index]->shard;
  }
  void stop();

  Options options;
  Pool pool;
  PortTable ports;
  std::vector<std::unique_ptr<Lane>> lanes;
  sem_t stop_asked;
  std::atomic<int> exit_code{0};
  std::atomic<bool> stopped{false};
};

Runtime::Impl::Impl(Options given)
    : options(std::move(given)), pool(options.pool_threads, options.thread_name) {
  RESTATE_ASSERT(options.shards > 0, "a runtime has at least one shard");
  sem_init(&stop_asked, 0, 0);
  for (std::uint32_t i = 0; i < options.shards; ++i) {
    Lane& lane = *lanes.emplace_back(std::make_unique<Lane>());
    const int failed = uv_loop_init(&lane.loop);
    RESTATE_ASSERT(failed == 0, uv_strerror(failed));
    lane.shard = std::make_unique<UvShard>(
        UvShard::Parts{i, options.shards, &lane.loop, pool, ports, logger_of(options.logger),
                       make_random(options.seed, i), options.slow_turn});
  }
  // Only now: a shard may look at any other.
  for (std::uint32_t i = 0; i < options.shards; ++i) {
    Lane& lane = *lanes[i];
    lane.thread = start_thread(options.thread_name + "-" + std::to_string(i),
                               [&lane] { uv_run(&lane.loop, UV_RUN_DEFAULT); });
  }
}

Runtime::Impl::~Impl() {
  stop();
  sem_destroy(&stop_asked);
}

void Runtime::Impl::stop() {
  if (stopped.exchange(true)) return;
  for (auto& lane : lanes) {
    RESTATE_ASSERT(lane->thread.get_id() != std::this_thread::get_id(),
                   "a shard cannot wait for its own end");
    lane->shard->begin_shutdown();
  }
  pool.shut_down();
  for (auto& lane : lanes) {
    lane->shard->post_remote([shard = lane->shard.get()] { shard->close_after_turn(); });
  }
  for (auto& lane : lanes) lane->thread.join();
  // What one shard sent to another that had closed already. Nothing is concurrent any more.
  for (bool any = true; any;) {
    any = false;
    for (auto& lane : lanes) any = lane->shard->drop_mailbox() || any;
  }
  for (auto& lane : lanes) {
    const int failed = uv_loop_close(&lane->loop);
    RESTATE_ASSERT(failed == 0, uv_strerror(failed));
  }
}

Runtime::Runtime(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Runtime::~Runtime() = default;

std::uint32_t Runtime::shard_count() const { return impl_->options.shards; }
Shard& Runtime::shard(std::uint32_t index) { return impl_->shard(index); }

bool Runtime::run_on(std::uint32_t shard, Task task) {
  UvShard& target = impl_->shard(shard);
  if (impl_->lanes[shard]->thread.get_id() == std::this_thread::get_id()) {
    task();
    return true;
  }
  if (impl_->stopped) return false;
  Verdict verdict;
  std::future<bool> ran = verdict.future();
  target.post_remote([task = std::move(task), verdict = std::move(verdict)]() mutable {
    task();
    task = nullptr;
    verdict.settle(true);
  });
  return ran.get();
}

int Runtime::run() {
  while (sem_wait(&impl_->stop_asked) != 0) {
    RESTATE_ASSERT(errno == EINTR, "waiting for the end failed");
  }
  return impl_->exit_code.load();
}

void Runtime::request_stop(int exit_code) {
  impl_->exit_code.store(exit_code);
  sem_post(&impl_->stop_asked);
}

void Runtime::begin_shutdown() {
  for (auto& lane : impl_->lanes) lane->shard->begin_shutdown();
}

void Runtime::stop() { impl_->stop(); }

class RESTATE_HIDDEN Attached::Impl {
 public:
  Impl(uv_loop_t* loop, AttachOptions given)
      : pool(given.pool_threads, given.thread_name),
        shard(UvShard::Parts{0, 1, loop, pool, ports, logger_of(given.logger),
                             make_random(given.seed, 0), given.slow_turn}) {}
  ~Impl() { stop(); }

  void stop() {
    shard.begin_shutdown();
    pool.shut_down();
    shard.close();
  }

  Pool pool;
  PortTable ports;
  UvShard shard;
};

Attached::Attached(uv_loop_t* loop, AttachOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Attached::~Attached() = default;

Shard& Attached::shard(std::uint32_t index) {
  RESTATE_ASSERT(index == 0, "an attached runtime has one shard");
  return impl_->shard;
}

void Attached::run_loop_once() { uv_run(impl_->shard.loop(), UV_RUN_ONCE); }
void Attached::begin_shutdown() { impl_->shard.begin_shutdown(); }
void Attached::stop() { impl_->stop(); }

}  // namespace restate::uv
