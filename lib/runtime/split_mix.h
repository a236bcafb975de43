#pragma once

/// \file
/// A small generator that a seed replays: for the simulator and for tests, never for ids.

#include <restate/runtime.h>

namespace restate {

class SplitMix64 final : public Random {
 public:
  explicit SplitMix64(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() override {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }

  /// A generator of its own, so that more draws here change nothing there.
  SplitMix64 fork() { return SplitMix64(next() ^ 0x5851f42d4c957f2d); }

 private:
  std::uint64_t state_;
};

}  // namespace restate
