#include "http/client_connection.h"

#include "http/flush.h"

#include <algorithm>
#include <utility>

namespace restate::http {

namespace {

bool needs_proxy(const ClientOptions& options, const Target& target) {
  return options.proxy && !is_exempt(options.no_proxy, target.host, target.port);
}

}  // namespace

ClientConnection::ClientConnection(ClientPool& pool)
    : pool_(pool),
      shared_(pool.shared()),
      proxied_(needs_proxy(shared_.options, pool.target())) {
  const Target& target = pool_.target();
  const std::string& host = proxied_ ? shared_.options.proxy->host : target.host;
  const std::uint16_t port = proxied_ ? shared_.options.proxy->port : target.port;
  deadline_ = shared_.shard.now() + shared_.options.connect_timeout;
  connecting_ = shared_.shard.network().connect(
      Address{.host = host, .port = port, .unix_path = {}},
      shared_.options.connect_timeout, scope_.bind([this](Result<std::unique_ptr<Stream>> result) {
        on_connected(std::move(result));
      }));
}

ClientConnection::~ClientConnection() {
  for (PooledStream* stream : outbox_) stream->place_ = PooledStream::Place::kOver;
  for (auto& [id, stream] : streams_) stream->place_ = PooledStream::Place::kOver;
  shared_.shard.forget(*this);
}

// -- Connecting --

void ClientConnection::on_connected(Result<std::unique_ptr<Stream>> result) {
  if (!result) {
    Error error = std::move(result).error();
    if (proxied_) error = std::move(error).within("the proxy " + shared_.options.proxy->str());
    return fail_connect(FailureKind::kConnect, std::move(error));
  }
  proxied_ ? open_tunnel(std::move(*result)) : on_reached(std::move(*result));
}

void ClientConnection::open_tunnel(std::unique_ptr<Stream> stream) {
  const Target& target = pool_.target();
  std::string authority = target.host.find(':') == std::string::npos ? target.host
                                                                     : "[" + target.host + "]";
  authority += ":" + std::to_string(target.port);
  timer_ = shared_.shard.make_timer([this] {
    fail_connect(FailureKind::kConnect,
                 Error{Code::kTimeout, "the proxy " + shared_.options.proxy->str() +
                                           " took too long"});
  });
  timer_->arm(deadline_);
  tunnel_ = std::make_unique<TunnelStream>(shared_.shard, std::move(stream),
                                           *shared_.options.proxy, std::move(authority));
  tunnel_->open([this](Result<void> opened) {
    if (dead_) return;
    timer_->cancel();
    if (!opened) return fail_connect(FailureKind::kConnect, std::move(opened).error());
    on_reached(std::move(tunnel_));
  });
}

void ClientConnection::on_reached(std::unique_ptr<Stream> stream) {
  const Target& target = pool_.target();
  if (!target.tls) return begin(std::move(stream), target.protocol != Protocol::kHttp1);
  if (shared_.options.tls == nullptr) {
    return fail_connect(FailureKind::kTls, Error{Code::kUnsupported, "TLS is not available"});
  }
  TlsTarget tls{target.host, Alpn::kNone};
  if (target.protocol == Protocol::kHttp2) tls.alpn = Alpn::kHttp2;
  if (target.protocol == Protocol::kAny) tls.alpn = Alpn::kHttp2OrHttp1;
  timer_ = shared_.shard.make_timer([this] {
    fail_connect(FailureKind::kTls, Error{Code::kTimeout, "the TLS handshake took too long"});
  });
  timer_->arm(deadline_);
  handshake_ = shared_.options.tls->secure(
      shared_.shard, std::move(stream), tls,
      scope_.bind([this](Result<SecureStream> secured) { on_secured(std::move(secured)); }));
}

void ClientConnection::on_secured(Result<SecureStream> result) {
  if (dead_) return;
  timer_->cancel();
  if (!result) return fail_connect(FailureKind::kTls, std::move(result).error());
  const Protocol asked = pool_.target().protocol;
  const bool http2 = asked == Protocol::kHttp2 || (asked == Protocol::kAny && result->alpn == "h2");
  if (asked == Protocol::kAny) pool_.speaks_http1_ = !http2;
  begin(std::move(result->stream), http2);
}

void ClientConnection::fail_connect(FailureKind kind, Error error) {
  if (std::exchange(dead_, true)) return;
  shared_.stats.connections_failed.add();
  const Target& target = pool_.target();
  error =
      std::move(error).within("connecting to " + target.host + ":" + std::to_string(target.port));
  pool_.on_connect_failed(Failure{kind, true, std::move(error)});
  pool_.retire();
}

void ClientConnection::begin(std::unique_ptr<Stream> stream, bool http2) {
  shared_.stats.connections_opened.add();
  stream_ = std::move(stream);
  session_ = http2 ? make_http2_client(shared_.settings) : make_http1_client(shared_.settings);
  last_read_ = idle_since_ = shared_.shard.now();
  was_idle_ = true;
  if (http2 && shared_.options.ping_interval > Duration{}) {
    // Spread out, so that connections that began together do not ping together for ever.
    const auto spread = static_cast<std::uint64_t>(shared_.options.ping_interval.count()) / 100 *
                        shared_.options.ping_jitter_percent;
    ping_interval_ = shared_.options.ping_interval +
                     Duration(static_cast<std::int64_t>(shared_.shard.random().below(spread + 1)));
  }
  timer_ = shared_.shard.make_timer([this] { on_timer(); });
  arm();
  stream_->start(*this);
  schedule();  // the preface
  pool_.on_room();
}

// -- Streams --

std::size_t ClientConnection::capacity() const {
  if (session_ != nullptr) return session_->capacity();
  const Target& target = pool_.target();
  if (target.protocol == Protocol::kHttp1 || pool_.speaks_http1_) return 1;
  return std::min(shared_.settings.max_streams, shared_.settings.initial_streams);
}

std::size_t ClientConnection::room() const {
  const std::size_t taken = session_->active() + outbox_.size();
  return taken < session_->capacity() ? session_->capacity() - taken : 0;
}

void ClientConnection::take(PooledStream& stream) {
  stream.place_ = PooledStream::Place::kOutbox;
  stream.connection_ = this;
  outbox_.push_back(&stream);
  schedule();
}

void ClientConnection::drop(PooledStream& stream) {
  if (stream.place_ == PooledStream::Place::kOutbox) {
    std::erase(outbox_, &stream);
  } else {
    stream.note_closed();
    streams_.erase(stream.id_);
    session_->reset(stream.id_);
    schedule();
  }
  pool_.on_room();
}

// -- Reading and writing --

void ClientConnection::schedule() { shared_.shard.at_turn_end(TurnPhase::kFlush, *this); }

void ClientConnection::on_data(std::string_view data) {
  if (dead_) return;
  last_read_ = shared_.shard.now();
  session_->receive(data);
  deliver();
  settle();
}

void ClientConnection::on_end() {
  if (dead_) return;
  session_->receive_end();
  deliver();
  settle();
}

void ClientConnection::on_error(const Error& error) { die(FailureKind::kLost, error.message); }

void ClientConnection::act() {
  if (dead_ || session_ == nullptr) return;
  std::size_t opened = 0;
  for (; opened < outbox_.size() && session_->can_open(); ++opened) {
    PooledStream& stream = *outbox_[opened];
    stream.open(*session_);
    streams_.emplace(stream.id_, &stream);
    if (session_->capacity() > 0) {
      shared_.stats.utilization.record(session_->active() * 1000 / session_->capacity());
    }
  }
  outbox_.erase(outbox_.begin(), outbox_.begin() + static_cast<std::ptrdiff_t>(opened));
  // It filled up, or the peer said goodbye meanwhile.
  if (!outbox_.empty()) pool_.put_back(std::exchange(outbox_, {}));
  flush(*session_, *stream_);
  deliver();
  settle();
}

void ClientConnection::deliver() {
  while (session_->has_events()) {
    session_->take_events(events_);
    for (ClientEvent& event : events_) {
      const StreamId id = std::visit([](const auto& e) { return e.stream; }, event);
      const auto found = streams_.find(id);
      if (found == streams_.end()) continue;  // its owner has lost interest
      PooledStream& stream = *found->second;
      ClientExchange& exchange = stream.exchange_;
      // After each of these the stream may be gone.
      if (auto* head = std::get_if<ResponseReceived>(&event)) {
        exchange.on_head(head->head);
      } else if (auto* body = std::get_if<BodyReceived>(&event)) {
        exchange.on_data(std::move(body->data));
      } else if (std::holds_alternative<BodyEnded>(event)) {
        exchange.on_end();
      } else if (std::holds_alternative<Drained>(event)) {
        exchange.on_drained();
      } else if (auto* failed = std::get_if<StreamFailed>(&event)) {
        streams_.erase(found);
        stream.fail(failed->failure);
      } else {
        stream.note_closed();
        streams_.erase(found);
        stream.place_ = PooledStream::Place::kOver;
        stream.connection_ = nullptr;
      }
    }
  }
}

void ClientConnection::settle() {
  if (dead_) return;
  if (session_->finished()) return die(FailureKind::kLost, "the connection was closed");
  if (can_flush(*session_, *stream_)) schedule();
  const bool pause = !session_->wants_read();
  if (pause != paused_) {
    paused_ = pause;
    pause ? stream_->pause() : stream_->resume();
  }
  if (!pool_.waiting_.empty()) pool_.on_room();
  const bool now_idle = idle();
  if (now_idle && !was_idle_) idle_since_ = shared_.shard.now();
  was_idle_ = now_idle;
  if (now_idle && session_->retired()) die(FailureKind::kLost, "the peer closed the connection");
}

void ClientConnection::die(FailureKind kind, const std::string& why) {
  if (std::exchange(dead_, true)) return;
  shared_.stats.connections_closed.add();
  if (timer_ != nullptr) timer_->cancel();
  pool_.put_back(std::exchange(outbox_, {}));  // nothing of them has left
  while (!streams_.empty()) {
    PooledStream& stream = *streams_.begin()->second;
    streams_.erase(streams_.begin());
    stream.fail(Failure{kind, false, Error{Code::kUnavailable, why}});
  }
  pool_.retire();
}

// -- Staying alive --

bool ClientConnection::idle() const { return session_->active() == 0 && outbox_.empty(); }

/// The next moment at which something may have to be done. Reads and streams do not touch the
/// timer; it looks at their traces when it fires.
void ClientConnection::arm() {
  Instant next{INT64_MAX};
  if (ping_interval_ > Duration{}) {
    // Whatever it sends is as good a sign of life as the answer.
    next = session_->ping_unanswered()
               ? std::max(pinged_at_, last_read_) + shared_.options.ping_timeout
               : last_read_ + ping_interval_;
  }
  if (shared_.options.idle_timeout > Duration{}) {
    const Instant since = idle() ? idle_since_ : shared_.shard.now();
    next = std::min(next, since + shared_.options.idle_timeout);
  }
  if (next.ns != INT64_MAX) timer_->arm(next);
}

void ClientConnection::on_timer() {
  if (dead_) return;
  const Instant now = shared_.shard.now();
  if (idle() && shared_.options.idle_timeout > Duration{} &&
      now - idle_since_ >= shared_.options.idle_timeout) {
    return die(FailureKind::kLost, "the connection was idle");
  }
  if (ping_interval_ > Duration{}) {
    if (session_->ping_unanswered()) {
      if (now - std::max(pinged_at_, last_read_) >= shared_.options.ping_timeout) {
        return die(FailureKind::kSilent, "the peer did not answer a PING in time");
      }
    } else if (now - last_read_ >= ping_interval_) {
      session_->ping();
      pinged_at_ = now;
      schedule();
    }
  }
  arm();
}

}  // namespace restate::http
