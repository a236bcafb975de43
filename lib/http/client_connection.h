#pragma once

/// \file
/// One connection of a client: connects, drives a session, keeps it alive, and lets it go.

#include <restate/runtime.h>

#include "http/client_pool.h"
#include "http/machine/client_session.h"
#include "http/tls.h"
#include "http/tunnel_stream.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace restate::http {

class ClientConnection final : private StreamListener, private TurnActor {
 public:
  explicit ClientConnection(ClientPool& pool);
  ~ClientConnection();

  /// How many more streams it takes now.
  std::size_t room() const;
  /// How many it takes altogether; a guess until the peer has spoken.
  std::size_t capacity() const;
  bool connecting() const { return session_ == nullptr && !dead_; }
  bool usable() const { return session_ != nullptr && !dead_ && !session_->retired(); }
  bool dead() const { return dead_; }

  /// The stream leaves with the next flush.
  void take(PooledStream& stream);

 private:
  friend class PooledStream;

  void on_data(std::string_view data) override;
  void on_end() override;
  void on_error(const Error& error) override;
  void on_drained() override { schedule(); }
  void act() override;

  void on_connected(Result<std::unique_ptr<Stream>> result);
  void open_tunnel(std::unique_ptr<Stream> stream);
  void on_reached(std::unique_ptr<Stream> stream);
  void on_secured(Result<SecureStream> result);
  void begin(std::unique_ptr<Stream> stream, bool http2);
  void fail_connect(FailureKind kind, Error error);
  void drop(PooledStream& stream);
  void deliver();
  void settle();
  void die(FailureKind kind, const std::string& why);
  void on_timer();
  void arm();
  bool idle() const;
  void schedule();

  ClientPool& pool_;
  ClientShared& shared_;
  const bool proxied_;
  std::unique_ptr<Connecting> connecting_;
  std::unique_ptr<TunnelStream> tunnel_;  ///< until it is dug
  std::unique_ptr<Connecting> handshake_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<ClientSession> session_;
  std::vector<PooledStream*> outbox_;
  std::map<StreamId, PooledStream*> streams_;
  std::vector<ClientEvent> events_;
  std::unique_ptr<Timer> timer_;
  Instant deadline_;  ///< of the connect
  Instant last_read_;
  Instant idle_since_;
  Instant pinged_at_;
  Duration ping_interval_{};
  bool was_idle_ = false;
  bool paused_ = false;
  bool dead_ = false;
  Scope scope_;
};

}  // namespace restate::http
