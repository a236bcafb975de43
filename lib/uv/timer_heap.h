#pragma once

/// \file
/// The timers of a shard, the earliest on top. Idle timeouts are armed again with every message,
/// so moving one must be cheap: no allocation, and one alarm of the system for all of them.

#include <restate/runtime.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace restate::uv {

class TimerHeap {
 public:
  struct Entry {
    Instant at;
    std::uint64_t sequence = 0;  ///< timers of one instant fire in the order they were armed
    std::size_t index = kOut;
  };
  static constexpr std::size_t kOut = SIZE_MAX;

  TimerHeap() = default;
  TimerHeap(const TimerHeap&) = delete;
  TimerHeap& operator=(const TimerHeap&) = delete;

  bool empty() const { return heap_.empty(); }
  Entry* top() const { return heap_.front(); }
  /// Entries armed from now on have this sequence or a later one.
  std::uint64_t next_sequence() const { return next_sequence_; }

  /// Puts an entry in, or moves it.
  void arm(Entry& entry, Instant at);
  void remove(Entry& entry);
  void clear();

 private:
  static bool before(const Entry& a, const Entry& b) {
    return a.at != b.at ? a.at < b.at : a.sequence < b.sequence;
  }
  void place(Entry* entry, std::size_t index);
  void sift_up(std::size_t index);
  void sift_down(std::size_t index);

  std::vector<Entry*> heap_;
  std::uint64_t next_sequence_ = 0;
};

}  // namespace restate::uv
