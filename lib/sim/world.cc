#include <restate/testing/world.h>

#include "common/visibility.h"
#include "sim/core.h"
#include "sim/sim_network.h"
#include "sim/sim_node.h"

#include <restate/log.h>

#include <vector>

namespace restate::testing {

class RESTATE_HIDDEN World::Impl {
 public:
  Impl(Seed seed, WorldOptions given)
      : options(given),
        core(seed, given.logger != nullptr ? *given.logger : null_logger()),
        network(core),
        scenario_random(core.random().fork()) {}

  ~Impl() {
    for (auto& node : nodes) node->abandon();
    core.queue().clear();
  }

  sim::SimNode& node_of(Node& node) {
    RESTATE_ASSERT(node.index() < nodes.size() && nodes[node.index()].get() == &node,
                   "the node belongs to another world");
    return *nodes[node.index()];
  }

  WorldOptions options;
  sim::Core core;
  sim::SimNetwork network;
  SplitMix64 scenario_random;
  std::vector<std::unique_ptr<sim::SimNode>> nodes;
};

World::World(Seed seed, WorldOptions options) : impl_(std::make_unique<Impl>(seed, options)) {}
World::~World() = default;

Node& World::add_node(NodeOptions options) {
  const auto index = static_cast<std::uint32_t>(impl_->nodes.size());
  impl_->nodes.push_back(
      std::make_unique<sim::SimNode>(impl_->core, impl_->network, index, std::move(options)));
  impl_->network.add(*impl_->nodes.back());
  return *impl_->nodes.back();
}

Node& World::node(std::uint32_t index) {
  RESTATE_ASSERT(index < impl_->nodes.size(), "the world has no such node");
  return *impl_->nodes[index];
}

std::uint32_t World::node_count() const { return static_cast<std::uint32_t>(impl_->nodes.size()); }

Shard& World::shard(std::uint32_t index) {
  if (impl_->nodes.empty()) add_node({.shards = impl_->options.shards});
  return node(0).shard(index);
}

SimulatedNetwork& World::network() { return impl_->network; }
Instant World::now() const { return impl_->core.now(); }
Random& World::random() { return impl_->scenario_random; }
Seed World::seed() const { return impl_->core.seed(); }

bool World::run_until(Function<bool()> condition, Duration limit) {
  const Instant end = now() + limit;
  while (!condition()) {
    if (impl_->core.step(end)) continue;
    if (!impl_->core.queue().empty()) impl_->core.advance_to(end);
    return false;
  }
  return true;
}

void World::run_for(Duration how_long) {
  const Instant end = now() + how_long;
  while (impl_->core.step(end)) {
  }
  impl_->core.advance_to(end);
}

bool World::run_until_idle(Duration limit) {
  const Instant end = now() + limit;
  while (impl_->core.step(end)) {
  }
  return impl_->core.queue().empty();
}

bool World::step() { return impl_->core.step({INT64_MAX}); }

void World::after(Duration delay, Task task) {
  impl_->core.schedule(now() + delay, sim::kNoNode, std::move(task));
}

void World::crash(Node& node) {
  impl_->core.after_this_event([&node = impl_->node_of(node)] {
    if (node.running()) node.crash();
  });
}

void World::restart(Node& node) {
  impl_->core.after_this_event([&node = impl_->node_of(node)] { node.restart(); });
}

void World::set_fault(const std::string& name, std::uint32_t per_million) {
  impl_->core.set_fault(name, per_million);
}
const std::map<std::string, FaultCount>& World::fault_counts() const {
  return impl_->core.fault_counts();
}

std::uint64_t World::trace_hash() const { return impl_->core.trace_hash(); }
void World::mix_into_trace(std::uint64_t value) { impl_->core.mix(value); }
std::uint64_t World::events_run() const { return impl_->core.events_run(); }

}  // namespace restate::testing
