#include "worker/proposer.h"

#include "wire/codec.h"

#include <restate/assert.h>
#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::worker {

Proposer::Proposer(Shard& shard, bifrost::Bifrost& bifrost, bifrost::LogId log, KeyRange keys,
                   Function<void(const Error&)> on_lost, std::size_t limit)
    : shard_(shard),
      bifrost_(bifrost),
      log_(log),
      keys_(keys),
      on_lost_(std::move(on_lost)),
      limit_(limit) {}

Proposer::~Proposer() {
  shard_.forget(*this);
  for (auto& durable : waiting_.durable) {
    if (durable) durable(Error{Code::kShutdown, "the partition is closing"});
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
  if (lost_) {  // stepping down; the tables know what is to be done
    if (durable) durable(Error{Code::kNotLeader, "stepping down"});
    return;
  }
  add({wire::SelfDedup{epoch_, next_sequence_++}, std::move(command)}, std::move(durable));
}

void Proposer::append(wire::Envelope envelope, Completion<void> durable) {
  add(std::move(envelope), std::move(durable));
}

void Proposer::append(std::vector<wire::Envelope> envelopes, Completion<void> durable) {
  RESTATE_ASSERT(!envelopes.empty(), "an append carries something");
  // What one turn gathers is one append to the log.
  for (std::size_t i = 0; i + 1 < envelopes.size(); ++i) add(std::move(envelopes[i]), {});
  add(std::move(envelopes.back()), std::move(durable));
}

void Proposer::add(wire::Envelope envelope, Completion<void> durable) {
  bifrost::Record record;
  const auto destination = wire::destination(envelope.command);
  record.keys = destination ? bifrost::RecordKeys::single(*destination)
                            : bifrost::RecordKeys::range(keys_);
  record.body = wire::encode(envelope);
  // Of a large record, keeping both forms costs more than cutting one out of the other.
  if (record.body.size() < limits::kDecodedBelow) {
    record.decoded = std::make_shared<const DecodedEnvelope>(std::move(envelope));
  }
  waiting_.bytes += record.body.size();
  if (durable) waiting_.durable.push_back(std::move(durable));
  gathered_.push_back(std::move(record));
  shard_.at_turn_end(TurnPhase::kAppend, *this);
}

void Proposer::act() {
  if (gathered_.empty()) return;
  const WallTime now = shard_.wall_now();
  if (RESTATE_MUTATION("worker/proposals-reordered")) std::ranges::reverse(gathered_);
  for (bifrost::Record& record : gathered_) record.created_at = now;
  in_flight_bytes_ += waiting_.bytes;
  bifrost_.append(log_, std::exchange(gathered_, {}),
                  Completion<bifrost::Lsn>(
                      shard_, [bound = scope_.bind([this](Waiting waiting, Result<bifrost::Lsn> last) {
                                 on_appended(std::move(waiting), std::move(last));
                               }),
                               waiting = std::exchange(waiting_, {})](Result<bifrost::Lsn> last) mutable {
                        // A closed processor's callers are answered as well: they may outlive it.
                        auto durable = std::move(waiting.durable);
                        waiting.durable.clear();
                        const bool failed = !last.has_value();
                        const Error error = failed ? last.error() : Error{};
                        bound(std::move(waiting), std::move(last));
                        for (auto& done : durable) {
                          if (failed) {
                            done(error);
                          } else {
                            done(Result<void>());
                          }
                        }
                      }));
}

void Proposer::on_appended(Waiting waiting, Result<bifrost::Lsn> last) {
  in_flight_bytes_ -= waiting.bytes;
  if (last.has_value() || lost_) return;
  lost_ = true;
  on_lost_(last.error());
}

}  // namespace restate::worker
