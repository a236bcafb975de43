#pragma once

/// \file
/// The seam between the engine and the world. `uv::Runtime` is the real one; `testing::World`
/// simulates it with one seed and a virtual clock. Everything above runs unchanged on both.

#include <restate/assert.h>
#include <restate/bytes.h>
#include <restate/completion.h>
#include <restate/function.h>
#include <restate/result.h>
#include <restate/time.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#pragma GCC visibility push(default)

namespace restate {

/// A piece of work for a shard. Called once at most.
using Task = Function<void()>;

class Logger;
class Network;

/// A source of random numbers that a seed can replay.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  ///< 64 random bits
  /// Uniform in [0, bound); 0 if bound is 0.
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
};

/// A single-shot alarm. Destroying or re-arming it cancels the previous one: after that nothing of
/// it runs.
class Timer {
 public:
  virtual ~Timer() = default;
  /// Fires once when the shard's clock has come to `at`; at once if that is past, but never inside
  /// this call.
  virtual void arm(Instant at) = 0;
  virtual void cancel() = 0;       ///< does nothing if it is not armed
  virtual bool armed() const = 0;  ///< it will fire
};

/// Someone who gathers during a turn and acts once at its end.
class TurnActor {
 public:
  TurnActor() = default;
  TurnActor(const TurnActor&) = delete;
  TurnActor& operator=(const TurnActor&) = delete;
  /// Called once per asking, at the end of the turn.
  virtual void act() = 0;

 protected:
  ~TurnActor() { RESTATE_ASSERT(marks_ == 0, "an actor died without `Shard::forget`"); }

 private:
  // Where the queue has put this actor. Kept here because asking again must cost nothing: a
  // connection asks for its flush with every piece it writes.
  friend class TurnQueue;
  std::uint8_t marks_ = 0;
};

/// The order in which actors act at the end of a turn: applied records cause appends, and both
/// cause bytes on sockets.
enum class TurnPhase : std::uint8_t { kApply, kAppend, kFlush };
inline constexpr int kTurnPhases = 3;  ///< how many there are

/// One thread, one loop. Whatever belongs to a shard is called on it and needs no lock.
class Shard {
 public:
  virtual ~Shard() = default;

  virtual std::uint32_t index() const = 0;  ///< from 0, and smaller than `Runtime::shard_count`
  /// The monotonic clock, read at least once per turn.
  virtual Instant now() const = 0;
  virtual WallTime wall_now() const = 0;  ///< the time of day; may jump
  /// When the time of day will be `at`, as things stand, for an alarm: now if it has been, and in a
  /// year at the latest. A host that can tell less than a millisecond of the time of day does.
  virtual Instant instant_of(WallTime at) const {
    return now() + milliseconds(std::min(at.ms_since(wall_now()), kLongestAlarmMs));
  }
  /// How far ahead `instant_of` looks: sums of durations stay small.
  static constexpr std::uint64_t kLongestAlarmMs = 365ull * 24 * 3600 * 1000;
  virtual Random& random() = 0;           ///< seeded from the system, or by a simulation's seed
  virtual Logger& log() = 0;              ///< never null; may discard everything
  virtual Network& network() = 0;         ///< to listen and connect on this shard

  /// Runs `task` on this shard after the current one, in posting order. Shard thread only.
  virtual void post(Task task) = 0;
  /// The same from any thread; wakes the loop. Per calling thread, order is kept.
  virtual void post_remote(Task task) = 0;
  /// Calls `actor.act()` once at the end of this turn, however often it is asked. An actor that
  /// dies before must call `forget`.
  virtual void at_turn_end(TurnPhase phase, TurnActor& actor) = 0;
  /// Takes back `at_turn_end`. Of an actor that did not ask: nothing.
  virtual void forget(TurnActor& actor) = 0;

  /// A timer whose `fire` runs on this shard.
  virtual std::unique_ptr<Timer> make_timer(Task fire) = 0;

  /// Runs `job` on a pool thread, then `done` on this shard. `job` must not touch shard state.
  virtual void run_blocking(Task job, Task done) = 0;

  /// True when a simulated fault fires here; always false outside of the simulator.
  /// Names look like `bifrost/seal/slow`.
  virtual bool fault(std::string_view name) = 0;

  /// See `Completion`.
  virtual detail::Unanswered unanswered_policy() const = 0;
};

/// The threads and loops a host lends to the engine.
class Runtime {
 public:
  virtual ~Runtime() = default;
  virtual std::uint32_t shard_count() const = 0;  ///< fixed for its life, at least 1
  /// `index` is smaller than `shard_count`. Lives as long as the runtime.
  virtual Shard& shard(std::uint32_t index) = 0;
};

/// `host:port`, or a unix socket when `unix_path` is set.
struct Address {
  std::string host;        ///< a name or an address
  std::uint16_t port = 0;  ///< 0, to listen: the system picks one
  std::string unix_path;   ///< not empty: host and port do not matter

  bool is_unix() const { return !unix_path.empty(); }  ///< rather than TCP
  /// `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`.
  std::string str() const;
  bool operator==(const Address&) const = default;
};

/// What a stream tells its owner. Called on the stream's shard, never inside a call into it.
class StreamListener {
 public:
  /// Bytes from the peer, valid during the call.
  virtual void on_data(std::string_view data) = 0;
  /// The peer sends no more. Writing may go on.
  virtual void on_end() = 0;
  /// The stream is dead; nothing follows.
  virtual void on_error(const Error& error) = 0;
  /// `unsent_bytes()` fell below the low-water mark after it had been above the high one.
  virtual void on_drained() {}

 protected:
  ~StreamListener() = default;
};

/// A writer should pause above the first, and hears `on_drained` below the second.
inline constexpr std::size_t kStreamHighWater = 1024 * 1024;
inline constexpr std::size_t kStreamLowWater = 256 * 1024;  ///< below this `on_drained` is told

/// A connected, ordered, reliable pipe of bytes. Destroying it closes it at once; nothing is
/// called afterwards.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Must be called once, before anything arrives.
  virtual void start(StreamListener& listener) = 0;
  /// Queues bytes; written in order. Errors arrive at the listener.
  virtual void write(ByteChain chain) = 0;
  /// Bytes accepted by `write` and not yet taken by the peer's system.
  virtual std::size_t unsent_bytes() const = 0;
  /// No more `on_data` until `resume`: back-pressure to the peer.
  virtual void pause() = 0;
  virtual void resume() = 0;  ///< goes on with `on_data`; the opposite of `pause`
  /// Ends our direction once everything queued is written.
  virtual void shutdown_write() = 0;
  /// For logs: `127.0.0.1:53122`.
  virtual std::string peer() const = 0;
};

/// Accepts until destroyed.
class Listener {
 public:
  virtual ~Listener() = default;
  /// The address in use: a port of 0 in the request is answered here.
  virtual Address address() const = 0;
};

/// A connect under way; destroying it gives up.
class Connecting {
 public:
  virtual ~Connecting() = default;
};

/// The way to other processes, for one shard: its streams belong to that shard.
class Network {
 public:
  virtual ~Network() = default;
  /// Several shards may listen on one TCP port; the system spreads connections over them.
  /// - `kAlreadyExists`: the address is in use.
  virtual Result<std::unique_ptr<Listener>> listen(
      const Address& address, Function<void(std::unique_ptr<Stream>)> on_accept) = 0;
  /// Completes with a stream, or `kUnavailable` with the system's reason, or `kTimeout`.
  virtual std::unique_ptr<Connecting> connect(
      const Address& address, Duration timeout,
      Function<void(Result<std::unique_ptr<Stream>>)> done) = 0;
};

/// Binds callbacks to the life of an object: what `bind` returns does nothing once the scope is
/// gone. A member, declared last, so that it dies first.
class Scope {
 public:
  Scope() : alive_(std::make_shared<bool>(true)) {}
  ~Scope() { *alive_ = false; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// `callback` as long as the scope is there, and nothing afterwards. On the shard of the scope
  /// only.
  template <class F>
  auto bind(F callback) const {
    return [alive = alive_, callback = std::move(callback)]<class... Args>(Args&&... args) mutable {
      if (*alive) callback(std::forward<Args>(args)...);
    };
  }

 private:
  std::shared_ptr<bool> alive_;
};

}  // namespace restate

#pragma GCC visibility pop
