#include "uv/uv_shard.h"

#include "uv/uv_network.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <thread>
#include <utility>

namespace restate::uv {
namespace {

constexpr std::int64_t kNsPerMs = 1000000;
constexpr std::int64_t kNsPerSecond = 1000 * kNsPerMs;

class UvTimer final : public Timer, private TimerHeap::Entry {
 public:
  UvTimer(UvShard& shard, Task fire)
      : shard_(shard), fire_(std::make_shared<Task>(std::move(fire))) {}
  ~UvTimer() override { cancel(); }

  void arm(Instant when) override {
    if (!shard_.closed()) shard_.timers().arm(*this, when);
  }
  void cancel() override { shard_.timers().remove(*this); }
  bool armed() const override { return index != TimerHeap::kOut; }

  static void fire(TimerHeap::Entry& entry) {
    // What it runs may destroy the timer.
    const std::shared_ptr<Task> task = static_cast<UvTimer&>(entry).fire_;
    (*task)();
  }

 private:
  UvShard& shard_;
  std::shared_ptr<Task> fire_;
};

}  // namespace

Resource::Resource(UvShard& shard) : shard_(shard), next_(shard.resources_) {
  if (next_ != nullptr) next_->previous_ = this;
  shard.resources_ = this;
}

Resource::~Resource() {
  if (previous_ != nullptr) previous_->next_ = next_;
  if (next_ != nullptr) next_->previous_ = previous_;
  if (shard_.resources_ == this) shard_.resources_ = next_;
}

struct UvShard::LoopHandles {
  uv_async_t mail;
  uv_prepare_t prepare;
  uv_check_t check;
  uv_idle_t idle;
  uv_poll_t alarm;
  // A timer of the system, because those of libuv know milliseconds only: with the rounding on both
  // sides a wait of one of them takes up to three.
  const int alarm_fd = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  int open = 5;

  LoopHandles() = default;
  ~LoopHandles() { ::close(alarm_fd); }
  LoopHandles(const LoopHandles&) = delete;
  LoopHandles& operator=(const LoopHandles&) = delete;

  /// Makes the loop wake up then; nothing else makes it read the alarm.
  void set_alarm(Instant at) {
    // A zero would turn it off.
    const std::int64_t ns = std::max<std::int64_t>(at.ns, 1);
    itimerspec spec{};
    spec.it_value.tv_sec = ns / kNsPerSecond;
    spec.it_value.tv_nsec = ns % kNsPerSecond;
    const int failed = ::timerfd_settime(alarm_fd, TFD_TIMER_ABSTIME, &spec, nullptr);
    RESTATE_ASSERT(failed == 0, "setting a timer of the system failed");
  }
  void take_alarm() {
    std::uint64_t times = 0;
    // Nothing to be read is fine: it was set anew meanwhile.
    [[maybe_unused]] const ssize_t taken = ::read(alarm_fd, &times, sizeof times);
  }

  static UvShard& shard_of(const void* handle) {
    return *static_cast<UvShard*>(static_cast<const uv_handle_t*>(handle)->data);
  }

  template <class Handle>
  void adopt(Handle& handle, UvShard* shard) {
    handle.data = shard;
    // Only the mailbox keeps a loop alive: it is what others reach us by.
    if (static_cast<void*>(&handle) != &mail) uv_unref(reinterpret_cast<uv_handle_t*>(&handle));
  }

  template <class Handle>
  void close(Handle& handle) {
    handle.data = this;
    uv_close(reinterpret_cast<uv_handle_t*>(&handle), [](uv_handle_t* closed) {
      auto* self = static_cast<LoopHandles*>(closed->data);
      if (--self->open == 0) delete self;
    });
  }
};

UvShard::UvShard(Parts parts)
    : parts_(std::move(parts)),
      network_(make_network(*this)),
      handles_(new LoopHandles),
      read_buffer_(new char[kReadBuffer]) {
  uv_loop_t* loop = parts_.loop;
  int failed = uv_async_init(loop, &handles_->mail, [](uv_async_t*) {});
  RESTATE_ASSERT(failed == 0, uv_strerror(failed));
  uv_prepare_init(loop, &handles_->prepare);
  uv_check_init(loop, &handles_->check);
  uv_idle_init(loop, &handles_->idle);
  RESTATE_ASSERT(handles_->alarm_fd >= 0, "the system has no timer left for a shard");
  failed = uv_poll_init(loop, &handles_->alarm, handles_->alarm_fd);
  RESTATE_ASSERT(failed == 0, uv_strerror(failed));
  handles_->adopt(handles_->mail, this);
  handles_->adopt(handles_->prepare, this);
  handles_->adopt(handles_->check, this);
  handles_->adopt(handles_->idle, this);
  handles_->adopt(handles_->alarm, this);
  uv_prepare_start(&handles_->prepare,
                   [](uv_prepare_t* handle) { LoopHandles::shard_of(handle).before_poll(); });
  uv_check_start(&handles_->check,
                 [](uv_check_t* handle) { LoopHandles::shard_of(handle).turn(); });
  uv_poll_start(&handles_->alarm, UV_READABLE, [](uv_poll_t* handle, int, int) {
    UvShard& shard = LoopHandles::shard_of(handle);
    shard.handles_->take_alarm();
    shard.wakeup_ = kNever;
  });
}

UvShard::~UvShard() {
  RESTATE_ASSERT(closed_, "a shard is closed before it is destroyed");
  while (drop_mailbox()) {
  }
}

Instant UvShard::now() const {
  if (now_is_stale_) {
    now_ = Instant{static_cast<std::int64_t>(uv_hrtime())};
    now_is_stale_ = false;
  }
  return now_;
}

WallTime UvShard::wall_now() const {
  std::timespec time{};
  std::timespec_get(&time, TIME_UTC);
  return {static_cast<std::uint64_t>(time.tv_sec * 1000 + time.tv_nsec / kNsPerMs)};
}

Instant UvShard::instant_of(WallTime at) const {
  std::timespec time{};
  std::timespec_get(&time, TIME_UTC);
  const WallTime wall{static_cast<std::uint64_t>(time.tv_sec * 1000 + time.tv_nsec / kNsPerMs)};
  // Read behind the other one: what comes of it is a bit late, and never early.
  const Instant here{static_cast<std::int64_t>(uv_hrtime())};
  const std::uint64_t wait_ms = std::min(at.ms_since(wall), kLongestAlarmMs);
  if (wait_ms == 0) return here;
  return here + milliseconds(wait_ms) - Duration(time.tv_nsec % kNsPerMs);
}

void UvShard::post_remote(Task task) {
  {
    const std::lock_guard lock(mutex_);
    mailbox_.push_back(std::move(task));
    if (!std::exchange(sleeping_, false)) return;
    ++wakers_;
  }
  // Behind the lock, which the loop needs next, and whoever else has a message. `close` waits for it.
  uv_async_send(&handles_->mail);
  --wakers_;
}

std::unique_ptr<Timer> UvShard::make_timer(Task fire) {
  return std::make_unique<UvTimer>(*this, std::move(fire));
}

void UvShard::before_poll() {
  bool busy = prepare_wakeup() || !queue_.idle() || close_asked_;
  {
    const std::lock_guard lock(mutex_);
    busy = busy || !mailbox_.empty();
    sleeping_ = !busy;
  }
  // An active idle handle makes the poll return at once: what is ready joins this turn.
  if (busy) {
    uv_idle_start(&handles_->idle, [](uv_idle_t*) {});
  } else {
    uv_idle_stop(&handles_->idle);
  }
  now_is_stale_ = true;
}

bool UvShard::prepare_wakeup() {
  if (timers_.empty()) return false;
  const Instant next = timers_.top()->at;
  // As the clock stood in this turn: what has come due since wakes the loop at once.
  if (next <= now_) return true;
  // An early wake-up is harmless, and rarer than timers that are armed again.
  if (next < wakeup_) {
    wakeup_ = next;
    handles_->set_alarm(next);
  }
  return false;
}

void UvShard::turn() {
  now_is_stale_ = true;
  [[maybe_unused]] const Instant began = now();
  take_mailbox();
  fire_timers();
  queue_.run_round();
#ifndef NDEBUG
  const Duration took(static_cast<std::int64_t>(uv_hrtime()) - began.ns);
  if (took > parts_.slow_turn) {
    parts_.logger.warn("uv", "a turn took long",
                       {{"shard", parts_.index}, {"us", took.count() / 1000}});
  }
#endif
  if (close_asked_) close();
}

void UvShard::take_mailbox() {
  {
    const std::lock_guard lock(mutex_);
    sleeping_ = false;
    taken_.swap(mailbox_);
  }
  for (Task& task : taken_) queue_.post(std::move(task));
  taken_.clear();
}

void UvShard::fire_timers() {
  // What fires may arm again for now; that is for the next turn.
  const std::uint64_t armed_before = timers_.next_sequence();
  while (!timers_.empty()) {
    TimerHeap::Entry& next = *timers_.top();
    if (now_ < next.at || next.sequence >= armed_before) break;
    timers_.remove(next);
    UvTimer::fire(next);
  }
}

void UvShard::close() {
  if (closed_) return;
  begin_shutdown();
  // The tasks may own streams, and answer completions as they die, which post again.
  do {
    queue_.clear();
  } while (drop_mailbox() || !queue_.idle());
  while (resources_ != nullptr) {
    Resource* resource = resources_;
    resources_ = resource->next_;
    if (resources_ != nullptr) resources_->previous_ = nullptr;
    resource->next_ = nullptr;
    resource->abandon();
  }
  timers_.clear();
  closed_ = true;
  {
    const std::lock_guard lock(mutex_);
    sleeping_ = false;  // from here on nobody begins to wake us
  }
  while (wakers_ != 0) std::this_thread::yield();
  handles_->close(handles_->mail);
  handles_->close(handles_->prepare);
  handles_->close(handles_->check);
  handles_->close(handles_->idle);
  handles_->close(handles_->alarm);
}

bool UvShard::drop_mailbox() {
  std::vector<Task> dropped;
  {
    const std::lock_guard lock(mutex_);
    dropped.swap(mailbox_);
  }
  // Those that die may post to this shard, on this thread.
  const bool any = !dropped.empty() || !queue_.idle();
  dropped.clear();
  queue_.clear();
  return any;
}

}  // namespace restate::uv
