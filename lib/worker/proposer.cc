#include "worker/proposer.h"

#include "bifrost/record_spans.h"
#include "wire/codec.h"

#include <restate/assert.h>
#include <restate/log.h>
#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::worker {

namespace {

/// Completions are not called inside the call that brought them.
void answer_later(Completion<void> done, Error error) {
  if (!done) return;
  Shard& shard = done.shard();
  shard.post([done = std::move(done), error = std::move(error)]() mutable {
    done(std::move(error));
  });
}

}  // namespace

Proposer::Proposer(Shard& shard, bifrost::Bifrost& bifrost, bifrost::LogId log, KeyRange keys,
                   Function<void(const Error&)> on_lost, Function<void()> on_room,
                   std::size_t limit, AppendMetrics* metrics)
    : shard_(shard),
      bifrost_(bifrost),
      log_(log),
      keys_(keys),
      on_lost_(std::move(on_lost)),
      on_room_(std::move(on_room)),
      limit_(limit),
      metrics_(metrics) {}

Proposer::~Proposer() {
  shard_.forget(*this);
  for (Batch& batch : gathered_) {
    for (auto& durable : batch.durable) {
      durable(Error{Code::kShutdown, "the partition is closing"});
    }
  }
}

void Proposer::lead(GenerationalNodeId node, LeaderEpoch epoch,
                    std::uint64_t epoch_metadata_version) {
  epoch_ = epoch;
  next_sequence_ = 0;
  lost_ = false;
  propose(wire::AnnounceLeader{node, epoch, keys_, epoch_metadata_version});
}

void Proposer::propose(wire::Command command, Completion<void> durable) {
  const Result<void> proposed = try_propose(std::move(command), std::move(durable));
  if (proposed) return;
  shard_.log().error("worker", "what the leader proposes is too large for the log",
                     {{"log", log_.value}, {"error", proposed.error().describe()}});
}

Result<void> Proposer::try_propose(wire::Command command, Completion<void> durable) {
  if (lost_) {  // stepping down; the tables know what is to be done
    answer_later(std::move(durable), Error{Code::kNotLeader, "stepping down"});
    return {};
  }
  // A record that the log refuses would take those beside it along, and the leadership: it is found
  // out before it has a number.
  auto record = encode({wire::SelfDedup{epoch_, next_sequence_}, std::move(command)});
  if (!record) {
    answer_later(std::move(durable), record.error());
    return std::move(record).error();
  }
  ++next_sequence_;
  Batch& batch = open_batch();
  if (durable) batch.durable.push_back(std::move(durable));
  add(batch, *std::move(record));
  return {};
}

void Proposer::append(wire::Envelope envelope, Completion<void> durable) {
  std::vector<wire::Envelope> one;
  one.push_back(std::move(envelope));
  append(std::move(one), std::move(durable));
}

void Proposer::append(std::vector<wire::Envelope> envelopes, Completion<void> durable) {
  RESTATE_ASSERT(!envelopes.empty(), "an append carries something");
  bifrost::RecordBatch records;
  for (wire::Envelope& envelope : envelopes) {
    auto record = encode(std::move(envelope));
    if (!record) return answer_later(std::move(durable), std::move(record).error());
    records.push_back(*std::move(record));
  }
  Batch& batch = open_batch();
  if (durable) batch.durable.push_back(std::move(durable));
  for (bifrost::Record& record : records) add(batch, std::move(record));
}

Proposer::Batch& Proposer::open_batch() {
  if (gathered_.empty() || gathered_.back().weight >= limits::kAppendBytes) {
    gathered_.emplace_back();
  }
  return gathered_.back();
}

Result<bifrost::Record> Proposer::encode(wire::Envelope envelope) const {
  bifrost::Record record;
  const auto destination = wire::destination(envelope.command);
  record.keys = destination ? bifrost::RecordKeys::single(*destination)
                            : bifrost::RecordKeys::range(keys_);
  record.body = wire::encode(envelope);
  if (record.body.size() > record_limit_) {
    return Error{Code::kInvalidArgument, "a record of " + std::to_string(record.body.size()) +
                                             " bytes is above the limit of the log, which is " +
                                             std::to_string(record_limit_)};
  }
  // Of a large record, keeping both forms costs more than cutting one out of the other.
  if (record.body.size() < limits::kDecodedBelow) {
    record.decoded = std::make_shared<const DecodedEnvelope>(std::move(envelope));
  }
  return record;
}

void Proposer::add(Batch& batch, bifrost::Record record) {
  const std::size_t weight = bifrost::weight(record);
  batch.weight += weight;
  weight_ += weight;
  if (full()) was_full_ = true;
  batch.records.push_back(std::move(record));
  shard_.at_turn_end(TurnPhase::kAppend, *this);
}

void Proposer::act() {
  // An appender that has too much refuses, and that would end the leadership: it never comes to it.
  while (!gathered_.empty() && under_way_ < limits::kAppendWindow) {
    Batch batch = std::move(gathered_.front());
    gathered_.pop_front();
    send(std::move(batch));
  }
}

void Proposer::send(Batch batch) {
  const WallTime now = shard_.wall_now();
  if (RESTATE_MUTATION("worker/proposals-reordered")) std::ranges::reverse(batch.records);
  std::size_t bytes = 0;
  for (bifrost::Record& record : batch.records) {
    record.created_at = now;
    bytes += record.body.size();
    if (metrics_ != nullptr) metrics_->record_bytes.record(record.body.size());
  }
  under_way_ += batch.weight;
  const std::size_t records = batch.records.size();
  bifrost_.append(
      log_, std::move(batch.records),
      Completion<bifrost::Lsn>(
          shard_, [bound = scope_.bind([this, weight = batch.weight](
                                           const Result<bifrost::Lsn>& last) {
                     on_appended(weight, last);
                   }),
                   counted = scope_.bind([this, bytes, records,
                                          since = shard_.now()] { count(records, bytes, since); }),
                   durable = std::move(batch.durable)](Result<bifrost::Lsn> last) mutable {
            if (last) counted();
            bound(last);
            // A closed processor's callers are answered as well: they may outlive it.
            for (auto& done : durable) {
              if (last) {
                done(Result<void>());
              } else {
                done(last.error());
              }
            }
          }));
}

void Proposer::count(std::size_t records, std::size_t bytes, Instant since) {
  if (metrics_ == nullptr) return;
  metrics_->records.add(records);
  metrics_->bytes.add(bytes);
  metrics_->durations.record(shard_.now() - since);
}

void Proposer::on_appended(std::size_t weight, const Result<bifrost::Lsn>& last) {
  under_way_ -= weight;
  weight_ -= weight;
  if (!last && !lost_) {
    lost_ = true;
    drop_gathered();
    return on_lost_(last.error());
  }
  if (!gathered_.empty()) shard_.at_turn_end(TurnPhase::kAppend, *this);
  if (full() || !std::exchange(was_full_, false)) return;
  on_room_();
}

void Proposer::drop_gathered() {
  for (Batch& batch : std::exchange(gathered_, {})) {
    weight_ -= batch.weight;
    for (auto& done : batch.durable) {
      answer_later(std::move(done), Error{Code::kNotLeader, "stepping down"});
    }
  }
}

}  // namespace restate::worker
