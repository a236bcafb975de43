#pragma once

/// \file
/// The way into a partition's log. Gathers what a turn proposes and appends it as one batch, so that
/// one sync carries it all.

#include "worker/limits.h"

#include <restate/bifrost/bifrost.h>
#include <restate/runtime.h>
#include <restate/wire/commands.h>

#include <vector>

namespace restate::worker {

/// A record's envelope, travelling beside its bytes to the reader on this node.
class DecodedEnvelope final : public bifrost::Decoded {
 public:
  explicit DecodedEnvelope(wire::Envelope e) : envelope(std::move(e)) {}
  const wire::Envelope envelope;
};

/// What a request is told while `Proposer::full`.
inline Error log_is_behind() {
  return {Code::kOverloaded, "the log of the partition is behind"};
}

/// Owned by a partition processor, on its shard.
class Proposer final : private TurnActor {
 public:
  /// `on_lost` runs when an append failed: nobody knows what is in the log, so whoever leads must
  /// step down. At most once per `lead`.
  Proposer(Shard& shard, bifrost::Bifrost& bifrost, bifrost::LogId log, KeyRange keys,
           Function<void(const Error&)> on_lost, std::size_t limit = limits::kProposalBytes);
  ~Proposer();

  /// Starts a new epoch: announces it, and numbers later proposals within it. The version is that
  /// of the document that the epoch was claimed in.
  void lead(GenerationalNodeId node, LeaderEpoch epoch, std::uint64_t epoch_metadata_version);

  /// Proposes under the epoch's dedup numbers: dropped by apply once another leader has announced
  /// itself. For what this leader decided, and can decide again.
  /// `durable` may be empty.
  void propose(wire::Command command, Completion<void> durable = {});

  /// Appends under a dedup of its own, or none: applied whoever leads. Completes when it is durable.
  void append(wire::Envelope envelope, Completion<void> durable);
  /// The same for several at once: all of them become durable, or none.
  void append(std::vector<wire::Envelope> envelopes, Completion<void> durable);

  /// True when a request that can be refused should be.
  bool full() const { return in_flight_bytes_ + waiting_.bytes >= limit_; }

 private:
  struct Waiting {
    std::size_t bytes = 0;
    std::vector<Completion<void>> durable;
  };

  void act() override;
  void add(wire::Envelope envelope, Completion<void> durable);
  void on_appended(Waiting waiting, Result<bifrost::Lsn> last);

  Shard& shard_;
  bifrost::Bifrost& bifrost_;
  const bifrost::LogId log_;
  const KeyRange keys_;
  Function<void(const Error&)> on_lost_;
  const std::size_t limit_;
  LeaderEpoch epoch_;
  std::uint64_t next_sequence_ = 0;
  bool lost_ = false;
  bifrost::RecordBatch gathered_;
  Waiting waiting_;
  std::size_t in_flight_bytes_ = 0;
  Scope scope_;
};

}  // namespace restate::worker
