#pragma once

/// \file
/// The simulated network between the nodes of a `World`, as a test sees it: what delays, what is
/// cut off, what breaks. The nodes see it as `restate::Network`.

#include <restate/testing/node.h>

#include <cstdint>

#pragma GCC visibility push(default)

namespace restate::testing {

/// How long bytes travel. Bytes of one stream never overtake each other; streams overtake streams.
struct Latency {
  Duration shortest = std::chrono::microseconds(50);  ///< never less
  Duration longest = std::chrono::microseconds(500);  ///< never more, unless a link is clogged
};

/// What a test does to the network of its world. Belongs to the world; only on the thread of the
/// test.
class SimulatedNetwork {
 public:
  /// Between different nodes.
  virtual void set_latency(Latency latency) = 0;
  /// Inside a node.
  virtual void set_loopback_latency(Latency latency) = 0;

  /// Nothing more arrives that `from` sends to `to`; it waits until `unclog`. The other direction
  /// goes on. A connect across a clogged link ends in its timeout.
  virtual void clog(Node& from, Node& to) = 0;
  /// What waited arrives, with its delay from now on.
  virtual void unclog(Node& from, Node& to) = 0;
  /// Both directions.
  virtual void partition(Node& a, Node& b) = 0;
  /// Undoes every clog.
  virtual void heal() = 0;

  /// Breaks all streams between the two. Both ends hear an error.
  virtual void reset(Node& a, Node& b) = 0;
  /// Each arriving piece of data breaks its stream with a chance of `per_million` in a million.
  virtual void set_reset_chance(std::uint32_t per_million) = 0;

  /// Streams open at this moment, counting both ends as one.
  virtual std::size_t open_streams() const = 0;

 protected:
  ~SimulatedNetwork() = default;
};

}  // namespace restate::testing

#pragma GCC visibility pop
