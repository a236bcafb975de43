#include "sim/sim_node.h"

#include "sim/sim_network.h"

namespace restate::sim {
namespace {

__extension__ using Wide = __int128;
constexpr std::int64_t kMillion = 1000000;
constexpr std::int64_t kWorldBeganMs = 1767225600000;  // 2026-01-01T00:00:00Z

}  // namespace

SimNode::SimNode(Core& core, SimNetwork& network, std::uint32_t index, testing::NodeOptions options)
    : core_(core),
      network_(network),
      index_(index),
      options_(std::move(options)),
      drift_since_(core.now()),
      elapsed_then_(core.now() - Instant{}) {
  RESTATE_ASSERT(options_.shards > 0, "a node has at least one shard");
  if (options_.host.empty()) options_.host = "node-" + std::to_string(index);
  // Monotonic clocks of two processes have nothing in common; nor do those of one host before and
  // after a reboot.
  start_offset_ = core_.between(std::chrono::seconds(1), std::chrono::hours(1));
  for (std::uint32_t i = 0; i < options_.shards; ++i) {
    shards_.push_back(std::make_unique<SimShard>(core, *this, network, i));
  }
}

Shard& SimNode::shard(std::uint32_t index) {
  RESTATE_ASSERT(index < shards_.size(), "the node has no such shard");
  return *shards_[index];
}

Duration SimNode::elapsed(Instant world) const {
  const Wide passed = (world - drift_since_).count();
  return elapsed_then_ +
         Duration(static_cast<std::int64_t>(passed * (kMillion + options_.drift_ppm) / kMillion));
}

WallTime SimNode::wall_now() const {
  const auto counted = std::chrono::duration_cast<std::chrono::milliseconds>(elapsed(core_.now()));
  return {static_cast<std::uint64_t>(kWorldBeganMs + (counted + wall_jump_).count())};
}

Instant SimNode::world_time_of(Instant local) const {
  const Duration target = Duration(local.ns) - start_offset_;
  const Wide to_count = (target - elapsed_then_).count();
  const Wide rate = kMillion + options_.drift_ppm;
  // "Never" must stay far away instead of wrapping around.
  const Wide passed = (to_count * kMillion + rate - 1) / rate;
  const Wide at = passed + drift_since_.ns;
  return {at > INT64_MAX ? INT64_MAX : static_cast<std::int64_t>(at)};
}

void SimNode::set_drift_ppm(std::int32_t drift_ppm) {
  RESTATE_ASSERT(drift_ppm > -kMillion, "time does not stand still");
  elapsed_then_ = elapsed(core_.now());
  drift_since_ = core_.now();
  options_.drift_ppm = drift_ppm;
}

void SimNode::pause(Duration how_long) {
  const Instant until = core_.now() + how_long;
  if (awake_at_ < until) awake_at_ = until;
}

void SimNode::crash() {
  RESTATE_ASSERT(running_, "the node has crashed already");
  running_ = false;
  policy_ = detail::Unanswered::kAbandon;
  network_.on_crash(*this);
  while (!crash_hooks_.empty()) {
    Task hook = std::move(crash_hooks_.back());
    crash_hooks_.pop_back();
    hook();
  }
  drop_everything();
}

void SimNode::abandon() {
  running_ = false;
  policy_ = detail::Unanswered::kAbandon;
  crash_hooks_.clear();
  drop_everything();
}

void SimNode::drop_everything() {
  core_.queue().remove_of(index_);
  for (auto& shard : shards_) shard->clear();
}

void SimNode::restart() {
  RESTATE_ASSERT(!running_, "only a crashed node restarts");
  running_ = true;
  policy_ = detail::Unanswered::kBug;
  ++generation_;
  awake_at_ = core_.now();
  start_offset_ = core_.between(std::chrono::seconds(1), std::chrono::hours(1));
}

}  // namespace restate::sim
