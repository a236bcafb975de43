#include "worker/processor.h"

#include "partition/tables.h"
#include "runtime/stopwatch.h"
#include "wire/codec.h"
#include "worker/copier.h"
#include "worker/group.h"
#include "worker/leader.h"

#include <restate/log.h>
#include <restate/testing/mutation.h>

#include <algorithm>

// What goes on between opening (processor_open.cc) and leading (processor_leading.cc).

namespace restate::worker {
namespace {

/// What a record that waits costs, roughly.
std::size_t weight(const bifrost::LogEntry& entry) {
  // What it was encoded from is held apart from what came of it.
  const std::size_t forms = entry.record.decoded != nullptr ? 2 : 1;
  return 256 + forms * entry.record.body.size();
}

Recovery recovery_from(const Error& error) {
  // The whole engine stops.
  if (error.code == Code::kFailed || error.code == Code::kShutdown) return Recovery::kNone;
  // A newer program is needed, or tables from elsewhere.
  const bool slow = error.code == Code::kUnsupported || error.code == Code::kTrimmed;
  return slow ? Recovery::kWaitLong : Recovery::kRetry;
}

}  // namespace

std::string PartitionDescription::at(std::uint64_t lsn) const {
  return "partition " + std::to_string(id.value) + ", log " + std::to_string(log.value) +
         ", LSN " + std::to_string(lsn);
}

PartitionProcessor::PartitionProcessor(ShardContext& context, Group& group, Router& router,
                                       PartitionDescription description, OnStopped on_stopped)
    : context_(context),
      group_(group),
      router_(router),
      description_(description),
      metrics_(context.metrics.partitions[description.id]),
      on_stopped_(std::move(on_stopped)),
      proposer_(context.shard, context.bifrost, description.log, description.keys,
                [this](const Error& error) { on_proposal_lost(error); },
                [this] {
                  if (leader_) leader_->on_room();
                },
                context.options.proposal_bytes, &context.metrics.appends),
      migration_timer_(context.shard.make_timer([this] { migrate(); })),
      campaign_timer_(context.shard.make_timer([this] { campaign(); })) {}

PartitionProcessor::~PartitionProcessor() {
  reader_.reset();
  release_parked(nullptr);
  leader_.reset();
  group_.remove(*this);
}

// --- Reading and applying ------------------------------------------------------------------------

void PartitionProcessor::on_entries(std::span<bifrost::LogEntry> entries) {
  if (role_ == Role::kStopped) return;
  if (RESTATE_MUTATION("worker/reader-skips-a-record")) entries = entries.first(1);
  for (bifrost::LogEntry& entry : entries) {
    pending_bytes_ += weight(entry);
    pending_.push_back(std::move(entry));
  }
  if (!reader_paused_ && (pending_.size() >= limits::kPendingRecords ||
                          pending_bytes_ >= context_.options.pending_bytes)) {
    reader_paused_ = true;
    reader_->pause();
  }
  group_.schedule(*this);
}

void PartitionProcessor::on_read_error(const Error& error) {
  stop(Error(error).within("reading " + description_.at(machine_->applied() + 1)));
}

bool PartitionProcessor::apply_pending() {
  if (role_ == Role::kStopped) return false;
  if (!pending_.empty() && context_.shard.fault("worker/partition/stops")) {
    stop({Code::kInternal, description_.at(pending_.front().lsn.value) + ": a simulated fault"});
    return false;
  }
  std::size_t records = 0;
  const std::size_t most_rows = context_.options.batch_bytes * limits::kRowBytesPerRecordByte;
  const WallTime now = context_.shard.wall_now();
  WorkerMetrics& metrics = context_.metrics;
  const std::size_t leads = role_ == Role::kLeader ? 1 : 0;
  Stopwatch watch;
  while (!pending_.empty() && records < context_.options.batch_records &&
         batch_bytes_ < context_.options.batch_bytes && machine_->batch_bytes() < most_rows &&
         !announced_) {
    bifrost::LogEntry entry = std::move(pending_.front());
    pending_.pop_front();
    pending_bytes_ -= weight(entry);
    ++records;
    if (entry.kind == bifrost::LogEntry::Kind::kFilteredGap) {
      machine_->skip_to(entry.last.value);
      continue;
    }
    if (entry.kind != bifrost::LogEntry::Kind::kRecord) {
      missing_ = entry.last.value;
      stop({Code::kTrimmed, description_.at(entry.lsn.value) +
                                ": the records up to LSN " + std::to_string(entry.last.value) +
                                " are gone, and the tables do not have them"},
           context_.copies != nullptr ? Recovery::kRetry : Recovery::kWaitLong);
      return false;
    }
    batch_bytes_ += entry.record.body.size();
    Result<wire::Envelope> decoded = wire::Envelope{};
    const wire::Envelope* envelope = nullptr;
    if (entry.record.decoded != nullptr) {
      envelope = &static_cast<const DecodedEnvelope&>(*entry.record.decoded).envelope;
    } else {
      decoded = wire::decode(entry.record.body);
      if (!decoded) {
        stop(std::move(decoded).error().within(description_.at(entry.lsn.value)));
        return false;
      }
      envelope = &*decoded;
    }
    auto applied =
        machine_->apply(entry.lsn.value, entry.record.created_at, *envelope, actions_);
    if (!applied) {
      stop(std::move(applied).error().within(description_.at(entry.lsn.value)));
      return false;
    }
    metrics.applies[envelope->command.index()][leads].record(watch.lap());
    metrics.waits[leads].record(milliseconds(now.ms_since(entry.record.created_at)));
    if (RESTATE_MUTATION("worker/actions-before-commit")) run_actions();
    if (applied->durability) reported_ = applied->durability;
    if (!std::holds_alternative<wire::UpdateDurability>(envelope->command)) batch_works_ = true;
    if (applied->barrier) barrier_passed_ = true;
    if (applied->leader) {
      // What was to be done so far belongs to an older leadership. The new leader finds its work in
      // the tables, so the batch ends here.
      actions_.clear();
      announced_ = applied->leader;
    }
  }
  if (!pending_.empty()) group_.schedule(*this);
  if (records == 0) return false;
  batch_.clear();
  machine_->take_batch(batch_);
  return true;
}

storage::Commit PartitionProcessor::commit() const {
  return {space_.get(), &batch_, storage::Position{machine_->applied()}};
}

void PartitionProcessor::on_committed() {
  machine_->committed();
  if (role_ == Role::kStopped) return;
  // What a large batch has needed is not kept for the next one.
  if (batch_.bytes() > limits::kKeptBatchBytes) batch_ = storage::Batch();
  const std::size_t bytes = std::exchange(batch_bytes_, 0);
  durability_->committed(committed_ + 1, machine_->applied(), bytes,
                         std::exchange(batch_works_, false));
  committed_ = machine_->applied();
  if (reader_paused_ && pending_.size() < limits::kPendingRecords / 2 &&
      pending_bytes_ < std::max<std::size_t>(context_.options.pending_bytes / 2, 1)) {
    reader_paused_ = false;
    if (!RESTATE_MUTATION("worker/reader-never-resumes")) reader_->resume();
  }
  if (reported_) durability_->on_report(*std::exchange(reported_, {}));
  group_.applied(bytes);
  run_actions();
  const bool barrier_passed = std::exchange(barrier_passed_, false);
  if (announced_) on_announced(*std::exchange(announced_, {}));
  if (barrier_passed && awaits_barrier_) on_barrier();
}

void PartitionProcessor::run_actions() {
  partition::Actions actions = std::exchange(actions_, {});
  if (!leader_) return;
  RESTATE_ASSERT(space_->committed().value == machine_->applied(),
                 "what an action tells others is committed");
  for (partition::Action& action : actions) leader_->run(action);
}

// --- Looking and stopping ------------------------------------------------------------------------

PartitionStatus PartitionProcessor::status() const {
  using Replay = PartitionStatus::Replay;
  PartitionStatus status;
  status.id = description_.id;
  status.keys = description_.keys;
  status.role = role_;
  status.updated_at = context_.shard.wall_now();
  if (stopped_) status.stopped = stopped_->describe();
  if (role_ == Role::kStopped) status.replay = Replay::kStopped;
  if (!machine_) return status;
  status.applied = machine_->applied();
  status.durable = space_->durable().value;
  status.log_tail = log_tail_;
  status.lag = pending_.size();
  if (durability_) status.reported = durability_->reported();
  if (const auto leader = machine_->leader()) {
    status.epoch = leader->epoch;
    status.leader = leader->node;
  }
  status.features = partition::Features::from_bits(machine_->feature_bits());
  status.schema_version = machine_->schema_version();
  status.min_version = machine_->min_version();
  if (role_ == Role::kStarting || role_ == Role::kStopped) return status;
  status.replay = status.applied + 1 >= log_tail_ ? Replay::kActive : Replay::kCatchingUp;
  return status;
}

void PartitionProcessor::fail(Error error) {
  context_.shard.post(
      scope_.bind([this, error = std::move(error)]() mutable { stop(std::move(error)); }));
}

void PartitionProcessor::stop(Error error) {
  const Recovery recovery = recovery_from(error);
  stop(std::move(error), recovery);
}

void PartitionProcessor::stop(Error error, Recovery recovery) {
  if (role_ == Role::kStopped) return;
  role_ = Role::kStopped;
  stopped_ = std::move(error);
  pending_.clear();
  pending_bytes_ = 0;
  actions_.clear();
  campaign_timer_->cancel();
  release_parked(nullptr);
  leader_.reset();
  copier_.reset();
  durability_.reset();
  if (reader_) reader_->pause();
  if (stopped_->code == Code::kFailed) context_.on_failed(*stopped_);
  on_stopped_(*stopped_, recovery);
}

}  // namespace restate::worker
