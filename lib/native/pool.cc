#include "native/pool.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace restate::native {
namespace {

using Clock = std::chrono::steady_clock;

/// Signals belong to the host's threads.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

}  // namespace

// --- ThreadPool -------------------------------------------------------------------------------------

/// A thread while it has no job.
struct ThreadPool::Sleeper {
  std::condition_variable wake;
  bool called = false;
};

/// Shared with the mailboxes, which may outlive the pool.
struct ThreadPool::State {
  explicit State(Duration p) : patience(p) {}

  /// Takes out the thread that is to be woken for what is in the queue, if there is one; under the
  /// lock. Waking it comes behind the lock, lest it wakes up only to wait for that.
  ///
  /// One at a time: it calls the next one itself, as soon as it has a job and sees another. Most jobs are
  /// done in less time than a thread takes to wake up, and a crowd of them needs no crowd of threads.
  Sleeper* call_one() {
    if (queue.empty() || asleep.empty() || calling) return nullptr;
    calling = true;
    Sleeper* const called = asleep.back();
    asleep.pop_back();
    called->called = true;
    return called;
  }

  const Duration patience;
  std::mutex mutex;
  std::deque<Sleeper> sleepers;   ///< one per thread
  std::vector<Sleeper*> asleep;   ///< the one whose stack and caches are warmest comes last
  bool calling = false;           ///< somebody was called and has not come yet
  std::deque<std::pair<HandlerJob, std::shared_ptr<Box>>> queue;
  std::deque<Box*> waiting;  ///< blocked in `take`, longest first
  std::vector<Box*> running;
  std::uint32_t idle = 0;  ///< threads without a job, those that have just been started included
  bool closing = false;
};

/// One lock for the pool and all its mailboxes: it is held for a few instructions, and "who has waited
/// longest" is a question about all of them.
class ThreadPool::Box final : public Mailbox {
 public:
  explicit Box(std::shared_ptr<State> state) : state_(std::move(state)) {}

  void put(HandlerEvent event) override {
    {
      const std::lock_guard lock(state_->mutex);
      push(std::move(event));
    }
    arrived_.notify_one();
  }

  void put_locked(HandlerEvent event) {
    push(std::move(event));
    arrived_.notify_one();
  }

  HandlerEvent take() override {
    std::unique_lock lock(state_->mutex);
    if (events_.empty()) {
      const auto arrived = [this] { return !events_.empty(); };
      state_->waiting.push_back(this);
      since_ = Clock::now();
      // Others may be queueing already: then this wait is the one that makes room, now or once it is long.
      evict_for_queue(*state_);
      if (!arrived_.wait_for(lock, state_->patience, arrived)) {
        evict_for_queue(*state_);
        arrived_.wait(lock, arrived);
      }
      std::erase(state_->waiting, this);
    }
    return pop();
  }

  std::optional<HandlerEvent> try_take() override {
    const std::lock_guard lock(state_->mutex);
    if (events_.empty()) return std::nullopt;
    return pop();
  }

  bool abandoned() override {
    const std::lock_guard lock(state_->mutex);
    return abandoned_;
  }

  void set_earned(bool earned) override { earned_ = earned; }

  void stay() override {
    const std::lock_guard lock(state_->mutex);
    evicted_ = false;
    // As long as this one was on its way out, the waits of others got long without being looked at.
    evict_for_queue(*state_);
  }

  /// Evicts as many waiting handlers as there are jobs without a thread, if they may be evicted yet.
  static void evict_for_queue(State& state) {
    std::size_t wanted = state.queue.size() > state.idle ? state.queue.size() - state.idle : 0;
    for (Box* box : state.running) {
      if (box->evicted_ && wanted > 0) --wanted;  // on its way out
    }
    const Clock::time_point long_ago = Clock::now() - state.patience;
    for (Box* box : state.waiting) {
      if (wanted == 0) return;
      if (box->evicted_ || (!box->earned_ && box->since_ > long_ago)) continue;
      box->evicted_ = true;
      box->put_locked({HandlerEvent::Kind::kEvict, {}});
      --wanted;
    }
  }

 private:
  void push(HandlerEvent event) {
    abandoned_ = abandoned_ || event.kind == HandlerEvent::Kind::kAbandon;
    events_.push_back(std::move(event));
  }
  HandlerEvent pop() {
    HandlerEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  std::shared_ptr<State> state_;
  std::condition_variable arrived_;
  std::deque<HandlerEvent> events_;
  Clock::time_point since_;  ///< in `waiting`: when it got there
  bool earned_ = false;      ///< read only while it is in `waiting`
  bool evicted_ = false;     ///< and has not said that it stays
  bool abandoned_ = false;
};

ThreadPool::ThreadPool(ThreadPoolOptions options)
    : options_(std::move(options)), state_(std::make_shared<State>(options_.patience)) {}

ThreadPool::~ThreadPool() {
  std::deque<std::pair<HandlerJob, std::shared_ptr<Box>>> dropped;
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
    dropped.swap(state_->queue);
    for (Box* box : state_->running) box->put_locked({HandlerEvent::Kind::kAbandon, {}});
    for (Sleeper* sleeper : std::exchange(state_->asleep, {})) {
      sleeper->called = true;
      sleeper->wake.notify_one();
    }
  }
  for (std::thread& thread : threads_) thread.join();
}

std::shared_ptr<Mailbox> ThreadPool::run(HandlerJob job) {
  auto box = std::make_shared<Box>(state_);
  Sleeper* called = nullptr;
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->closing) return box;
    state_->queue.emplace_back(std::move(job), box);
    if (state_->queue.size() <= state_->idle) {
      called = state_->call_one();
    } else if (threads_.size() < std::max(1u, options_.max_threads)) {
      ++state_->idle;
      threads_.emplace_back([this, &self = state_->sleepers.emplace_back()] { work(self); });
      pthread_setname_np(threads_.back().native_handle(),
                         options_.thread_name.substr(0, 15).c_str());
    } else {
      Box::evict_for_queue(*state_);
    }
  }
  if (called != nullptr) called->wake.notify_one();
  return box;
}

std::uint32_t ThreadPool::threads() const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<std::uint32_t>(threads_.size());
}

std::uint32_t ThreadPool::busy() const {
  const std::lock_guard lock(state_->mutex);
  const std::size_t computing = state_->running.size() - state_->waiting.size();
  return static_cast<std::uint32_t>(state_->queue.size() + computing);
}

void ThreadPool::work(Sleeper& self) {
  block_signals();
  std::unique_lock lock(state_->mutex);
  for (;;) {
    while (state_->queue.empty() && !state_->closing) {
      state_->asleep.push_back(&self);
      self.wake.wait(lock, [&self] { return std::exchange(self.called, false); });
      state_->calling = false;
    }
    if (state_->closing) return;
    --state_->idle;
    auto [job, box] = std::move(state_->queue.front());
    state_->queue.pop_front();
    state_->running.push_back(box.get());
    Sleeper* const next = state_->call_one();
    lock.unlock();
    if (next != nullptr) next->wake.notify_one();
    job(*box);
    job = nullptr;  // what it holds dies outside of the lock
    lock.lock();
    std::erase(state_->running, box.get());
    ++state_->idle;
  }
}

// --- BatonPool --------------------------------------------------------------------------------------

/// A thread that runs one handler after another.
class BatonPool::Worker {
 public:
  Worker() : thread_([this] { loop(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      quits_ = true;
      wake_.notify_one();
    }
    thread_.join();
  }

  void begin(std::shared_ptr<Box> box) {
    const std::lock_guard lock(mutex_);
    next_ = std::move(box);
    wake_.notify_one();
  }

 private:
  void loop();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::shared_ptr<Box> next_;
  bool quits_ = false;
  std::thread thread_;
};

class BatonPool::Box final : public Mailbox, public std::enable_shared_from_this<Box> {
 public:
  Box(BatonPool& pool, HandlerJob job) : pool_(pool), job_(std::move(job)) {}

  /// Starts the handler and waits until it blocks or ends.
  void start(Worker& worker) {
    std::unique_lock lock(mutex_);
    worker.begin(shared_from_this());
    hand_over(lock);
  }

  /// On the worker's thread.
  void work(Worker& worker) {
    {
      std::unique_lock lock(mutex_);
      turn_.wait(lock, [this] { return handlers_turn_; });
    }
    job_(*this);
    job_ = nullptr;
    pool_.idle_.push_back(&worker);
    const std::lock_guard end(mutex_);
    ended_ = true;
    handlers_turn_ = false;
    turn_.notify_all();
  }

  void put(HandlerEvent event) override {
    std::unique_lock lock(mutex_);
    if (ended_) return;
    const bool abandons = event.kind == HandlerEvent::Kind::kAbandon;
    if (abandons) abandoned_ = true;
    events_.push_back(std::move(event));
    // From inside of the handler itself (it ends its own attempt): it reads this when it blocks.
    if (handlers_turn_) return;
    // In the middle of a step it does not listen.
    if (paused_ && !abandons) return;
    hand_over(lock);
  }

  HandlerEvent take() override {
    std::unique_lock lock(mutex_);
    if (events_.empty()) {
      give_back();
      turn_.wait(lock, [this] { return handlers_turn_ && !events_.empty(); });
    }
    HandlerEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  std::optional<HandlerEvent> try_take() override {
    const std::lock_guard lock(mutex_);
    if (events_.empty()) return std::nullopt;
    HandlerEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  bool abandoned() override {
    const std::lock_guard lock(mutex_);
    return abandoned_;
  }

  /// On the handler's thread.
  bool pause() {
    std::unique_lock lock(mutex_);
    if (abandoned_) return false;
    paused_ = true;
    give_back();
    turn_.wait(lock, [this] { return handlers_turn_; });
    paused_ = false;
    return !abandoned_;
  }

  void resume() {
    std::unique_lock lock(mutex_);
    if (!paused_ || ended_) return;
    hand_over(lock);
  }

  bool ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  void hand_over(std::unique_lock<std::mutex>& lock) {
    Box* const before = std::exchange(pool_.running_, this);
    handlers_turn_ = true;
    turn_.notify_all();
    turn_.wait(lock, [this] { return !handlers_turn_; });
    pool_.running_ = before;
  }
  void give_back() {
    handlers_turn_ = false;
    turn_.notify_all();
  }

  BatonPool& pool_;
  HandlerJob job_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::deque<HandlerEvent> events_;
  bool handlers_turn_ = false;
  bool paused_ = false;
  bool abandoned_ = false;
  bool ended_ = false;
};

void BatonPool::Worker::loop() {
  block_signals();
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return next_ != nullptr || quits_; });
    if (next_ == nullptr) return;
    const std::shared_ptr<Box> box = std::exchange(next_, nullptr);
    lock.unlock();
    box->work(*this);
  }
}

BatonPool::BatonPool() = default;

BatonPool::~BatonPool() {
  for (const auto& box : boxes_) box->put({HandlerEvent::Kind::kAbandon, {}});
}

std::shared_ptr<Mailbox> BatonPool::run(HandlerJob job) {
  std::erase_if(boxes_, [](const auto& box) { return box->ended(); });
  auto box = std::make_shared<Box>(*this, std::move(job));
  boxes_.push_back(box);
  if (idle_.empty()) {
    workers_.push_back(std::make_unique<Worker>());
    idle_.push_back(workers_.back().get());
  }
  Worker& worker = *idle_.back();
  idle_.pop_back();
  box->start(worker);
  return box;
}

bool BatonPool::pause(Function<void(Function<void()>)> ask) {
  if (running_ == nullptr) return true;
  const std::shared_ptr<Box> box = running_->shared_from_this();
  ask([box] { box->resume(); });
  return box->pause();
}

}  // namespace restate::native
