#pragma once

/// \file
/// The network of a simulated world: who listens where, which links are cut, how long things take.

#include "sim/core.h"

#include <restate/testing/network.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace restate::sim {

class Connection;
class SimListener;
class SimNode;
class SimShard;

class SimNetwork final : public testing::SimulatedNetwork {
 public:
  explicit SimNetwork(Core& core) : core_(core) {}

  void set_latency(testing::Latency latency) override { latency_ = latency; }
  void set_loopback_latency(testing::Latency latency) override { loopback_latency_ = latency; }
  void clog(testing::Node& from, testing::Node& to) override;
  void unclog(testing::Node& from, testing::Node& to) override;
  void partition(testing::Node& a, testing::Node& b) override;
  void heal() override;
  void reset(testing::Node& a, testing::Node& b) override;
  void set_reset_chance(std::uint32_t per_million) override { reset_chance_ = per_million; }
  std::size_t open_streams() const override { return connections_.size(); }

  Core& core() { return core_; }
  /// The network as one shard sees it.
  std::unique_ptr<Network> make_for(SimShard& shard);
  void add(SimNode& node) { nodes_.push_back(&node); }
  void on_crash(SimNode& node);

  Duration latency(const SimNode& from, const SimNode& to);
  bool clogged(const SimNode& from, const SimNode& to) const;
  /// Seeded: this piece of data breaks its stream.
  bool breaks_now();

  /// The node that answers to a name, from where `from` stands; null if nobody does.
  SimNode* find_node(SimNode& from, const std::string& host);
  std::uint16_t free_port(const SimNode& node);
  /// False: the address is in use. Shards of one node may share a port.
  bool add_listener(SimNode& node, const std::string& key, SimListener& listener);
  void remove_listener(SimNode& node, const std::string& key, SimListener& listener);
  /// One of those that listen there, by a coin; null if nobody does.
  SimListener* find_listener(SimNode& node, const std::string& key, bool from_outside);

  std::shared_ptr<Connection> connect(SimShard& client, SimShard& server,
                                      const std::string& server_name);
  void remove(std::uint64_t connection) { connections_.erase(connection); }

 private:
  using Link = std::pair<std::uint32_t, std::uint32_t>;
  using Place = std::pair<std::uint32_t, std::string>;

  /// What waited for a link goes on.
  void resume_all();
  /// Connections may leave the map while we walk them.
  std::vector<std::shared_ptr<Connection>> connections() const;

  Core& core_;
  testing::Latency latency_;
  testing::Latency loopback_latency_{std::chrono::microseconds(5), std::chrono::microseconds(30)};
  std::uint32_t reset_chance_ = 0;
  std::vector<SimNode*> nodes_;
  std::set<Link> clogged_;
  std::map<Place, std::vector<SimListener*>> listeners_;
  std::map<std::uint32_t, std::uint16_t> ports_;
  std::map<std::uint64_t, std::shared_ptr<Connection>> connections_;
  std::uint64_t last_connection_ = 0;
};

}  // namespace restate::sim
