#include "http/server_connection.h"

#include "http/flush.h"

#include <algorithm>
#include <utility>

namespace restate::http {

ServerConnection::ServerConnection(ServerShared& shared, std::uint64_t id,
                                   std::unique_ptr<Stream> stream)
    : shared_(shared),
      id_(id),
      stream_(std::move(stream)),
      last_read_(shared.shard.now()),
      waiting_since_(last_read_) {}

ServerConnection::~ServerConnection() { shared_.shard.forget(*this); }

void ServerConnection::start() {
  if (shared_.options.tls == nullptr) return begin(std::move(stream_));
  handshake_ = shared_.options.tls->secure(
      shared_.shard, std::move(stream_),
      scope_.bind([this](Result<SecureStream> result) { on_secured(std::move(result)); }));
  if (shared_.options.head_timeout > Duration{}) arm(shared_.options.head_timeout);
}

void ServerConnection::on_secured(Result<SecureStream> result) {
  handshake_.reset();
  if (dead_) return;
  if (!result) return die();
  begin(std::move(result->stream));
}

void ServerConnection::begin(std::unique_ptr<Stream> stream) {
  stream_ = std::move(stream);
  last_read_ = waiting_since_ = shared_.shard.now();
  stream_->start(*this);
  settle();
}

// -- Reading --

void ServerConnection::on_data(std::string_view data) {
  if (dead_) return;
  last_read_ = shared_.shard.now();
  if (lingering_) return;  // we have said our last word
  shared_.date.refresh(shared_.shard.wall_now());
  if (session_ != nullptr) {
    session_->receive(data);
  } else if (choose_session(data)) {
    session_->receive(std::exchange(first_bytes_, {}));
  }
  deliver();
  settle();
}

bool ServerConnection::choose_session(std::string_view data) {
  first_bytes_.append(data);
  switch (detect_preface(first_bytes_)) {
    case Preface::kNeedMore:
      return false;
    case Preface::kHttp1:
      session_ = make_http1_server(shared_.settings, shared_.date.text());
      break;
    case Preface::kHttp2:
      session_ = make_http2_server(shared_.settings, shared_.date.text());
      break;
  }
  if (draining_) session_->drain();
  return true;
}

void ServerConnection::on_end() {
  if (dead_) return;
  peer_ended_ = true;
  if (session_ == nullptr) return die();
  session_->receive_end();
  deliver();
  settle();
}

void ServerConnection::on_error(const Error&) { die(); }

void ServerConnection::deliver() {
  while (session_ != nullptr && session_->has_events()) {
    session_->take_events(events_);
    for (ServerEvent& event : events_) {
      if (auto* request = std::get_if<RequestReceived>(&event)) {
        on_request(*request);
        continue;
      }
      if (const auto* closed = std::get_if<StreamClosed>(&event)) {
        close_exchange(closed->stream);
        continue;
      }
      const StreamId id = std::visit([](const auto& e) { return e.stream; }, event);
      const auto found = exchanges_.find(id);
      if (found == exchanges_.end() || found->second.request == nullptr) {
        if (std::holds_alternative<BodyFailed>(event)) session_->reset(id);
        continue;
      }
      ServerRequest& request = *found->second.request;
      if (auto* body = std::get_if<BodyReceived>(&event)) {
        request.on_body(std::move(body->data));
      } else if (std::holds_alternative<BodyEnded>(event)) {
        request.on_body_end();
      } else if (const auto* failed = std::get_if<BodyFailed>(&event)) {
        request.on_body_error({Code::kInvalidArgument, failed->why});
        session_->respond(id, {400, {}}, {});  // nothing, if it was answered
        schedule();
      } else {
        request.on_drained();
      }
    }
  }
}

void ServerConnection::on_request(RequestReceived& event) {
  // A new head: whatever head comes next has its own time.
  waiting_since_ = shared_.shard.now();
  Exchange& exchange = exchanges_.try_emplace(event.stream, *this, event.stream).first->second;
  exchange.request = shared_.handler.on_request(std::move(event.head), exchange);
  if (event.ends && exchange.request != nullptr) exchange.request->on_body_end();
}

void ServerConnection::close_exchange(StreamId id) {
  auto node = exchanges_.extract(id);
  if (!node.empty() && node.mapped().request != nullptr) node.mapped().request->on_closed();
}

// -- Writing --

void ServerConnection::act() {
  if (dead_ || lingering_ || session_ == nullptr) return;
  flush(*session_, *stream_);
  deliver();
  settle();
}

/// After every event: what does this connection need now?
void ServerConnection::settle() {
  if (dead_ || lingering_) return;
  if (session_ != nullptr) {
    if (session_->finished()) return linger();
    if (can_flush(*session_, *stream_)) schedule();
    const bool pause = !session_->wants_read();
    if (pause != paused_) {
      paused_ = pause;
      pause ? stream_->pause() : stream_->resume();
    }
  }
  const Waiting now_waiting = waiting();
  if (now_waiting != waiting_) {
    waiting_ = now_waiting;
    waiting_since_ = shared_.shard.now();
    // Heads that come and go in between do not put off the next look.
    if (times_bodies() && waiting_since_ - looked_at_ > limit_for(waiting_)) {
      looked_at_ = waiting_since_;
    }
  }
  const Duration limit = limit_for(waiting_);
  if (limit == Duration{}) return;
  // What it was armed for may be over, and this one be due before.
  const bool armed = timer_ != nullptr && timer_->armed();
  if (!armed || shared_.shard.now() + limit < rings_at_) arm(limit);
}

/// Our last bytes are with the socket. Closing it now would throw away what the peer still sends,
/// and with it, by a reset, what it has not read of ours.
void ServerConnection::linger() {
  lingering_ = true;
  stream_->shutdown_write();
  if (paused_) stream_->resume();
  unsent_before_ = stream_->unsent_bytes();
  if (peer_ended_ && unsent_before_ == 0) return die();
  arm(kLingerTimeout);
}

void ServerConnection::drain() {
  if (std::exchange(draining_, true)) return;
  if (session_ == nullptr) return die();
  session_->drain();
  schedule();
}

void ServerConnection::die() {
  if (std::exchange(dead_, true)) return;
  handshake_.reset();
  if (timer_ != nullptr) timer_->cancel();
  if (session_ != nullptr) {
    session_->receive_end();
    deliver();
  }
  // What the session did not close itself.
  while (!exchanges_.empty()) close_exchange(exchanges_.begin()->first);
  shared_.retire(*this);
}

// -- Waiting --

Waiting ServerConnection::waiting() const {
  if (session_ != nullptr) return session_->waiting();
  return first_bytes_.empty() ? Waiting::kRequest : Waiting::kHead;
}

bool ServerConnection::times_bodies() const {
  return session_ != nullptr && waiting_ == Waiting::kBody && session_->times_bodies();
}

Duration ServerConnection::limit_for(Waiting waiting) const {
  switch (waiting) {
    case Waiting::kRequest:
      return shared_.options.idle_timeout;
    case Waiting::kHead:
      return shared_.options.head_timeout;
    case Waiting::kBody:
      return times_bodies() ? shared_.options.body_timeout / kBodyLooks
                            : shared_.options.body_timeout;
    case Waiting::kNothing:
      return {};
  }
  return {};
}

void ServerConnection::arm(Duration wait) {
  if (timer_ == nullptr) timer_ = shared_.shard.make_timer([this] { on_timer(); });
  rings_at_ = shared_.shard.now() + wait;
  timer_->arm(rings_at_);
}

void ServerConnection::on_timer() {
  if (dead_) return;
  if (lingering_) {
    // A slow reader may take its time, as long as it takes something.
    const std::size_t unsent = stream_->unsent_bytes();
    if (unsent == 0 || unsent >= unsent_before_) return die();
    unsent_before_ = unsent;
    return arm(kLingerTimeout);
  }
  if (handshake_ != nullptr) return die();
  const Duration limit = limit_for(waiting_);
  if (limit == Duration{}) return;
  // The timer is not touched while all goes well. What it was armed for may be long over.
  const Instant since = times_bodies()               ? looked_at_
                        : waiting_ == Waiting::kHead ? waiting_since_
                                                     : std::max(waiting_since_, last_read_);
  if (const Duration left = since + limit - shared_.shard.now(); left > Duration{})
    return arm(left);
  if (session_ == nullptr) return die();
  looked_at_ = shared_.shard.now();
  session_->time_out();
  deliver();
  settle();
}

// -- The handler's grip --

/// Whoever touches the session has something to write.
ServerSession& ServerConnection::Exchange::session() {
  connection_.schedule();
  return *connection_.session_;
}

void ServerConnection::Exchange::respond(ResponseHead head, Bytes body) {
  connection_.shared_.date.refresh(connection_.shared_.shard.wall_now());
  session().respond(id_, head, std::move(body));
}

void ServerConnection::Exchange::start(ResponseHead head) {
  connection_.shared_.date.refresh(connection_.shared_.shard.wall_now());
  session().start(id_, head);
}

void ServerConnection::Exchange::write(Bytes data) { session().write(id_, std::move(data)); }
void ServerConnection::Exchange::finish() { session().finish(id_); }
void ServerConnection::Exchange::reset() { session().reset(id_); }
void ServerConnection::Exchange::pause_body() { session().set_paused(id_, true); }
void ServerConnection::Exchange::resume_body() { session().set_paused(id_, false); }

std::size_t ServerConnection::Exchange::unsent_bytes() const {
  return connection_.session_->unsent(id_);
}

std::string ServerConnection::Exchange::peer() const { return connection_.stream_->peer(); }

}  // namespace restate::http
