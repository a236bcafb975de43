#pragma once

/// \file
/// One connection of a server: drives a session between its socket and the handler.

#include <restate/runtime.h>

#include "http/date.h"
#include "http/machine/server_session.h"
#include "http/server.h"
#include "http/tls.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace restate::http {

class ServerConnection;

/// What the connections of one server share.
struct ServerShared {
  Shard& shard;
  ServerHandler& handler;
  ServerOptions options;
  ServerSettings settings;
  DateCache date;
  /// Called once per connection when it is dead; destroys it in a later task.
  Function<void(ServerConnection&)> retire;
};

class ServerConnection final : private StreamListener, private TurnActor {
 public:
  ServerConnection(ServerShared& shared, std::uint64_t id, std::unique_ptr<Stream> stream);
  ~ServerConnection();

  std::uint64_t id() const { return id_; }
  /// Starts to talk; not in the constructor, because a stream may answer at once.
  void start();
  void drain();
  /// Ends everything now: handlers hear `on_closed`.
  void die();

 private:
  /// The handler's grip on one stream of the session.
  class Exchange final : public ServerStream {
   public:
    Exchange(ServerConnection& connection, StreamId id) : connection_(connection), id_(id) {}
    void respond(ResponseHead head, Bytes body) override;
    void start(ResponseHead head) override;
    void write(Bytes data) override;
    void finish() override;
    void reset() override;
    std::size_t unsent_bytes() const override;
    void pause_body() override;
    void resume_body() override;
    std::string peer() const override;

    std::unique_ptr<ServerRequest> request;

   private:
    ServerSession& session();

    ServerConnection& connection_;
    const StreamId id_;
  };

  void on_data(std::string_view data) override;
  void on_end() override;
  void on_error(const Error& error) override;
  void on_drained() override { schedule(); }
  void act() override;

  void on_secured(Result<SecureStream> result);
  void begin(std::unique_ptr<Stream> stream);
  bool choose_session(std::string_view data);
  void deliver();
  void on_request(RequestReceived& event);
  void close_exchange(StreamId id);
  void settle();
  void linger();
  void on_timer();
  Waiting waiting() const;
  bool times_bodies() const;
  Duration limit_for(Waiting waiting) const;
  void arm(Duration wait);
  void schedule() { shared_.shard.at_turn_end(TurnPhase::kFlush, *this); }

  ServerShared& shared_;
  const std::uint64_t id_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Connecting> handshake_;
  std::string first_bytes_;  ///< until they tell the protocol
  std::unique_ptr<ServerSession> session_;
  std::map<StreamId, Exchange> exchanges_;
  std::vector<ServerEvent> events_;
  std::unique_ptr<Timer> timer_;  ///< made when first needed: most connections never wait
  Instant rings_at_;            ///< the timer, while armed
  Instant last_read_;
  Instant waiting_since_;
  Instant looked_at_;  ///< when bodies that wait each for itself were looked at last
  Waiting waiting_ = Waiting::kRequest;
  std::size_t unsent_before_ = 0;
  bool paused_ = false;
  bool draining_ = false;
  bool peer_ended_ = false;
  bool lingering_ = false;
  bool dead_ = false;
  Scope scope_;
};

}  // namespace restate::http
