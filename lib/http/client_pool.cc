#include "http/client_pool.h"

#include "http/client_connection.h"

#include <algorithm>
#include <utility>

namespace restate::http {

// -- The stream --

PooledStream::PooledStream(ClientPool& pool, RequestHead head, ClientExchange& exchange)
    : pool_(&pool),
      exchange_(exchange),
      head_(std::move(head)),
      since_(pool.shared().shard.now()) {}

PooledStream::~PooledStream() {
  switch (place_) {
    case Place::kPool:
      pool_->remove(*this);
      return;
    case Place::kOutbox:
    case Place::kSession:
      connection_->drop(*this);
      return;
    case Place::kOver:
      return;
  }
}

void PooledStream::write(Bytes data) {
  if (finished_ || data.empty()) return;
  switch (place_) {
    case Place::kPool:
    case Place::kOutbox:
      body_bytes_ += data.size();
      body_.push_back(std::move(data));
      return;
    case Place::kSession:
      connection_->session_->write(id_, std::move(data));
      return connection_->schedule();
    case Place::kOver:
      return;
  }
}

void PooledStream::finish() {
  if (std::exchange(finished_, true)) return;
  if (place_ != Place::kSession) return;
  connection_->session_->finish(id_);
  connection_->schedule();
}

std::size_t PooledStream::unsent_bytes() const {
  return place_ == Place::kSession ? connection_->session_->unsent(id_) : body_bytes_;
}

void PooledStream::pause() {
  paused_ = true;
  if (place_ == Place::kSession) connection_->session_->set_paused(id_, true);
  if (place_ == Place::kSession) connection_->schedule();
}

void PooledStream::resume() {
  paused_ = false;
  if (place_ == Place::kSession) connection_->session_->set_paused(id_, false);
  if (place_ == Place::kSession) connection_->schedule();
}

void PooledStream::open(ClientSession& session) {
  if (finished_) {
    Bytes body;
    if (body_.size() == 1) {
      body = std::move(body_.front());
    } else if (!body_.empty()) {
      body = Bytes(join(body_));
    }
    id_ = session.open(head_, std::move(body));
  } else {
    id_ = session.open(head_);
    for (Bytes& piece : body_) session.write(id_, std::move(piece));
  }
  if (paused_) session.set_paused(id_, true);
  body_ = {};
  body_bytes_ = 0;
  head_ = {};
  place_ = Place::kSession;
  ClientShared& shared = pool_->shared();
  const Instant now = shared.shard.now();
  shared.stats.streams_opened.add();
  shared.stats.acquire.record(now - std::exchange(since_, now));
}

void PooledStream::note_closed() {
  ClientShared& shared = pool_->shared();
  shared.stats.streams_closed.add();
  shared.stats.streaming.record(shared.shard.now() - since_);
}

void PooledStream::fail(const Failure& failure) {
  if (place_ == Place::kSession) {
    note_closed();
  } else {
    pool_->shared().stats.streams_failed.add();
  }
  place_ = Place::kOver;
  connection_ = nullptr;
  body_ = {};
  body_bytes_ = 0;
  exchange_.on_error(failure);  // may destroy this
}

// -- The pool --

ClientPool::ClientPool(ClientShared& shared, const Target& target)
    : shared_(shared), target_(target) {}

ClientPool::~ClientPool() {
  connections_.clear();
  for (PooledStream* stream : waiting_) stream->place_ = PooledStream::Place::kOver;
  shared_.shard.forget(*this);
}

void ClientPool::add(PooledStream& stream) {
  if (waiting_.empty()) {
    if (ClientConnection* connection = find_room()) {
      connection->take(stream);
      return ask();  // to grow before the last one is full
    }
  }
  waiting_.push_back(&stream);
  ask();
}

void ClientPool::remove(PooledStream& stream) { std::erase(waiting_, &stream); }

void ClientPool::put_back(const std::vector<PooledStream*>& streams) {
  for (PooledStream* stream : streams) {
    stream->place_ = PooledStream::Place::kPool;
    stream->connection_ = nullptr;
  }
  waiting_.insert(waiting_.begin(), streams.begin(), streams.end());
  ask();
}

ClientConnection* ClientPool::find_room() {
  // The first that has room: streams that share a connection share its reads and writes.
  for (const auto& connection : connections_) {
    if (connection->usable() && connection->room() > 0) return connection.get();
  }
  return nullptr;
}

void ClientPool::act() {
  while (!waiting_.empty()) {
    ClientConnection* connection = find_room();
    if (connection == nullptr) break;
    PooledStream& stream = *waiting_.front();
    waiting_.pop_front();
    connection->take(stream);
  }
  // A failed connect is told to those it was made for. There is no second try behind their backs:
  // they have a policy for that.
  for (const Failure& failure : std::exchange(failures_, {})) {
    const bool others = std::any_of(connections_.begin(), connections_.end(),
                                    [](const auto& c) { return c->connecting(); });
    std::size_t affected = waiting_.size();
    if (target_.protocol == Protocol::kHttp1 || speaks_http1_) {
      affected = std::min<std::size_t>(affected, 1);
    } else if (others) {
      affected = 0;
    }
    // A callback may end other streams of this pool, and start new ones behind them.
    for (; affected > 0 && !waiting_.empty(); --affected) {
      PooledStream& stream = *waiting_.front();
      waiting_.pop_front();
      stream.fail(failure);
    }
  }
  grow();
}

void ClientPool::grow() {
  std::size_t coming = 0;
  bool in_use = false;
  bool has_spare = false;
  for (const auto& connection : connections_) {
    if (connection->connecting()) coming += connection->capacity();
    if (!connection->usable()) continue;
    in_use = true;
    has_spare |= connection->room() * 100 >= connection->capacity() * kClientFreeStreamsPercent;
  }
  // HTTP/2 connects before the last stream is taken; HTTP/1.1 when somebody waits.
  const bool http2 = target_.protocol != Protocol::kHttp1 && !speaks_http1_;
  if (http2 && in_use && !has_spare && coming == 0) coming += connect();
  while (coming < waiting_.size()) coming += connect();
}

std::size_t ClientPool::connect() {
  connections_.push_back(std::make_unique<ClientConnection>(*this));
  return std::max<std::size_t>(1, connections_.back()->capacity());
}

void ClientPool::on_connect_failed(const Failure& failure) {
  failures_.push_back(failure);
  ask();
}

void ClientPool::retire() {
  ++retired_;
  ask();  // who waits may need another connection
  if (std::exchange(sweeping_, true)) return;
  shared_.shard.post(scope_.bind([this] { sweep(); }));
}

void ClientPool::sweep() {
  sweeping_ = false;
  retired_ = 0;
  std::erase_if(connections_, [](const auto& connection) { return connection->dead(); });
}

}  // namespace restate::http
