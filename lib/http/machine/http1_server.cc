// HTTP/1.1 as a server: one exchange at a time, the next request waits unread in `held_`.

#include "common/ascii.h"
#include "http/machine/headers_out.h"
#include "http/machine/http1_reader.h"
#include "http/machine/http1_target.h"
#include "http/machine/output.h"
#include "http/machine/server_session.h"

#include <cstdio>
#include <utility>

namespace restate::http {
namespace {

class Http1ServerSession final : public ServerSession, private Http1Listener {
 public:
  Http1ServerSession(const ServerSettings& settings, const std::string& date)
      : date_(date), reader_(Http1Reader::Side::kRequests, *this, settings.max_head_bytes) {}

  void receive(std::string_view data) override {
    if (closing_ || unreadable_) return;
    // Only what arrived although we do not want to read is kept, so this is bounded by one read.
    if (holding_ || !held_.empty()) {
      held_.append(data);
      return;
    }
    parse(data);
  }

  void receive_end() override {
    if (response_ == Response::kDone && !output_.empty()) {
      closing_ = true;  // our last word is said, let it out
      return;
    }
    abort();
  }

  // While a request is worked on we go on reading, to notice that its client has left; but not once
  // the next request is there.
  bool wants_read() const override { return held_.empty() && !paused_; }

  void respond(StreamId stream, const ResponseHead& head, Bytes body) override {
    if (!is_current(stream) || response_ != Response::kNone) return;
    decide_keep_alive();
    const bool bodied = may_have_body(head.status);
    std::uint64_t length = body.size();
    if (is_head_ && body.empty()) {  // the length of what GET would have answered
      length = parse_decimal(head.headers.find("content-length").value_or("0")).value_or(0);
    }
    write_head(head, bodied ? Framing::kLength : Framing::kNone, length);
    if (bodied && !is_head_) output_.append(std::move(body));
    complete_response();
  }

  void start(StreamId stream, const ResponseHead& head) override {
    if (!is_current(stream) || response_ != Response::kNone) return;
    decide_keep_alive();
    if (!may_have_body(head.status)) {
      framing_ = Framing::kNone;
    } else if (const auto length = head.headers.find("content-length")) {
      framing_ = Framing::kLength;
      remaining_ = parse_decimal(*length).value_or(0);
    } else if (version_ == Version::kHttp11) {
      framing_ = Framing::kChunked;
    } else {
      framing_ = Framing::kUntilClose;
      keep_alive_ = false;
    }
    write_head(head, framing_, remaining_);
    response_ = Response::kOpen;
  }

  void write(StreamId stream, Bytes data) override {
    if (!is_current(stream) || response_ != Response::kOpen || data.empty() || is_head_) return;
    switch (framing_) {
      case Framing::kNone:
        return;
      case Framing::kLength:
        // More than was promised would be read as the next response.
        data = data.slice(0, static_cast<std::size_t>(remaining_));
        remaining_ -= data.size();
        output_.append(std::move(data));
        break;
      case Framing::kChunked: {
        char size[24];
        std::snprintf(size, sizeof size, "%zx\r\n", data.size());
        output_.append(std::string_view(size));
        output_.append(std::move(data));
        output_.append(std::string_view("\r\n"));
        break;
      }
      case Framing::kUntilClose:
        output_.append(std::move(data));
        break;
    }
    was_high_ = was_high_ || output_.size() > kHighWater;
  }

  void finish(StreamId stream) override {
    if (!is_current(stream) || response_ != Response::kOpen) return;
    if (!is_head_) {
      if (framing_ == Framing::kChunked) output_.append(std::string_view("0\r\n\r\n"));
      // Less than was promised: only the end of the connection tells the client.
      if (framing_ == Framing::kLength && remaining_ > 0) keep_alive_ = false;
    }
    complete_response();
  }

  void reset(StreamId stream) override {
    if (is_current(stream)) abort();
  }

  void set_paused(StreamId stream, bool paused) override {
    if (is_current(stream)) paused_ = paused;
  }

  std::size_t unsent(StreamId stream) const override {
    return is_current(stream) ? output_.size() : 0;
  }

  bool wants_write() const override {
    return !output_.empty() || owes_continue() || (active_ && response_ == Response::kDone);
  }

  void collect(ByteChain& out, std::size_t max_bytes) override {
    if (owes_continue()) {
      output_.append(std::string_view("HTTP/1.1 100 Continue\r\n\r\n"));
      expects_continue_ = false;
    }
    output_.take(out, max_bytes);
    if (was_high_ && output_.size() < kLowWater) {
      was_high_ = false;
      if (active_) events_.emplace_back(Drained{id_});
    }
    if (active_ && response_ == Response::kDone && output_.empty()) {
      active_ = false;
      paused_ = false;
      events_.emplace_back(StreamClosed{id_});
      next();
    }
  }

  Waiting waiting() const override {
    if (reader_.in_head()) return Waiting::kHead;
    if (body_open_ && !paused_) return Waiting::kBody;
    return active_ ? Waiting::kNothing : Waiting::kRequest;
  }

  void time_out() override {
    if (!reader_.in_head() && !body_open_) {
      closing_ = true;
      return;
    }
    refuse(408);
  }

  void drain() override {
    keep_alive_ = false;
    draining_ = true;
    if (!active_ && !reader_.in_head()) closing_ = true;
  }

  bool finished() const override { return closing_ && output_.empty(); }

 private:
  enum class Response : std::uint8_t { kNone, kOpen, kDone };
  enum class Framing : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

  bool is_current(StreamId stream) const { return active_ && stream == id_; }

  bool owes_continue() const {
    return active_ && expects_continue_ && response_ == Response::kNone && body_open_ && !paused_;
  }

  // -- Reading --

  void parse(std::string_view data) {
    const Http1Reader::Status status = reader_.read(data);
    switch (status) {
      case Http1Reader::Status::kOk:
        return;
      case Http1Reader::Status::kStopped:
        held_.assign(data);
        if (!active_) next();
        return;
      case Http1Reader::Status::kBad:
        if (active_ && response_ == Response::kNone) {
          keep_alive_ = false;
          body_open_ = false;
          unreadable_ = true;
          events_.emplace_back(BodyFailed{id_, reader_.error_reason()});
        } else {
          refuse(reader_.error_status());
        }
        return;
    }
  }

  /// Whatever comes next on this connection: the request that was held, or the end.
  void next() {
    if (active_ || body_open_) return;
    holding_ = false;
    if (!keep_alive_) {
      closing_ = true;
      held_.clear();
      return;
    }
    while (!held_.empty() && !holding_ && !closing_) {
      const std::string data = std::exchange(held_, {});
      parse(data);
    }
  }

  bool on_head() override {
    is_head_ = reader_.method() == "HEAD";
    version_ = reader_.version();
    keep_alive_ = reader_.keep_alive() && !draining_;
    response_ = Response::kNone;
    framing_ = Framing::kNone;
    remaining_ = 0;
    discarded_ = 0;
    was_high_ = false;
    active_ = true;
    body_open_ = true;
    ++id_;

    RequestReceived event{id_, {}, false};
    event.head.method = reader_.method();
    event.head.version = version_;
    event.head.headers = std::move(reader_.headers());
    read_target(reader_.url(), event.head);
    const auto expect = event.head.headers.find("expect");
    expects_continue_ =
        version_ == Version::kHttp11 && expect && ascii_equal(*expect, "100-continue");
    head_event_ = events_.size();
    events_.emplace_back(std::move(event));
    return false;
  }

  void on_body(std::string_view data) override {
    expects_continue_ = false;
    if (active_ && response_ != Response::kDone) {
      events_.emplace_back(BodyReceived{id_, Bytes(data)});
      return;
    }
    // Nobody wants it. A little is cheaper to read than a new connection; a lot is not.
    discarded_ += data.size();
    if (discarded_ > kMaxDiscardedBytes) {
      keep_alive_ = false;
      closing_ = true;
    }
  }

  bool on_message_end() override {
    body_open_ = false;
    if (active_ && response_ != Response::kDone) {
      auto* request = head_event_ + 1 == events_.size()
                          ? std::get_if<RequestReceived>(&events_.back())
                          : nullptr;
      if (request != nullptr && request->stream == id_) {
        request->ends = true;
      } else {
        events_.emplace_back(BodyEnded{id_});
      }
    }
    // One exchange at a time: answers go out in order because the next request is not looked at.
    holding_ = true;
    return true;
  }

  // -- Writing --

  void decide_keep_alive() {
    if (draining_) keep_alive_ = false;
    // A client that waits for "100 Continue" may or may not send its body after another answer;
    // we could not tell the body from the next request.
    if (body_open_ && expects_continue_) keep_alive_ = false;
    if (body_open_ && reader_.body_remaining() > kMaxDiscardedBytes) keep_alive_ = false;
  }

  void write_head(const ResponseHead& head, Framing framing, std::uint64_t length) {
    char line[32];
    std::snprintf(line, sizeof line, "HTTP/1.%c %03d ", version_ == Version::kHttp10 ? '0' : '1',
                  head.status);
    output_.append(std::string_view(line));
    output_.append(reason_phrase(head.status));
    output_.append(std::string_view("\r\n"));
    bool has_date = false;
    for (const Header& header : head.headers) {
      if (is_hop_by_hop(header.name) || !is_sendable(header)) continue;
      if (ascii_equal(header.name, "content-length")) continue;
      if (ascii_equal(header.name, "date")) has_date = true;
      output_.append(std::string_view(header.name));
      output_.append(std::string_view(": "));
      output_.append(std::string_view(header.value));
      output_.append(std::string_view("\r\n"));
    }
    switch (framing) {
      case Framing::kNone:
      case Framing::kUntilClose:
        break;
      case Framing::kLength:
        std::snprintf(line, sizeof line, "%llu\r\n", static_cast<unsigned long long>(length));
        output_.append(std::string_view("content-length: "));
        output_.append(std::string_view(line));
        break;
      case Framing::kChunked:
        output_.append(std::string_view("transfer-encoding: chunked\r\n"));
        break;
    }
    // Each version has a default that goes without saying, and who broke the framing of its own
    // request is not expected to go on.
    if (!keep_alive_ && version_ == Version::kHttp11 && !unreadable_) {
      output_.append(std::string_view("connection: close\r\n"));
    } else if (keep_alive_ && version_ == Version::kHttp10) {
      output_.append(std::string_view("connection: keep-alive\r\n"));
    }
    if (!has_date) {
      output_.append(std::string_view("date: "));
      output_.append(std::string_view(date_));
      output_.append(std::string_view("\r\n"));
    }
    output_.append(std::string_view("\r\n"));
  }

  void complete_response() {
    response_ = Response::kDone;
    paused_ = false;
    // An unread body stands between us and the next request; `on_body` throws it away, unless the
    // client was told to stop here.
    if (body_open_ && !keep_alive_) {
      body_open_ = false;
      closing_ = true;
    }
  }

  /// The client broke the protocol or is too slow: one last answer, if none has begun.
  void refuse(int status) {
    if (active_ && response_ == Response::kOpen) return abort();
    if (active_ ? response_ == Response::kDone : body_open_) {  // it was answered already
      keep_alive_ = false;
      body_open_ = false;
      closing_ = true;
      return;
    }
    if (active_) {
      active_ = false;
      events_.emplace_back(StreamClosed{id_});
    } else {
      version_ = Version::kHttp11;
    }
    is_head_ = false;
    keep_alive_ = false;
    body_open_ = false;
    write_head({status, {}}, Framing::kLength, 0);
    closing_ = true;
  }

  /// The end, at once.
  void abort() {
    output_.clear();
    held_.clear();
    closing_ = true;
    body_open_ = false;
    if (!active_) return;
    active_ = false;
    events_.emplace_back(StreamClosed{id_});
  }

  const std::string& date_;
  Http1Reader reader_;
  Output output_;
  std::string held_;  ///< what came after the current request

  StreamId id_ = 0;
  std::size_t head_event_ = 0;
  std::uint64_t remaining_ = 0;  ///< of a streaming response with `content-length`
  std::size_t discarded_ = 0;
  Version version_ = Version::kHttp11;
  Response response_ = Response::kNone;
  Framing framing_ = Framing::kNone;
  bool active_ = false;     ///< the owner knows the exchange `id_`
  bool body_open_ = false;  ///< the request's body is not complete
  bool holding_ = false;    ///< a request is complete and not yet done with
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool expects_continue_ = false;
  bool paused_ = false;
  bool was_high_ = false;
  bool draining_ = false;
  bool unreadable_ = false;  ///< what follows on this connection makes no sense
  bool closing_ = false;
};

}  // namespace

std::unique_ptr<ServerSession> make_http1_server(const ServerSettings& settings,
                                                 const std::string& date) {
  return std::make_unique<Http1ServerSession>(settings, date);
}

Preface detect_preface(std::string_view bytes) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  const std::string_view begin = bytes.substr(0, kPreface.size());
  if (kPreface.substr(0, begin.size()) != begin) return Preface::kHttp1;
  return begin.size() == kPreface.size() ? Preface::kHttp2 : Preface::kNeedMore;
}

}  // namespace restate::http
