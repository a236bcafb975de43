#include "worker/shuffle.h"

#include <algorithm>

namespace restate::worker {
namespace {

struct Weigh {
  // Beside what is of any size.
  static constexpr std::size_t kFixed = 256;
  static constexpr std::size_t kPair = 64;

  static std::size_t of(const wire::InvocationTarget& target) {
    return target.service.size() + target.key.size() + target.handler.size() +
           (target.scope ? target.scope->size() : 0);
  }
  static std::size_t of(const std::variant<wire::Void, Bytes, wire::Failure>& result) {
    if (const auto* bytes = std::get_if<Bytes>(&result)) return bytes->size();
    const auto* failure = std::get_if<wire::Failure>(&result);
    if (failure == nullptr) return 0;
    std::size_t bytes = failure->message.size();
    for (const auto& [name, value] : failure->metadata) bytes += kPair + name.size() + value.size();
    return bytes;
  }

  std::size_t operator()(const wire::Invoke& message) const {
    const wire::ServiceInvocation& invocation = message.invocation;
    std::size_t bytes = kFixed + invocation.argument.size() + of(invocation.target);
    if (invocation.source.target) bytes += of(*invocation.source.target);
    if (invocation.idempotency_key) bytes += invocation.idempotency_key->size();
    for (const wire::Header& header : invocation.headers) {
      bytes += kPair + header.name.size() + header.value.size();
    }
    return bytes;
  }
  std::size_t operator()(const wire::InvocationResponse& message) const {
    return kFixed + of(message.result);
  }
  std::size_t operator()(const wire::NotifySignal& message) const {
    const auto* name = std::get_if<wire::SignalName>(&message.signal);
    return kFixed + of(message.result) + (name != nullptr ? name->value.size() : 0);
  }
  std::size_t operator()(const wire::Terminate&) const { return kFixed; }
  std::size_t operator()(const wire::Attach&) const { return kFixed; }
};

}  // namespace

// An append holds as many messages as weigh little together: one whose weight is not counted makes
// an append that the log may refuse for ever.
std::size_t Shuffle::weight(const wire::OutboxMessage& message) {
  return std::visit(Weigh{}, message);
}

Shuffle::Shuffle(Shard& shard, Read read, Destination destination, Send send, Arrived arrived,
                 std::size_t window_bytes)
    : shard_(shard),
      read_(std::move(read)),
      destination_(std::move(destination)),
      send_(std::move(send)),
      arrived_(std::move(arrived)),
      window_bytes_(window_bytes),
      retry_timer_(shard.make_timer([this] { retry(); })) {}

void Shuffle::start(std::uint64_t head) {
  next_sequence_ = head;
  behind_ = true;
  schedule();
}

void Shuffle::on_message(std::uint64_t sequence, const wire::OutboxMessage& message) {
  if (behind_ || sequence < next_sequence_) return;  // it is read from the table in its turn
  if (!window_open() || retry_timer_->armed()) {
    behind_ = true;
    return;
  }
  take({sequence, message});
  schedule();
}

void Shuffle::take(OutboxRow row) {
  const std::size_t bytes = weight(row.message);
  unconfirmed_.push_back({row.sequence, bytes, false});
  bytes_ += bytes;
  next_sequence_ = row.sequence + 1;
  lanes_[destination_(row.message)].waiting.push_back(std::move(row));
}

void Shuffle::take_from_table() {
  while (behind_ && window_open()) {
    std::vector<OutboxRow> rows =
        read_(next_sequence_, limits::kShuffleWindow - unconfirmed_.size(),
              window_bytes_ - bytes_);
    if (rows.empty()) behind_ = false;
    for (OutboxRow& row : rows) take(std::move(row));
  }
}

void Shuffle::schedule() {
  if (scheduled_) return;
  scheduled_ = true;
  shard_.post(scope_.bind([this] {
    scheduled_ = false;
    flush();
  }));
}

void Shuffle::flush() {
  if (const auto upto = std::exchange(arrived_upto_, std::nullopt)) arrived_(*upto);
  if (retry_timer_->armed()) return;
  take_from_table();
  for (auto& [partition, lane] : lanes_) {
    if (!lane.busy && !lane.waiting.empty()) send(partition, lane);
  }
}

void Shuffle::send(PartitionId destination, Lane& lane) {
  std::vector<OutboxRow> batch;
  std::vector<std::uint64_t> sequences;
  std::size_t bytes = 0;
  do {
    bytes += weight(lane.waiting.front().message);
    sequences.push_back(lane.waiting.front().sequence);
    batch.push_back(std::move(lane.waiting.front()));
    lane.waiting.pop_front();
  } while (!lane.waiting.empty() &&
           bytes + weight(lane.waiting.front().message) <= limits::kShuffleBatchBytes);
  lane.busy = true;
  send_(destination, std::move(batch),
        Completion<void>(shard_, scope_.bind([this, destination, sequences = std::move(sequences),
                                              round = round_](Result<void> result) {
          on_sent(destination, sequences, round, result);
        })));
}

void Shuffle::on_sent(PartitionId destination, const std::vector<std::uint64_t>& sequences,
                      std::uint64_t round, const Result<void>& result) {
  if (round != round_) return;
  if (!result) {
    if (retry_timer_->armed()) return;
    retry_ms_ = std::clamp<std::uint64_t>(retry_ms_ * 2, 20, 1000);
    retry_timer_->arm(shard_.now() + milliseconds(retry_ms_));
    return;
  }
  lanes_[destination].busy = false;
  auto at = unconfirmed_.begin();
  for (const std::uint64_t sequence : sequences) {
    at = std::lower_bound(
        at, unconfirmed_.end(), sequence,
        [](const Unconfirmed& entry, std::uint64_t wanted) { return entry.sequence < wanted; });
    at->arrived = true;
  }
  while (!unconfirmed_.empty() && unconfirmed_.front().arrived) {
    arrived_upto_ = unconfirmed_.front().sequence;
    bytes_ -= unconfirmed_.front().bytes;
    unconfirmed_.pop_front();
    retry_ms_ = 0;
  }
  schedule();
}

void Shuffle::retry() {
  // All lanes again from the oldest message that nobody confirmed: receivers drop what did arrive.
  ++round_;
  if (!unconfirmed_.empty()) next_sequence_ = unconfirmed_.front().sequence;
  unconfirmed_.clear();
  bytes_ = 0;
  lanes_.clear();
  behind_ = true;
  schedule();
}

}  // namespace restate::worker
