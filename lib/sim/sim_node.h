#pragma once

/// \file
/// A simulated process.

#include "sim/core.h"
#include "sim/sim_shard.h"

#include <restate/testing/node.h>

#include <memory>
#include <string>
#include <vector>

namespace restate::sim {

class SimNetwork;

class SimNode final : public testing::Node {
 public:
  SimNode(Core& core, SimNetwork& network, std::uint32_t index, testing::NodeOptions options);

  std::uint32_t shard_count() const override { return static_cast<std::uint32_t>(shards_.size()); }
  Shard& shard(std::uint32_t index) override;
  std::uint32_t index() const override { return index_; }
  const std::string& host() const override { return options_.host; }
  std::uint32_t generation() const override { return generation_; }
  bool running() const override { return running_; }
  void jump_wall_clock(std::chrono::milliseconds by) override { wall_jump_ += by; }
  void set_drift_ppm(std::int32_t drift_ppm) override;
  void pause(Duration how_long) override;
  void on_crash(Task hook) override { crash_hooks_.push_back(std::move(hook)); }
  void begin_shutdown() override { policy_ = detail::Unanswered::kShutdown; }

  Instant now() const { return {elapsed(core_.now()).count() + start_offset_.count()}; }
  WallTime wall_now() const;
  /// When the node's monotonic clock will show `local`.
  Instant world_time_of(Instant local) const;
  /// The end of its pause, or the past.
  Instant awake_at() const { return awake_at_; }
  Logger& logger() { return options_.logger != nullptr ? *options_.logger : core_.logger(); }
  detail::Unanswered unanswered_policy() const { return policy_; }

  void crash();
  void restart();
  /// The end of the world: as a crash, but nobody is told.
  void abandon();

 private:
  /// What its clocks counted since the world began.
  Duration elapsed(Instant world) const;
  void drop_everything();

  Core& core_;
  SimNetwork& network_;
  const std::uint32_t index_;
  testing::NodeOptions options_;
  std::vector<std::unique_ptr<SimShard>> shards_;
  std::uint32_t generation_ = 1;
  bool running_ = true;
  detail::Unanswered policy_ = detail::Unanswered::kBug;
  std::vector<Task> crash_hooks_;
  Instant awake_at_;
  // The clocks: `drift_since_` in world time shows `elapsed_then_`, and from there they drift.
  Instant drift_since_;
  Duration elapsed_then_{};
  Duration start_offset_{};
  std::chrono::milliseconds wall_jump_{};
};

}  // namespace restate::sim
