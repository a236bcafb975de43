#pragma once

/// \file
/// The way into a partition's log. Gathers what a turn proposes and appends it as one batch, so that
/// one sync carries it all. What the log cannot take yet waits here.

#include "worker/limits.h"
#include "worker/metrics.h"

#include <restate/bifrost/bifrost.h>
#include <restate/runtime.h>
#include <restate/wire/commands.h>

#include <deque>
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
  /// step down. At most once per `lead`. `on_room` runs when it is `full` no longer. Neither may
  /// destroy the proposer. `metrics` outlives the proposer; null: nobody counts.
  Proposer(Shard& shard, bifrost::Bifrost& bifrost, bifrost::LogId log, KeyRange keys,
           Function<void(const Error&)> on_lost, Function<void()> on_room,
           std::size_t limit = limits::kProposalBytes, AppendMetrics* metrics = nullptr);
  ~Proposer();

  /// Starts a new epoch: announces it, and numbers later proposals within it. The version is that
  /// of the document that the epoch was claimed in.
  void lead(GenerationalNodeId node, LeaderEpoch epoch, std::uint64_t epoch_metadata_version);

  /// Proposes under the epoch's dedup numbers: dropped by apply once another leader has announced
  /// itself. For what this leader decided, and can decide again.
  /// `durable` may be empty. For what is small by its nature; what users made goes the other way.
  void propose(wire::Command command, Completion<void> durable = {});
  /// The same. `kInvalidArgument`: no record may be as large as this one; it leaves no trace.
  Result<void> try_propose(wire::Command command, Completion<void> durable = {});

  /// Appends under a dedup of its own, or none: applied whoever leads. Completes when it is durable.
  /// - `kInvalidArgument`: it is too large for a record.
  void append(wire::Envelope envelope, Completion<void> durable);
  /// The same for several at once: all of them become durable, or none.
  void append(std::vector<wire::Envelope> envelopes, Completion<void> durable);

  /// What no record may exceed.
  std::size_t record_limit() const { return record_limit_; }
  /// True when a request that can be refused should be, and what can wait should wait for `on_room`.
  bool full() const { return weight_ >= limit_; }
  /// What is proposed and not durable yet, in memory.
  std::size_t weight() const { return weight_; }

 private:
  /// One append.
  struct Batch {
    bifrost::RecordBatch records;
    std::size_t weight = 0;
    std::vector<Completion<void>> durable;
  };

  void act() override;
  void send(Batch batch);
  /// The batch that takes what comes next.
  Batch& open_batch();
  Result<bifrost::Record> encode(wire::Envelope envelope) const;
  void add(Batch& batch, bifrost::Record record);
  void on_appended(std::size_t weight, const Result<bifrost::Lsn>& last);
  void count(std::size_t records, std::size_t bytes, Instant since);
  /// What was gathered behind a lost append would stand behind a hole.
  void drop_gathered();

  Shard& shard_;
  bifrost::Bifrost& bifrost_;
  const bifrost::LogId log_;
  const KeyRange keys_;
  Function<void(const Error&)> on_lost_;
  Function<void()> on_room_;
  const std::size_t limit_;
  const std::size_t record_limit_ = bifrost::BifrostOptions{}.record_size_limit;
  AppendMetrics* const metrics_;
  LeaderEpoch epoch_;
  std::uint64_t next_sequence_ = 0;
  bool lost_ = false;
  std::deque<Batch> gathered_;
  std::size_t under_way_ = 0;  ///< weight of what the log has and has not answered
  std::size_t weight_ = 0;     ///< the same, and of what is gathered
  bool was_full_ = false;
  Scope scope_;
};

}  // namespace restate::worker
