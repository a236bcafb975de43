#include "worker/group.h"

#include "worker/durability.h"
#include "worker/limits.h"
#include "worker/processor.h"

#include <algorithm>

namespace restate::worker {

using namespace std::chrono_literals;

bool Group::ById::operator()(const PartitionProcessor* a, const PartitionProcessor* b) const {
  return a->id() < b->id();
}

Group::Group(ShardContext& context)
    : context_(context),
      check_timer_(context.shard.make_timer([this] { check_all(); })),
      retry_timer_(context.shard.make_timer([this] { act(); })) {}

Group::~Group() { context_.shard.forget(*this); }

void Group::add(PartitionProcessor& processor) {
  open_.insert(&processor);
  check_later();
}

void Group::schedule(PartitionProcessor& processor) {
  scheduled_.insert(&processor);
  context_.shard.at_turn_end(TurnPhase::kApply, *this);
}

void Group::remove(PartitionProcessor& processor) {
  open_.erase(&processor);
  if (open_.empty()) check_timer_->cancel();
  scheduled_.erase(&processor);
  std::erase(committing_, &processor);
}

void Group::act() {
  if (failed_) return;
  if (committing_.empty()) {
    for (PartitionProcessor* processor : std::exchange(scheduled_, {})) {
      if (processor->apply_pending()) committing_.push_back(processor);
    }
  }
  if (committing_.empty()) return;
  if (!commit()) return;
  finish();
}

bool Group::commit() {
  std::vector<storage::Commit> commits;
  commits.reserve(committing_.size());
  for (PartitionProcessor* processor : committing_) commits.push_back(processor->commit());
  const Result<void> written = context_.store.commit(commits);
  if (written) return true;
  if (written.error().code == Code::kOverloaded) {
    // The store is behind with its housekeeping. Nothing may be applied on top meanwhile.
    retry_timer_->arm(context_.shard.now() + 2ms);
    return false;
  }
  failed_ = true;
  context_.on_failed(Error(written.error()).within("committing applied records"));
  return false;
}

void Group::finish() {
  // Actions may close a processor, which then leaves the list.
  auto committed = committing_;
  for (PartitionProcessor* processor : committed) {
    if (std::find(committing_.begin(), committing_.end(), processor) != committing_.end()) {
      processor->on_committed();
    }
  }
  committing_.clear();
  if (!open_.empty()) check_later();
  if (!scheduled_.empty()) context_.shard.at_turn_end(TurnPhase::kApply, *this);
}

// --- Flushing ------------------------------------------------------------------------------------

void Group::applied(std::size_t log_bytes) {
  bytes_since_look_ += log_bytes;
  if (bytes_since_look_ < context_.options.checkpoint_bytes / limits::kRunsPerCheckpoint) return;
  bytes_since_look_ = 0;
  flush_some();
}

void Group::flush_some() {
  Durability* oldest = nullptr;
  for (PartitionProcessor* processor : open_) {
    Durability* durability = processor->durability();
    if (durability == nullptr) continue;
    switch (durability->need()) {
      case Durability::Need::kNone:
        break;
      case Durability::Need::kNow:
        durability->flush();
        break;
      case Durability::Need::kPins:
        if (oldest == nullptr || durability->pinned_bytes() > oldest->pinned_bytes()) {
          oldest = durability;
        }
        break;
    }
  }
  if (oldest != nullptr) oldest->flush();
}

void Group::check_all() {
  bool settled = context_.options.rest_when_idle;
  for (PartitionProcessor* processor : open_) {
    Durability* durability = processor->durability();
    if (durability == nullptr) continue;
    durability->check();
    settled = settled && durability->settled();
  }
  if (!settled) check_later();
}

void Group::check_later() {
  if (check_timer_->armed()) return;
  check_timer_->arm(context_.shard.now() + context_.options.durability_check);
}

}  // namespace restate::worker
