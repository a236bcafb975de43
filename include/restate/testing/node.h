#pragma once

/// \file
/// One process of a simulated world: shards, clocks, a host name, and a life that can end at any
/// event.

#include <restate/runtime.h>

#include <cstdint>
#include <string>

#pragma GCC visibility push(default)

namespace restate::testing {

/// How a node is made.
struct NodeOptions {
  std::string host;          ///< other nodes connect to it; empty: `node-<index>`
  std::uint32_t shards = 1;  ///< it has as many after each restart
  /// How much faster than the world both of its clocks run, in millionths. May be negative.
  std::int32_t drift_ppm = 0;
  Logger* logger = nullptr;  ///< null: the world's
};

/// Belongs to its world, as its shards do; both outlive its crashes.
class Node : public Runtime {
 public:
  virtual std::uint32_t index() const = 0;      ///< in the order of `World::add_node`, from 0
  virtual const std::string& host() const = 0;  ///< what others connect to
  /// Counts its starts: 1 until the first restart.
  virtual std::uint32_t generation() const = 0;
  virtual bool running() const = 0;  ///< false between a crash and a restart

  /// The time of day moves by this much at once; the monotonic clock does not notice.
  virtual void jump_wall_clock(std::chrono::milliseconds by) = 0;
  /// From now on both clocks run faster than the world by so many millionths, or slower if it is
  /// negative.
  virtual void set_drift_ppm(std::int32_t drift_ppm) = 0;

  /// The process stands still for a while: what arrives meanwhile waits, timers are late.
  virtual void pause(Duration how_long) = 0;

  /// Called once when the node crashes, to destroy the objects that live on it. Hooks run in the
  /// reverse order of their registration.
  virtual void on_crash(Task hook) = 0;

  /// From now on, completions that die unanswered complete with `kShutdown`, until a restart. Call
  /// it before destroying what lives on a running node.
  virtual void begin_shutdown() = 0;
};

}  // namespace restate::testing

#pragma GCC visibility pop
