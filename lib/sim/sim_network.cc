#include "sim/sim_network.h"

#include "sim/connection.h"
#include "sim/shard_network.h"
#include "sim/sim_node.h"

#include <algorithm>

namespace restate::sim {
namespace {

constexpr std::uint16_t kFirstFreePort = 20000;

bool is_loopback(std::string_view host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

}  // namespace

void SimNetwork::clog(testing::Node& from, testing::Node& to) {
  clogged_.insert({from.index(), to.index()});
}

void SimNetwork::unclog(testing::Node& from, testing::Node& to) {
  clogged_.erase({from.index(), to.index()});
  resume_all();
}

void SimNetwork::partition(testing::Node& a, testing::Node& b) {
  clog(a, b);
  clog(b, a);
}

void SimNetwork::heal() {
  clogged_.clear();
  resume_all();
}

void SimNetwork::resume_all() {
  for (const auto& [id, connection] : connections_) connection->resume();
}

void SimNetwork::reset(testing::Node& a, testing::Node& b) {
  for (const auto& connection : connections()) {
    const std::uint32_t client = connection->shard(Connection::kClient).node().index();
    const std::uint32_t server = connection->shard(Connection::kServer).node().index();
    const bool between = (client == a.index() && server == b.index()) ||
                         (client == b.index() && server == a.index());
    if (between) connection->break_both();
  }
}

void SimNetwork::on_crash(SimNode& node) {
  for (const auto& connection : connections()) {
    for (const int end : {Connection::kClient, Connection::kServer}) {
      if (&connection->shard(end).node() == &node) connection->crash(end);
    }
  }
  for (auto at = listeners_.begin(); at != listeners_.end();) {
    if (at->first.first == node.index()) {
      for (SimListener* listener : at->second) listener->on_crash();
      at = listeners_.erase(at);
    } else {
      ++at;
    }
  }
}

std::vector<std::shared_ptr<Connection>> SimNetwork::connections() const {
  std::vector<std::shared_ptr<Connection>> all;
  for (const auto& [id, connection] : connections_) all.push_back(connection);
  return all;
}

Duration SimNetwork::latency(const SimNode& from, const SimNode& to) {
  const testing::Latency& range = &from == &to ? loopback_latency_ : latency_;
  return core_.between(range.shortest, range.longest);
}

bool SimNetwork::clogged(const SimNode& from, const SimNode& to) const {
  return clogged_.contains({from.index(), to.index()});
}

bool SimNetwork::breaks_now() {
  return reset_chance_ != 0 && core_.random().below(1000000) < reset_chance_;
}

SimNode* SimNetwork::find_node(SimNode& from, const std::string& host) {
  if (host.empty() || is_loopback(host)) return &from;
  const auto at = std::find_if(nodes_.begin(), nodes_.end(),
                               [&](const SimNode* node) { return node->host() == host; });
  return at == nodes_.end() ? nullptr : *at;
}

std::uint16_t SimNetwork::free_port(const SimNode& node) {
  std::uint16_t& last = ports_.try_emplace(node.index(), kFirstFreePort).first->second;
  return last++;
}

bool SimNetwork::add_listener(SimNode& node, const std::string& key, SimListener& listener) {
  std::vector<SimListener*>& sharing = listeners_[{node.index(), key}];
  const bool taken = std::any_of(sharing.begin(), sharing.end(), [&](const SimListener* other) {
    return !other->shares_with(listener);
  });
  if (taken) return false;
  sharing.push_back(&listener);
  return true;
}

void SimNetwork::remove_listener(SimNode& node, const std::string& key, SimListener& listener) {
  const auto at = listeners_.find({node.index(), key});
  if (at == listeners_.end()) return;
  std::erase(at->second, &listener);
  if (at->second.empty()) listeners_.erase(at);
}

SimListener* SimNetwork::find_listener(SimNode& node, const std::string& key, bool from_outside) {
  const auto at = listeners_.find({node.index(), key});
  if (at == listeners_.end()) return nullptr;
  SimListener* listener = at->second[core_.random().below(at->second.size())];
  return from_outside && is_loopback(listener->address().host) ? nullptr : listener;
}

std::shared_ptr<Connection> SimNetwork::connect(SimShard& client, SimShard& server,
                                                const std::string& server_name) {
  const std::string client_name =
      client.node().host() + ":" + std::to_string(free_port(client.node()));
  const std::uint64_t id = ++last_connection_;
  auto connection =
      std::make_shared<Connection>(*this, id, client, server, client_name, server_name);
  connections_.emplace(id, connection);
  return connection;
}

std::unique_ptr<Network> SimNetwork::make_for(SimShard& shard) {
  return std::make_unique<ShardNetwork>(*this, shard);
}

}  // namespace restate::sim
