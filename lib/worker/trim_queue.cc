#include "worker/trim_queue.h"

#include <algorithm>

namespace restate::worker {
namespace {

/// Points may stand this part of the delay apart.
constexpr int kStepsPerDelay = 16;

}  // namespace

TrimQueue::TrimQueue(Duration delay, std::uint64_t most_bytes)
    : delay_(delay), most_bytes_(most_bytes) {}

void TrimQueue::add(std::uint64_t lsn, Instant now, Duration age, std::uint64_t node_bytes) {
  if (!points_.empty() && points_.back().lsn >= lsn) return;
  const Point point{lsn, now + (delay_ - std::clamp(age, Duration{0}, delay_)), node_bytes};
  const std::size_t size = points_.size();
  // Never early: the later point takes the place of the earlier one, not the other way round.
  if (size > 1 && point.due - points_[size - 2].due < delay_ / kStepsPerDelay) {
    points_.back() = point;
  } else {
    points_.push_back(point);
  }
}

std::optional<std::uint64_t> TrimQueue::take_due(Instant now, std::uint64_t node_bytes) {
  std::optional<std::uint64_t> due;
  while (!points_.empty() && (points_.front().due <= now ||
                              node_bytes - points_.front().node_bytes >= most_bytes_)) {
    due = points_.front().lsn;
    points_.pop_front();
  }
  return due;
}

std::optional<Instant> TrimQueue::next() const {
  if (points_.empty()) return std::nullopt;
  return points_.front().due;
}

}  // namespace restate::worker
