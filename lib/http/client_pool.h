#pragma once

/// \file
/// The connections to one target, and the streams that wait for room on one of them.

#include <restate/runtime.h>

#include "http/client.h"
#include "http/machine/client_session.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace restate::http {

class ClientConnection;
class ClientPool;

/// One exchange, wherever it is: waiting in the pool, about to leave with a connection, on its way,
/// or over.
class PooledStream final : public ClientStream {
 public:
  PooledStream(ClientPool& pool, RequestHead head, ClientExchange& exchange);
  ~PooledStream() override;

  void write(Bytes data) override;
  void finish() override;
  std::size_t unsent_bytes() const override;
  void pause() override;
  void resume() override;

 private:
  friend class ClientConnection;
  friend class ClientPool;
  enum class Place : std::uint8_t { kPool, kOutbox, kSession, kOver };

  /// Opens on the session of its connection.
  void open(ClientSession& session);
  /// It was on a session, and is not any more.
  void note_closed();
  void fail(const Failure& failure);

  ClientPool* pool_;
  ClientConnection* connection_ = nullptr;  ///< in `kOutbox` and `kSession`
  ClientExchange& exchange_;
  RequestHead head_;
  ByteChain body_;  ///< until it is on the session
  std::size_t body_bytes_ = 0;
  StreamId id_ = 0;
  Instant since_;  ///< asked for, and then opened
  Place place_ = Place::kPool;
  bool finished_ = false;
  bool paused_ = false;
};

/// What the pools of one client share.
struct ClientShared {
  Shard& shard;
  ClientOptions options;
  ClientSettings settings;
  ClientStats stats;
};

class ClientPool final : private TurnActor {
 public:
  ClientPool(ClientShared& shared, const Target& target);
  ~ClientPool();

  void add(PooledStream& stream);
  std::size_t connections() const { return connections_.size() - retired_; }
  const Target& target() const { return target_; }
  ClientShared& shared() { return shared_; }

 private:
  friend class ClientConnection;
  friend class PooledStream;

  // From the streams and connections.
  void remove(PooledStream& stream);
  void put_back(const std::vector<PooledStream*>& streams);
  void on_connect_failed(const Failure& failure);
  /// A connection, or room on one, has appeared.
  void on_room() { ask(); }
  void retire();

  void act() override;
  void ask() { shared_.shard.at_turn_end(TurnPhase::kFlush, *this); }
  ClientConnection* find_room();
  void grow();
  std::size_t connect();
  void sweep();

  ClientShared& shared_;
  const Target target_;
  std::vector<std::unique_ptr<ClientConnection>> connections_;
  std::deque<PooledStream*> waiting_;
  std::vector<Failure> failures_;  ///< of connects, to be told to who waits
  std::size_t retired_ = 0;
  bool speaks_http1_ = false;  ///< what ALPN said last, if it was to choose
  bool sweeping_ = false;
  Scope scope_;
};

}  // namespace restate::http
