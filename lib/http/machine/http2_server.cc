// HTTP/2 as a server.

#include "http/machine/headers_out.h"
#include "http/machine/http2_core.h"
#include "http/machine/server_session.h"

#include <charconv>
#include <utility>

namespace restate::http {
namespace {

class Http2ServerSession final : public ServerSession, private Http2Listener {
 public:
  Http2ServerSession(const ServerSettings& settings, const std::string& date)
      : date_(date),
        core_(Http2Core::Side::kServer,
              {settings.stream_window, settings.max_stream_window, settings.max_header_list_bytes},
              *this) {
    const nghttp2_settings_entry entries[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.max_concurrent_streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
        {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, kMaxFrameBytes},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE,
         static_cast<std::uint32_t>(settings.max_header_list_bytes)}};
    nghttp2_submit_settings(core_.session(), NGHTTP2_FLAG_NONE, entries, std::size(entries));
    nghttp2_session_set_local_window_size(core_.session(), NGHTTP2_FLAG_NONE, 0,
                                          static_cast<std::int32_t>(settings.connection_window));
  }

  void receive(std::string_view data) override {
    core_.receive(data);
    close_if_finished();
  }

  void receive_end() override { forget_all(); }

  // A paused stream is held back by its window; the others go on.
  bool wants_read() const override { return true; }

  void respond(StreamId id, const ResponseHead& head, Bytes body) override {
    Http2Stream* stream = core_.find(id);
    if (stream == nullptr || stream->local_started) return;
    char digits[24];
    std::string_view length;
    if (may_have_body(head.status) && !body.empty()) {
      const auto end = std::to_chars(digits, digits + sizeof digits, body.size()).ptr;
      length = {digits, static_cast<std::size_t>(end - digits)};
    }
    const bool with_body = !length.empty() && stream->head.method != "HEAD";
    core_.submit_response(*stream, head, length, date_, with_body);
    if (!with_body) return;
    core_.write(*stream, std::move(body));
    core_.finish(*stream);
  }

  void start(StreamId id, const ResponseHead& head) override {
    Http2Stream* stream = core_.find(id);
    if (stream == nullptr || stream->local_started) return;
    core_.submit_response(*stream, head, {}, date_,
                          may_have_body(head.status) && stream->head.method != "HEAD");
  }

  void write(StreamId id, Bytes data) override {
    Http2Stream* stream = core_.find(id);
    if (stream != nullptr && stream->local_started) core_.write(*stream, std::move(data));
  }

  void finish(StreamId id) override {
    Http2Stream* stream = core_.find(id);
    if (stream != nullptr && stream->local_started) core_.finish(*stream);
  }

  void reset(StreamId id) override {
    if (Http2Stream* stream = core_.find(id)) core_.reset(*stream, NGHTTP2_CANCEL);
  }

  void set_paused(StreamId id, bool paused) override {
    if (Http2Stream* stream = core_.find(id)) core_.set_paused(*stream, paused);
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

  Waiting waiting() const override {
    if (core_.streams().size() > known_) return Waiting::kHead;
    if (open_bodies_ > 0) {
      for (const auto& [id, stream] : core_.streams()) {
        if (!stream->remote_done && !stream->paused) return Waiting::kBody;
      }
    }
    return known_ == 0 ? Waiting::kRequest : Waiting::kNothing;
  }

  void time_out() override {
    switch (waiting()) {
      case Waiting::kHead:
        nghttp2_session_terminate_session(core_.session(), NGHTTP2_ENHANCE_YOUR_CALM);
        return;
      case Waiting::kRequest:
        nghttp2_session_terminate_session(core_.session(), NGHTTP2_NO_ERROR);
        return;
      case Waiting::kBody:
        for (const auto& [id, stream] : core_.streams()) look_at_body(*stream);
        return;
      case Waiting::kNothing:
        return;
    }
  }

  bool times_bodies() const override { return true; }

  void drain() override {
    if (std::exchange(draining_, true)) return;
    // Requests may be on their way. The first GOAWAY asks for no more; the second, once the peer
    // must have seen it, says which were taken.
    nghttp2_submit_shutdown_notice(core_.session());
    nghttp2_submit_ping(core_.session(), NGHTTP2_FLAG_NONE, nullptr);
  }

  bool finished() const override { return gone_; }

 private:
  void look_at_body(Http2Stream& stream) {
    if (stream.remote_done) return;
    if (stream.paused) {
      stream.silent_looks = 0;
    } else if (++stream.silent_looks > kBodyLooks) {
      // Whoever has an answer on its way already gets no other.
      if (stream.local_started) return core_.reset(stream, NGHTTP2_CANCEL);
      core_.submit_response(stream, {408, {}}, {}, date_, false);
    }
  }

  void on_head(Http2Stream& stream, bool ends) override {
    if (core_.head_too_large(stream)) {
      core_.submit_response(stream, {431, {}}, {}, date_, false);
      return;
    }
    // CONNECT has neither path nor scheme.
    if (stream.head.method == "CONNECT") stream.head.target.clear();
    stream.known = true;
    ++known_;
    if (!ends) ++open_bodies_;
    RequestReceived event{static_cast<StreamId>(stream.id), std::move(stream.head), ends};
    stream.head.method = event.head.method;  // HEAD changes how the answer is framed
    event.head.version = Version::kHttp2;
    events_.emplace_back(std::move(event));
  }

  void on_body(Http2Stream& stream, std::string_view data) override {
    stream.silent_looks = 0;
    if (!stream.known || stream.local_done) return;
    events_.emplace_back(BodyReceived{static_cast<StreamId>(stream.id), Bytes(data)});
  }

  void on_body_end(Http2Stream& stream) override {
    if (!stream.known) return;
    --open_bodies_;
    events_.emplace_back(BodyEnded{static_cast<StreamId>(stream.id)});
  }

  void on_drained(Http2Stream& stream) override {
    events_.emplace_back(Drained{static_cast<StreamId>(stream.id)});
  }

  void on_end_sent(Http2Stream& stream) override {
    // The answer is complete; what the client still sends is not wanted (RFC 9113, 8.1).
    if (!stream.remote_done) core_.reset(stream, NGHTTP2_NO_ERROR);
  }

  void on_stream_closed(Http2Stream& stream, std::uint32_t) override {
    if (!stream.known) return;
    --known_;
    if (!stream.remote_done) --open_bodies_;
    events_.emplace_back(StreamClosed{static_cast<StreamId>(stream.id)});
  }

  void on_control_frame(const nghttp2_frame& frame) override {
    const bool acked = frame.hd.type == NGHTTP2_PING && (frame.hd.flags & NGHTTP2_FLAG_ACK) != 0;
    if (!acked || !draining_) return;
    nghttp2_submit_goaway(core_.session(), NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(core_.session()),
                          NGHTTP2_NO_ERROR, nullptr, 0);
  }

  void close_if_finished() {
    if (!gone_ && core_.finished()) forget_all();
  }

  void forget_all() {
    if (std::exchange(gone_, true)) return;
    for (const auto& [id, stream] : core_.streams()) {
      if (std::exchange(stream->known, false)) {
        events_.emplace_back(StreamClosed{static_cast<StreamId>(id)});
      }
    }
    known_ = 0;
    open_bodies_ = 0;
  }

  const std::string& date_;
  Http2Core core_;
  std::size_t known_ = 0;
  std::size_t open_bodies_ = 0;
  bool draining_ = false;
  bool gone_ = false;
};

}  // namespace

std::unique_ptr<ServerSession> make_http2_server(const ServerSettings& settings,
                                                 const std::string& date) {
  return std::make_unique<Http2ServerSession>(settings, date);
}

}  // namespace restate::http
