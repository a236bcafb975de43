#pragma once
#include "sim/core.h"
namespace restate::sim {
class SimNode;
class SimShard;
class SimNetwork final : public testing::SimulatedNetwork {
 public:
  explicit SimNetwork(Core& core) : core_(core) {}
  std::unique_ptr<Network> make_for(SimShard& shard);
  void add(SimNode&) {}
  void on_crash(SimNode&) {}
  void set_latency(testing::Latency) override {}
  void set_loopback_latency(testing::Latency) override {}
  void clog(testing::Node&, testing::Node&) override {}
  void unclog(testing::Node&, testing::Node&) override {}
  void partition(testing::Node&, testing::Node&) override {}
  void heal() override {}
  void reset(testing::Node&, testing::Node&) override {}
  void set_reset_chance(std::uint32_t) override {}
  std::size_t open_streams() const override { return 0; }
  Core& core_;
};
}  // namespace restate::sim
