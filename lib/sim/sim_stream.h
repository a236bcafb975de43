#pragma once

/// \file
/// One end of a simulated connection, as its owner holds it.

#include "sim/connection.h"

#include <restate/runtime.h>

#include <memory>
#include <string>
#include <string_view>

namespace restate::sim {

class SimStream final : public Stream, private TurnActor {
 public:
  SimStream(std::shared_ptr<Connection> connection, int end);
  ~SimStream() override;

  void start(StreamListener& listener) override;
  void write(ByteChain chain) override;
  std::size_t unsent_bytes() const override;
  void pause() override { paused_ = true; }
  void resume() override;
  void shutdown_write() override;
  std::string peer() const override { return connection_->peer_name(end_); }

  bool reads() const { return listener_ != nullptr && !paused_ && !dead_; }
  void tell_data(std::string_view data) { listener_->on_data(data); }
  void tell_end() { listener_->on_end(); }
  /// The last word to the listener: this may be gone afterwards.
  void fail();
  /// Bytes left for the peer.
  void on_progress();
  /// Nobody is told anything any more.
  void on_crash() { dead_ = true; }

 private:
  void act() override;

  const std::shared_ptr<Connection> connection_;
  const int end_;
  Shard& shard_;
  StreamListener* listener_ = nullptr;
  bool paused_ = false;
  bool dead_ = false;
  bool shutdown_asked_ = false;
  bool above_high_water_ = false;
};

}  // namespace restate::sim
