// HTTP/2 as a client.

#include "http/machine/client_session.h"
#include "http/machine/http2_core.h"

#include <restate/assert.h>

#include <algorithm>
#include <utility>

namespace restate::http {
namespace {

constexpr std::string_view kHttp1Answer = "HTTP/";

class Http2ClientSession final : public ClientSession, private Http2Listener {
 public:
  explicit Http2ClientSession(const ClientSettings& settings)
      : settings_(settings),
        core_(Http2Core::Side::kClient,
              {settings.stream_window, settings.stream_window, settings.max_head_bytes}, *this) {
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, settings.max_frame_bytes}};
    nghttp2_submit_settings(core_.session(), NGHTTP2_FLAG_NONE, entries, std::size(entries));
    nghttp2_session_set_local_window_size(core_.session(), NGHTTP2_FLAG_NONE, 0,
                                          static_cast<std::int32_t>(settings.connection_window));
  }

  void receive(std::string_view data) override {
    if (gone_ || data.empty()) return;
    if (!checked_) {
      // No frame begins like this: its length would be 4 MB.
      first_.append(data);
      const std::string_view begin = std::string_view(first_).substr(0, kHttp1Answer.size());
      if (kHttp1Answer.starts_with(begin)) {
        if (begin.size() < kHttp1Answer.size()) return;
        fail_all(FailureKind::kPeerSpeaksHttp1, Code::kFailedPrecondition,
                 "the peer answered the HTTP/2 preface with HTTP/1.1");
        return;
      }
      checked_ = true;
      core_.receive(std::exchange(first_, {}));
      return close_if_finished();
    }
    core_.receive(data);
    close_if_finished();
  }

  void receive_end() override {
    fail_all(FailureKind::kLost, Code::kUnavailable,
             goaway_reason_.empty() ? "the connection ended before the response was complete"
                                    : goaway_reason_);
  }

  bool wants_read() const override { return true; }

  std::size_t capacity() const override {
    if (!settings_seen_) return std::min(settings_.max_streams, settings_.initial_streams);
    const std::uint32_t peer = nghttp2_session_get_remote_settings(
        core_.session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    // A peer that allows none for now is one that nghttp2 waits for.
    return std::max(1u, std::min(settings_.max_streams, peer));
  }
  std::size_t active() const override { return core_.streams().size(); }
  bool can_open() const override { return !retired() && active() < capacity(); }
  bool retired() const override {
    return gone_ || going_away_ || nghttp2_session_check_request_allowed(core_.session()) == 0;
  }

  StreamId open(const RequestHead& head) override { return submit(head, true); }

  StreamId open(const RequestHead& head, Bytes body) override {
    const StreamId id = submit(head, !body.empty());
    if (!body.empty()) {
      write(id, std::move(body));
      finish(id);
    }
    return id;
  }

  void write(StreamId id, Bytes data) override {
    if (Http2Stream* stream = known(id)) core_.write(*stream, std::move(data));
  }

  void finish(StreamId id) override {
    if (Http2Stream* stream = known(id)) core_.finish(*stream);
  }

  void reset(StreamId id) override {
    Http2Stream* stream = known(id);
    if (stream == nullptr) return;
    stream->known = false;
    if (!gone_) core_.reset(*stream, NGHTTP2_CANCEL);
  }

  void set_paused(StreamId id, bool paused) override {
    if (Http2Stream* stream = known(id)) core_.set_paused(*stream, paused);
  }

  std::size_t unsent(StreamId id) const override {
    const Http2Stream* stream = core_.find(id);
    return stream == nullptr ? 0 : stream->queue.size();
  }

  bool wants_write() const override { return !gone_ && core_.wants_write(); }

  void collect(ByteChain& out, std::size_t max_bytes) override {
    if (gone_) return;
    core_.collect(out, max_bytes);
    close_if_finished();
  }

  bool ping() override {
    if (gone_ || ping_unanswered_) return true;
    nghttp2_submit_ping(core_.session(), NGHTTP2_FLAG_NONE, nullptr);
    ping_unanswered_ = true;
    return true;
  }
  bool ping_unanswered() const override { return ping_unanswered_; }

  bool finished() const override { return gone_; }

 private:
  Http2Stream* known(StreamId id) const {
    Http2Stream* stream = core_.find(id);
    return stream != nullptr && stream->known ? stream : nullptr;
  }

  StreamId submit(const RequestHead& head, bool body_follows) {
    RESTATE_ASSERT(can_open(), "no room for another stream");
    const std::int32_t id = core_.submit_request(head, body_follows);
    RESTATE_ASSERT(id > 0, "nghttp2 refused a request that it had allowed");
    core_.find(static_cast<StreamId>(id))->known = true;
    return static_cast<StreamId>(id);
  }

  void on_head(Http2Stream& stream, bool ends) override {
    if (!stream.known) return;
    ResponseReceived event{static_cast<StreamId>(stream.id), {}};
    event.head.status = stream.status;
    event.head.version = Version::kHttp2;
    event.head.headers = std::move(stream.head.headers);
    if (core_.head_too_large(stream)) {
      stream.known = false;
      core_.reset(stream, NGHTTP2_ENHANCE_YOUR_CALM);
      fail(stream, FailureKind::kProtocol, false, "the headers of the response are too large");
      return;
    }
    events_.emplace_back(std::move(event));
    if (ends) events_.emplace_back(BodyEnded{static_cast<StreamId>(stream.id)});
  }

  void on_body(Http2Stream& stream, std::string_view data) override {
    if (!stream.known) return;
    events_.emplace_back(BodyReceived{static_cast<StreamId>(stream.id), Bytes(data)});
  }

  void on_body_end(Http2Stream& stream) override {
    if (stream.known) events_.emplace_back(BodyEnded{static_cast<StreamId>(stream.id)});
  }

  void on_drained(Http2Stream& stream) override {
    if (stream.known) events_.emplace_back(Drained{static_cast<StreamId>(stream.id)});
  }

  void on_end_sent(Http2Stream&) override {}

  void on_stream_closed(Http2Stream& stream, std::uint32_t code) override {
    if (!stream.known) return;
    if (stream.remote_done) {
      events_.emplace_back(StreamClosed{static_cast<StreamId>(stream.id)});
    } else if (code == NGHTTP2_REFUSED_STREAM || !stream.head_sent) {
      fail(stream, FailureKind::kRefused, true, "the peer refused the stream");
    } else {
      fail(stream, FailureKind::kReset, false,
           std::string("the peer reset the stream: ") + nghttp2_http2_strerror(code));
    }
  }

  void on_control_frame(const nghttp2_frame& frame) override {
    const bool ack = (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
    if (frame.hd.type == NGHTTP2_SETTINGS && !ack) settings_seen_ = true;
    if (frame.hd.type == NGHTTP2_PING && ack) ping_unanswered_ = false;
    if (frame.hd.type == NGHTTP2_GOAWAY) {
      going_away_ = true;
      goaway_reason_ = std::string("the peer closed the connection: ") +
                       nghttp2_http2_strerror(frame.goaway.error_code);
    }
  }

  void fail(const Http2Stream& stream, FailureKind kind, bool not_processed, std::string message) {
    events_.emplace_back(
        StreamFailed{static_cast<StreamId>(stream.id),
                     Failure{kind, not_processed, Error{Code::kUnavailable, std::move(message)}}});
  }

  void close_if_finished() {
    if (gone_ || !core_.finished()) return;
    if (going_away_) {
      fail_all(FailureKind::kLost, Code::kUnavailable, goaway_reason_);
    } else {
      fail_all(FailureKind::kProtocol, Code::kUnavailable,
               "the peer broke HTTP/2: " + core_.last_error());
    }
  }

  void fail_all(FailureKind kind, Code code, const std::string& message) {
    if (std::exchange(gone_, true)) return;
    for (const auto& [id, stream] : core_.streams()) {
      if (!std::exchange(stream->known, false)) continue;
      if (stream->remote_done) {
        events_.emplace_back(StreamClosed{static_cast<StreamId>(id)});
      } else {
        events_.emplace_back(StreamFailed{static_cast<StreamId>(id),
                                          Failure{kind, !stream->head_sent, Error{code, message}}});
      }
    }
  }

  const ClientSettings& settings_;
  Http2Core core_;
  std::string first_;  ///< the first bytes of the peer, until they tell what it speaks
  std::string goaway_reason_;
  bool checked_ = false;
  bool settings_seen_ = false;
  bool going_away_ = false;
  bool ping_unanswered_ = false;
  bool gone_ = false;
};

}  // namespace

std::unique_ptr<ClientSession> make_http2_client(const ClientSettings& settings) {
  return std::make_unique<Http2ClientSession>(settings);
}

}  // namespace restate::http
