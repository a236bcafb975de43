#include "worker/processor.h"

#include "partition/keys.h"
#include "partition/rows.h"
#include "partition/tables.h"
#include "partition/version.h"
#include "wire/codec.h"
#include "worker/group.h"
#include "worker/leader.h"

#include <restate/log.h>
#include <restate/metadata/epoch_metadata.h>
#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::worker {
namespace {

using metadata::EpochMetadata;
using metadata::VersionedValue;

std::string where(const PartitionDescription& description, std::uint64_t lsn) {
  return "partition " + std::to_string(description.id.value) + ", log " +
         std::to_string(description.log.value) + ", LSN " + std::to_string(lsn);
}

/// Raises the epoch of a partition for `node`, making the document when it is new.
Result<std::optional<Bytes>> claim(const std::optional<VersionedValue>& stored,
                                   GenerationalNodeId node, PartitionId partition, WallTime now) {
  EpochMetadata document;
  if (stored) {
    RESTATE_TRY(document, metadata::decode_epoch_metadata(stored->value));
  } else {
    document = EpochMetadata::make({node.node}, metadata::ReplicationProperty{}, now);
    document.version = {0};
  }
  RESTATE_TRY_VOID(document.claim_leadership(node, partition));
  return std::optional<Bytes>(metadata::encode(document));
}

Error sealed_error(const PartitionDescription& description, const partition::Seal& seal) {
  return {Code::kCorrupt,
          where(description, seal.applied) + ": the tables are sealed since " +
              std::to_string(seal.at.ms) + " ms, when the tail of the log was LSN " +
              std::to_string(seal.log_tail) + ": " + seal.reason +
              ". Bring the log back, or drop the tables of the partition and restore a copy"};
}

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

PartitionProcessor::PartitionProcessor(ShardContext& context, Group& group, Router& router,
                                       PartitionDescription description, OnStopped on_stopped)
    : context_(context),
      group_(group),
      router_(router),
      description_(description),
      on_stopped_(std::move(on_stopped)),
      proposer_(context.shard, context.bifrost, description.log, description.keys,
                [this](const Error& error) { on_proposal_lost(error); },
                [this] {
                  if (leader_) leader_->on_room();
                },
                context.options.proposal_bytes),
      migration_timer_(context.shard.make_timer([this] { migrate(); })),
      campaign_timer_(context.shard.make_timer([this] { campaign(); })) {}

PartitionProcessor::~PartitionProcessor() {
  reader_.reset();
  release_parked(nullptr);
  leader_.reset();
  group_.remove(*this);
}

void PartitionProcessor::start() {
  auto space = context_.store.open(description_.id, context_.shard);
  if (!space) return stop(std::move(space).error());
  space_ = std::move(space).value();
  auto sealed = partition::Tables(description_.id, *space_).seal();
  if (!sealed) return stop(std::move(sealed).error());
  if (*sealed) {
    return stop(sealed_error(description_, **sealed), Recovery::kNone);
  }
  migrator_ = std::make_unique<partition::Migrator>(description_.id, *space_,
                                                    context_.options.migrations);
  if (auto opened = migrator_->open(); !opened) return stop(std::move(opened).error());
  if (migrator_->done()) return open_tables();
  context_.shard.log().info("worker", "the tables are brought to a newer format",
                            {{"partition", description_.id.value},
                             {"from", migrator_->format()},
                             {"to", partition::kStorageFormat}});
  migrate();
}

void PartitionProcessor::migrate() {
  if (role_ == Role::kStopped) return;
  if (batch_.empty()) {
    if (migrator_->done()) return open_tables();
    if (auto filled = migrator_->next(batch_); !filled) return stop(std::move(filled).error());
  }
  const storage::Commit commit{space_.get(), &batch_, space_->committed()};
  auto committed = context_.store.commit({&commit, 1});
  if (!committed && committed.error().code != Code::kOverloaded) {
    return stop(std::move(committed).error().within("migrating tables"));
  }
  if (committed) batch_.clear();
  migration_timer_->arm(context_.shard.now() + (committed ? Duration(0) : milliseconds(2)));
}

void PartitionProcessor::open_tables() {
  migrator_.reset();
  machine_ = std::make_unique<partition::Machine>(description_.id, description_.keys, *space_);
  machine_->set_cache_bytes(context_.options.record_cache_bytes);
  if (auto opened = machine_->open(); !opened) return stop(std::move(opened).error());
  open_log();
}

void PartitionProcessor::open_log() {
  context_.bifrost.ensure_log(
      description_.log,
      Completion<void>(context_.shard, scope_.bind([this](Result<void> ensured) {
        if (!ensured) return stop(std::move(ensured).error());
        context_.bifrost.find_tail(
            description_.log,
            Completion<bifrost::LogTail>(context_.shard,
                                         scope_.bind([this](Result<bifrost::LogTail> tail) {
                                           if (!tail) return stop(std::move(tail).error());
                                           read_log(*tail);
                                         })));
      })));
}

void PartitionProcessor::read_log(const bifrost::LogTail& tail) {
  if (machine_->applied() >= tail.next.value) {
    return seal(tail);
  }
  auto known = machine_->tables().durability();
  if (!known) return stop(std::move(known).error());
  committed_ = machine_->applied();
  log_tail_ = tail.next.value;
  durability_ = std::make_unique<Durability>(
      context_, router_, *space_, description_.log, *known, committed_,
      [this](const wire::UpdateDurability& report) {
        if (role_ != Role::kLeader) return false;
        proposer_.propose(report);
        return true;
      });
  group_.add(*this);
  role_ = Role::kFollower;
  reader_ = context_.bifrost.read(description_.log, bifrost::Lsn{machine_->applied() + 1},
                                  description_.keys, *this);
  if (context_.options.lead) campaign();
}

void PartitionProcessor::seal(const bifrost::LogTail& tail) {
  // Going on would give the same LSN to two records. The mark must be on disk before anybody can
  // append: once the log has grown beyond the tables, nothing else tells that they do not belong
  // together.
  const partition::Seal mark{"the log has lost records that the tables hold", machine_->applied(),
                             tail.next.value, context_.shard.wall_now(), context_.options.node};
  storage::Batch batch;
  batch.put(partition::keys::variable(description_.id, partition::keys::Variable::kSeal),
            partition::rows::encode(mark));
  space_->write_local(batch, Completion<void>(context_.shard, scope_.bind([this, mark](
                                                                  Result<void> written) {
    if (!written) {
      return stop(std::move(written).error().within("sealing " +
                                                    where(description_, mark.applied)),
                  Recovery::kNone);
    }
    stop(sealed_error(description_, mark), Recovery::kNone);
  })));
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
  stop(Error(error).within("reading " + where(description_, machine_->applied() + 1)));
}

bool PartitionProcessor::apply_pending() {
  if (role_ == Role::kStopped) return false;
  if (!pending_.empty() && context_.shard.fault("worker/partition/stops")) {
    stop({Code::kInternal, where(description_, pending_.front().lsn.value) + ": a simulated fault"});
    return false;
  }
  std::size_t records = 0;
  const std::size_t most_rows = context_.options.batch_bytes * limits::kRowBytesPerRecordByte;
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
      stop({Code::kTrimmed, where(description_, entry.lsn.value) +
                                ": the records up to LSN " + std::to_string(entry.last.value) +
                                " are gone, and the tables do not have them"});
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
        stop(std::move(decoded).error().within(where(description_, entry.lsn.value)));
        return false;
      }
      envelope = &*decoded;
    }
    auto applied =
        machine_->apply(entry.lsn.value, entry.record.created_at, *envelope, actions_);
    if (!applied) {
      stop(std::move(applied).error().within(where(description_, entry.lsn.value)));
      return false;
    }
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

// --- Leadership ----------------------------------------------------------------------------------

void PartitionProcessor::campaign() {
  role_ = Role::kCandidate;
  const WallTime now = context_.shard.wall_now();
  metadata::read_modify_write(
      context_.metadata, context_.shard, metadata::epoch_metadata_key(description_.id),
      [node = context_.options.node, id = description_.id,
       now](const std::optional<VersionedValue>& stored) { return claim(stored, node, id, now); },
      Completion<std::optional<VersionedValue>>(
          context_.shard, scope_.bind([this](Result<std::optional<VersionedValue>> written) {
            if (!written) return on_claimed(std::move(written).error());
            on_claimed(metadata::decode_epoch_metadata((*written)->value));
          })));
}

void PartitionProcessor::on_claimed(const Result<EpochMetadata>& claimed) {
  if (role_ != Role::kCandidate) return;
  if (!claimed) {
    context_.shard.log().warn("worker", "claiming leadership failed, trying again",
                              {{"partition", description_.id.value},
                               {"error", claimed.error().describe()}});
    campaign_wait_ms_ = std::clamp<std::uint64_t>(campaign_wait_ms_ * 2, 100, 5000);
    campaign_timer_->arm(context_.shard.now() + milliseconds(campaign_wait_ms_));
    return;
  }
  claimed_ = claimed->epoch;
  proposer_.lead(context_.options.node, claimed_, claimed->version.value);
}

void PartitionProcessor::on_announced(const wire::AnnounceLeader& announced) {
  // Before our own claim is answered, this is the past: the claim will be above it.
  if (claimed_.value != 0 && claimed_ < announced.epoch && role_ != Role::kStopped) {
    // Somebody claimed later than we did: our own announcement, if it still comes, is void.
    step_down({Code::kNotLeader, "another leader has announced itself"});
    role_ = Role::kFollower;
    awaits_barrier_ = false;
  }
  if (role_ != Role::kCandidate || announced.node != context_.options.node ||
      announced.epoch != claimed_) {
    return;
  }
  auto missing = missing_features();
  if (!missing) return stop(std::move(missing).error());
  if (missing->empty()) return begin_leading();
  // Until the barrier is applied nobody is served and nothing is done: it decides what the records
  // behind it mean.
  awaits_barrier_ = true;
  proposer_.propose(wire::VersionBarrier{partition::kMachineVersion.str(),
                                         "features that the leader switches on",
                                         std::move(*missing)});
}

void PartitionProcessor::on_barrier() {
  auto missing = missing_features();
  if (!missing) return stop(std::move(missing).error());
  if (missing->empty()) begin_leading();  // else it was somebody else's
}

Result<std::vector<std::uint16_t>> PartitionProcessor::missing_features() const {
  std::vector<std::uint16_t> missing;
  if (context_.options.wanted_features.empty()) return missing;
  RESTATE_TRY(const partition::Features features, machine_->tables().features());
  for (const std::uint16_t feature : context_.options.wanted_features) {
    // What apply does not know would stop the partition.
    if (partition::Features::known(feature) && !features.has(feature)) missing.push_back(feature);
  }
  return missing;
}

void PartitionProcessor::begin_leading() {
  awaits_barrier_ = false;
  role_ = Role::kLeader;
  campaign_wait_ms_ = 0;
  durability_->on_lead();
  leader_ = std::make_unique<Leader>(*this, claimed_);
  if (auto begun = leader_->begin(); !begun) return stop(std::move(begun).error());
  if (parked_.empty()) return;
  context_.shard.post(scope_.bind([this] { release_parked(leader()); }));
}

void PartitionProcessor::release_parked(Leader* leader) {
  if (RESTATE_MUTATION("worker/parked-requests-forgotten")) return parked_.clear();
  for (auto& request : std::exchange(parked_, {})) request(leader);
}

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

void PartitionProcessor::on_proposal_lost(const Error& error) {
  if (error.code == Code::kFailed) context_.on_failed(error);
  if (role_ == Role::kStopped || error.code == Code::kShutdown) return;
  step_down(Error(error).within("appending to the log"));
  role_ = Role::kFollower;
  awaits_barrier_ = false;
  if (error.code == Code::kFailed || !context_.options.lead) return;
  campaign_wait_ms_ = std::clamp<std::uint64_t>(campaign_wait_ms_ * 2, 100, 5000);
  campaign_timer_->arm(context_.shard.now() + milliseconds(campaign_wait_ms_));
}

void PartitionProcessor::step_down(const Error& why) {
  release_parked(nullptr);
  if (!leader_) return;
  context_.shard.log().info("worker", "stepping down",
                            {{"partition", description_.id.value}, {"why", why.describe()}});
  leader_.reset();
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
  durability_.reset();
  if (reader_) reader_->pause();
  if (stopped_->code == Code::kFailed) context_.on_failed(*stopped_);
  on_stopped_(*stopped_, recovery);
}

}  // namespace restate::worker
