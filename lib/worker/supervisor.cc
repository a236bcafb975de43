#include "worker/supervisor.h"

#include "worker/group.h"
#include "worker/leader.h"
#include "worker/limits.h"
#include "worker/router.h"

#include <restate/log.h>

#include <algorithm>

namespace restate::worker {

Supervisor::Supervisor(ShardContext& context, Group& group, Router& router)
    : context_(context),
      group_(group),
      router_(router),
      status_timer_(context.shard.make_timer([this] { publish(); })) {}

Supervisor::~Supervisor() { close(); }

void Supervisor::open(const PartitionDescription& description) {
  auto& kept = *kept_.emplace_back(std::make_unique<Kept>());
  kept.description = description;
  kept.restart = context_.shard.make_timer([this, &kept] {
    context_.shard.log().info("worker", "the partition starts again",
                              {{"partition", kept.description.id.value}});
    start(kept);
  });
  start(kept);
  if (!status_timer_->armed()) publish();
}

void Supervisor::publish() {
  auto statuses = std::make_shared<std::vector<PartitionStatus>>();
  statuses->reserve(kept_.size());
  for (const auto& kept : kept_) statuses->push_back(kept->processor->status());
  std::sort(statuses->begin(), statuses->end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  board_.publish(std::move(statuses));
  if (context_.options.rest_when_idle) return;
  status_timer_->arm(context_.shard.now() + context_.options.status_interval);
}

void Supervisor::close() {
  status_timer_->cancel();
  for (auto& kept : kept_) {
    router_.attach(kept->description.id, nullptr);
    kept->processor.reset();
  }
  kept_.clear();
  board_.publish(std::make_shared<const std::vector<PartitionStatus>>());
}

void Supervisor::reconfigure(const invoker::InvokerOptions& options) {
  context_.options.invoker = options;
  for (auto& kept : kept_) {
    if (Leader* leader = kept->processor->leader()) leader->invoker().reconfigure(options);
  }
}

bool Supervisor::leads_all() const {
  return !kept_.empty() && std::all_of(kept_.begin(), kept_.end(), [](const auto& kept) {
    return kept->processor->role() == PartitionProcessor::Role::kLeader;
  });
}

void Supervisor::copy_tables(Completion<std::vector<TableCopy>> done) {
  struct Round {
    std::size_t left = 0;
    Result<std::vector<TableCopy>> copies = std::vector<TableCopy>();
    Completion<std::vector<TableCopy>> done;
  };
  auto round = std::make_shared<Round>();
  round->left = kept_.size();
  round->done = std::move(done);
  if (kept_.empty()) return round->done(std::move(round->copies));
  for (const auto& kept : kept_) {
    kept->processor->copy_tables(
        Completion<TableCopy>(context_.shard, [round](Result<TableCopy> copy) {
          if (!copy) {
            if (round->copies) round->copies = std::move(copy).error();
          } else if (round->copies) {
            round->copies->push_back(*copy);
          }
          if (--round->left == 0) round->done(std::move(round->copies));
        }));
  }
}

void Supervisor::collect(MetricsSnapshot& out) {
  context_.metrics.collect(out);
  std::size_t active = 0, leading = 0;
  for (const auto& kept : kept_) {
    using Role = PartitionProcessor::Role;
    const Role role = kept->processor->role();
    if (role != Role::kStarting && role != Role::kStopped) ++active;
    if (role == Role::kLeader) ++leading;
  }
  out.gauge("num_partitions", {}, static_cast<double>(kept_.size()));
  out.gauge("num_active_partitions", {}, static_cast<double>(active));
  out.gauge("num_active_partition_leaders", {}, static_cast<double>(leading));
  out.gauge("partition_store_num_open", {}, static_cast<double>(active));
}

PartitionProcessor* Supervisor::find(PartitionId partition) const {
  for (const auto& kept : kept_) {
    if (kept->description.id == partition) return kept->processor.get();
  }
  return nullptr;
}

void Supervisor::start(Kept& kept) {
  router_.attach(kept.description.id, nullptr);
  // The old one first: it holds the tables.
  kept.processor.reset();
  kept.processor = std::make_unique<PartitionProcessor>(
      context_, group_, router_, kept.description,
      [this, &kept](const Error& error, Recovery recovery) { on_stopped(kept, error, recovery); });
  kept.started = context_.shard.now();
  router_.attach(kept.description.id, kept.processor.get());
  kept.processor->start(kept.needed);
}

/// Called from inside the processor, which stays until the timer fires.
void Supervisor::on_stopped(Kept& kept, const Error& error, Recovery recovery) {
  if (error.code == Code::kShutdown) return;
  const std::uint16_t partition = kept.description.id.value;
  if (const auto missing = kept.processor->missing()) kept.needed = *missing;
  if (recovery == Recovery::kNone) {
    context_.shard.log().error("worker", "the partition stopped and stays so",
                               {{"partition", partition}, {"error", error.describe()}});
    return;
  }
  const bool was_healthy = context_.shard.now() - kept.started >= limits::kHealthyAfter;
  if (recovery == Recovery::kWaitLong) {
    kept.wait = limits::kLongestRestartWait;
  } else if (was_healthy || kept.wait == Duration{0}) {
    kept.wait = limits::kFirstRestartWait;
  } else {
    kept.wait = std::min(kept.wait * 2, limits::kLongestRestartWait);
  }
  context_.shard.log().error(
      "worker", "the partition stopped, it starts again after a pause",
      {{"partition", partition},
       {"error", error.describe()},
       {"pause_ms", std::chrono::duration_cast<milliseconds>(kept.wait).count()}});
  kept.restart->arm(context_.shard.now() + kept.wait);
}

}  // namespace restate::worker
