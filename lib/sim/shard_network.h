#pragma once

/// \file
/// What a shard sees of the simulated network: listening and connecting.

#include "sim/core.h"

#include <restate/runtime.h>

#include <memory>
#include <string>

namespace restate::sim {

class Connection;
class SimNetwork;
class SimShard;

class ShardNetwork final : public Network {
 public:
  ShardNetwork(SimNetwork& network, SimShard& shard) : network_(network), shard_(shard) {}
  Result<std::unique_ptr<Listener>> listen(
      const Address& address, Function<void(std::unique_ptr<Stream>)> on_accept) override;
  std::unique_ptr<Connecting> connect(
      const Address& address, Duration timeout,
      Function<void(Result<std::unique_ptr<Stream>>)> done) override;

 private:
  SimNetwork& network_;
  SimShard& shard_;
};

class SimListener final : public Listener {
 public:
  SimListener(SimNetwork& network, SimShard& shard, Address address,
              Function<void(std::unique_ptr<Stream>)> on_accept);
  ~SimListener() override;

  Address address() const override { return address_; }
  SimShard& shard() { return shard_; }
  /// What the network knows it by.
  const std::string& key() const { return key_; }
  bool shares_with(const SimListener& other) const;
  void on_crash() { closed_ = true; }
  /// Hands the server's end of a connection over, in an event of its own.
  void accept(std::shared_ptr<Connection> connection);

 private:
  struct Acceptor;

  SimNetwork& network_;
  SimShard& shard_;
  const Address address_;
  const std::string key_;
  std::shared_ptr<Acceptor> acceptor_;  // shared with events under way
  bool closed_ = false;
};

}  // namespace restate::sim
