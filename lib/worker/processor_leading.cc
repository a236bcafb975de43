#include "worker/processor.h"

#include "partition/tables.h"
#include "partition/version.h"
#include "worker/copier.h"
#include "worker/leader.h"

#include <restate/log.h>
#include <restate/metadata/epoch_metadata.h>
#include <restate/testing/mutation.h>

#include <algorithm>

// Running for leadership, leading, and stepping down.

namespace restate::worker {
namespace {

using metadata::EpochMetadata;
using metadata::VersionedValue;

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

}  // namespace

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
  if (!claimed && claimed.error().code == Code::kFailed) {
    // It stays so: there is nothing to try again.
    role_ = Role::kFollower;
    return context_.on_failed(Error(claimed.error()).within("claiming leadership"));
  }
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

}  // namespace restate::worker
