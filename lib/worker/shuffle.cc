#include "worker/shuffle.h"

#include <algorithm>

namespace restate::worker {
namespace {

std::size_t weight(const wire::OutboxMessage& message) {
  constexpr std::size_t kFixed = 256;
  if (const auto* invoke = std::get_if<wire::Invoke>(&message)) {
    return kFixed + invoke->invocation.argument.size();
  }
  if (const auto* response = std::get_if<wire::InvocationResponse>(&message)) {
    if (const auto* bytes = std::get_if<Bytes>(&response->result)) return kFixed + bytes->size();
  }
  return kFixed;
}

}  // namespace

Shuffle::Shuffle(Shard& shard, Next next, Send send, Arrived arrived)
    : shard_(shard),
      next_(std::move(next)),
      send_(std::move(send)),
      arrived_(std::move(arrived)),
      retry_timer_(shard.make_timer([this] { retry(); })) {}

void Shuffle::start() {
  behind_ = true;
  send_from_table();
}

void Shuffle::on_message(std::uint64_t sequence, const wire::OutboxMessage& message) {
  if (behind_ || sequence < next_sequence_) return;  // it is read from the table in its turn
  if (!window_open() || retry_timer_->armed()) {
    behind_ = true;
    return;
  }
  send(sequence, message);
}

void Shuffle::send(std::uint64_t sequence, wire::OutboxMessage message) {
  const std::size_t bytes = weight(message);
  in_flight_.push_back({sequence, bytes, false});
  bytes_ += bytes;
  next_sequence_ = sequence + 1;
  send_(sequence, std::move(message),
        Completion<void>(shard_, scope_.bind([this, sequence, round = round_](Result<void> result) {
          on_sent(sequence, round, result);
        })));
}

void Shuffle::send_from_table() {
  while (behind_ && window_open() && !retry_timer_->armed()) {
    std::optional<OutboxRow> row = next_(next_sequence_);
    if (!row) {
      behind_ = false;
      return;
    }
    send(row->sequence, std::move(row->message));
  }
}

void Shuffle::on_sent(std::uint64_t sequence, std::uint64_t round, const Result<void>& result) {
  if (round != round_) return;
  if (!result) {
    if (retry_timer_->armed()) return;
    retry_ms_ = std::clamp<std::uint64_t>(retry_ms_ * 2, 20, 1000);
    retry_timer_->arm(shard_.now() + milliseconds(retry_ms_));
    return;
  }
  const auto found = std::lower_bound(
      in_flight_.begin(), in_flight_.end(), sequence,
      [](const InFlight& entry, std::uint64_t wanted) { return entry.sequence < wanted; });
  if (found == in_flight_.end() || found->sequence != sequence) return;
  found->arrived = true;
  std::optional<std::uint64_t> upto;
  while (!in_flight_.empty() && in_flight_.front().arrived) {
    upto = in_flight_.front().sequence;
    bytes_ -= in_flight_.front().bytes;
    in_flight_.pop_front();
  }
  if (upto) {
    retry_ms_ = 0;
    arrived_(*upto);
  }
  send_from_table();
}

void Shuffle::retry() {
  // From the oldest that nobody confirmed: the receiver's high-water mark drops what did arrive, and
  // a message that overtook a lost one would be dropped for ever.
  ++round_;
  if (!in_flight_.empty()) next_sequence_ = in_flight_.front().sequence;
  in_flight_.clear();
  bytes_ = 0;
  behind_ = true;
  send_from_table();
}

}  // namespace restate::worker
