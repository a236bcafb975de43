#include "worker/unflushed.h"

namespace restate::worker {

Unflushed::Unflushed(std::size_t run_bytes, Duration run_time)
    : run_bytes_(run_bytes), run_time_(run_time) {}

void Unflushed::committed(std::uint64_t first, std::uint64_t last, std::size_t bytes,
                          std::uint64_t node_bytes, Instant now) {
  if (runs_.empty() || cut_ || bytes_ - runs_.back().bytes_before >= run_bytes_ ||
      now - runs_.back().since >= run_time_) {
    runs_.push_back({first, bytes_, node_bytes, now});
    cut_ = false;
  }
  last_ = last;
  bytes_ += bytes;
}

void Unflushed::on_durable(std::uint64_t durable) {
  if (durable >= last_) {
    runs_.clear();
    return;
  }
  while (runs_.size() > 1 && runs_[1].first <= durable + 1) runs_.pop_front();
}

std::uint64_t Unflushed::bytes() const {
  return runs_.empty() ? 0 : bytes_ - runs_.front().bytes_before;
}

std::uint64_t Unflushed::pinned_bytes(std::uint64_t node_bytes) const {
  return runs_.empty() ? 0 : node_bytes - runs_.front().node_bytes_before;
}

Duration Unflushed::age(Instant now) const {
  return runs_.empty() ? Duration{0} : now - runs_.front().since;
}

}  // namespace restate::worker
