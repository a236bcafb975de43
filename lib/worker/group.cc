#include "worker/group.h"

#include "worker/processor.h"

#include <algorithm>

namespace restate::worker {

using namespace std::chrono_literals;

bool Group::ById::operator()(const PartitionProcessor* a, const PartitionProcessor* b) const {
  return a->id() < b->id();
}

Group::Group(ShardContext& context)
    : context_(context), retry_timer_(context.shard.make_timer([this] { act(); })) {}

Group::~Group() { context_.shard.forget(*this); }

void Group::schedule(PartitionProcessor& processor) {
  scheduled_.insert(&processor);
  context_.shard.at_turn_end(TurnPhase::kApply, *this);
}

void Group::remove(PartitionProcessor& processor) {
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
  if (!scheduled_.empty()) context_.shard.at_turn_end(TurnPhase::kApply, *this);
}

void Group::applied(PartitionProcessor& processor, std::size_t log_bytes) {
  unflushed_bytes_ += log_bytes;
  if (unflushed_bytes_ < context_.options.checkpoint_bytes) return;
  // Whoever crosses the line flushes; a busy partition crosses it most often, so it is the one
  // that holds most of what a restart would have to apply again.
  unflushed_bytes_ -= std::min(unflushed_bytes_, processor.bytes_since_flush());
  processor.flush();
}

}  // namespace restate::worker
