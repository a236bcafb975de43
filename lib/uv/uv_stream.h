#pragma once

/// \file
/// A connected TCP or unix socket. Writes gather during a turn and go out at its end in one call.

#include "uv/socket.h"
#include "uv/uv_shard.h"

#include <optional>
#include <string>

namespace restate::uv {

class UvStream final : public Stream, private Resource, private TurnActor {
 public:
  /// Takes the connected socket over.
  UvStream(UvShard& shard, Socket* socket, std::string peer);
  ~UvStream() override;

  void start(StreamListener& listener) override;
  void write(ByteChain chain) override;
  std::size_t unsent_bytes() const override;
  void pause() override;
  void resume() override;
  void shutdown_write() override;
  std::string peer() const override { return peer_; }

 private:
  struct WriteRequest;

  void act() override;
  void abandon() override;
  void flush();
  /// Drops the first `size` bytes of what waits.
  void consume(std::size_t size);
  void send_rest();
  void on_written(int status);
  void on_read(ssize_t size, const uv_buf_t* buffer);
  void start_reading();
  void stop_reading();
  bool wants_reading() const { return listener_ != nullptr && !paused_ && !ended_; }
  void on_write_failed(int status);
  /// The last word to the listener: `this` may be gone afterwards.
  void fail(int status);
  void check_drained();

  Socket* socket_;  // null when dead
  const std::string peer_;
  StreamListener* listener_ = nullptr;
  ByteChain waiting_;
  std::size_t first_waiting_ = 0;  // pieces before it are sent
  std::size_t waiting_bytes_ = 0;
  bool writing_ = false;  // libuv has bytes of ours
  bool above_high_water_ = false;
  bool paused_ = false;
  bool reading_ = false;
  bool ended_ = false;
  bool shutdown_asked_ = false;
  bool shutdown_done_ = false;
  int write_error_ = 0;
  Scope scope_;
};

}  // namespace restate::uv
