#pragma once

/// \file
/// A shard on a libuv loop. One turn per iteration of the loop, after its I/O callbacks.

#include "runtime/turn_queue.h"
#include "uv/pool.h"
#include "uv/port_table.h"
#include "uv/timer_heap.h"

#include <restate/log.h>

#include <uv.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace restate::uv {

class UvShard;

/// Something with a handle on the loop. Its owner should destroy it before the shard closes; if
/// not, the shard takes the handle away.
class Resource {
 public:
  explicit Resource(UvShard& shard);
  Resource(const Resource&) = delete;
  Resource& operator=(const Resource&) = delete;
  /// Closes the handle. Nobody is told.
  virtual void abandon() = 0;

 protected:
  virtual ~Resource();
  UvShard& shard_;

 private:
  friend class UvShard;
  Resource* previous_ = nullptr;
  Resource* next_ = nullptr;
};

class UvShard final : public Shard {
 public:
  struct Parts {
    std::uint32_t index;
    std::uint32_t shard_count;
    uv_loop_t* loop;
    Pool& pool;
    PortTable& ports;
    Logger& logger;
    std::unique_ptr<Random> random;
    Duration slow_turn;
  };
  explicit UvShard(Parts parts);
  ~UvShard() override;

  std::uint32_t index() const override { return parts_.index; }
  Instant now() const override;
  WallTime wall_now() const override;
  Instant instant_of(WallTime at) const override;
  Random& random() override { return *parts_.random; }
  Logger& log() override { return parts_.logger; }
  Network& network() override { return *network_; }
  void post(Task task) override { queue_.post(std::move(task)); }
  void post_remote(Task task) override;
  void at_turn_end(TurnPhase phase, TurnActor& actor) override { queue_.at_turn_end(phase, actor); }
  void forget(TurnActor& actor) override { queue_.forget(actor); }
  std::unique_ptr<Timer> make_timer(Task fire) override;
  void run_blocking(Task job, Task done) override {
    parts_.pool.submit({this, std::move(job), std::move(done)});
  }
  bool fault(std::string_view) override { return false; }
  detail::Unanswered unanswered_policy() const override { return policy_.load(); }

  uv_loop_t* loop() { return parts_.loop; }
  std::uint32_t shard_count() const { return parts_.shard_count; }
  PortTable& ports() { return parts_.ports; }
  TimerHeap& timers() { return timers_; }
  bool closed() const { return closed_; }
  /// All streams of a shard read into one buffer: listeners take what they need before they return.
  static constexpr std::size_t kReadBuffer = 64 * 1024;
  char* read_buffer() { return read_buffer_.get(); }
  std::vector<uv_buf_t>& write_buffers() { return write_buffers_; }

  void begin_shutdown() { policy_.store(detail::Unanswered::kShutdown); }
  /// Drops what is posted and closes all handles; they leave the loop in its next iterations.
  /// Outside of a turn.
  void close();
  /// The same at the end of the turn under way.
  void close_after_turn() { close_asked_ = true; }
  /// Destroys what other threads posted after `close`; false if there was nothing.
  bool drop_mailbox();

 private:
  struct LoopHandles;
  friend class Resource;

  void before_poll();
  void turn();
  void fire_timers();
  void take_mailbox();
  /// True when the next deadline has passed already.
  bool prepare_wakeup();

  Parts parts_;
  std::unique_ptr<Network> network_;
  LoopHandles* handles_;  // frees itself once all of them are closed
  TurnQueue queue_;
  TimerHeap timers_;
  std::unique_ptr<char[]> read_buffer_;
  std::vector<uv_buf_t> write_buffers_;
  Resource* resources_ = nullptr;
  mutable Instant now_;
  mutable bool now_is_stale_ = true;
  static constexpr Instant kNever{INT64_MAX};
  Instant wakeup_ = kNever;  // when the alarm of the system rings
  bool close_asked_ = false;
  bool closed_ = false;
  std::atomic<detail::Unanswered> policy_{detail::Unanswered::kBug};
  std::atomic<int> wakers_{0};  ///< threads that are about to touch the mailbox's handle

  std::mutex mutex_;  // guards what follows
  std::vector<Task> mailbox_;
  bool sleeping_ = false;    // a message must wake the loop
  std::vector<Task> taken_;  // the mailbox of this turn; not guarded
};

}  // namespace restate::uv
