// HTTP/1.1 as a client: one stream at a time; the response may come while the request is going out.

#include "common/ascii.h"
#include "http/machine/client_session.h"
#include "http/machine/headers_out.h"
#include "http/machine/http1_reader.h"
#include "http/machine/output.h"

#include <restate/assert.h>

#include <cstdio>
#include <utility>

namespace restate::http {
namespace {

class Http1ClientSession final : public ClientSession, private Http1Listener {
 public:
  explicit Http1ClientSession(const ClientSettings& settings)
      : reader_(Http1Reader::Side::kResponses, *this, settings.max_head_bytes) {}

  void receive(std::string_view data) override {
    if (closing_ || data.empty()) return;
    if (!response_open_) {
      // Bytes that nobody asked for: a 408 of an impatient server, or worse.
      keep_alive_ = false;
      closing_ = !active_;
      return;
    }
    if (!seen_anything_) {
      seen_anything_ = true;
      // A SETTINGS frame: three bytes of length, type 4. No HTTP/1 message starts with a zero.
      if (data.front() == '\0') {
        return fail(FailureKind::kPeerSpeaksHttp2, Code::kFailedPrecondition,
                    "the peer answered HTTP/1.1 with HTTP/2 frames");
      }
    }
    switch (reader_.read(data)) {
      case Http1Reader::Status::kOk:
        return;
      case Http1Reader::Status::kStopped:
        if (!data.empty()) keep_alive_ = false;  // more than one answer to one request
        return settle();
      case Http1Reader::Status::kBad:
        return fail(FailureKind::kProtocol, Code::kUnavailable,
                    std::string("the response is not valid HTTP/1.1: ") + reader_.error_reason());
    }
  }

  void receive_end() override {
    keep_alive_ = false;
    if (closing_) return;
    if (response_open_ && seen_anything_) {
      // A body without a length ends here. The listener sees the end of the message from inside.
      if (reader_.read_end() == Http1Reader::Status::kBad) response_open_ = true;
    }
    if (response_open_) {
      return fail(FailureKind::kLost, Code::kUnavailable,
                  "the connection ended before the response was complete");
    }
    // The response is there; what is left of the request has no reader any more.
    if (std::exchange(active_, false)) events_.emplace_back(StreamClosed{id_});
    output_.clear();
    closing_ = true;
  }

  bool wants_read() const override { return !paused_; }

  std::size_t capacity() const override { return 1; }
  std::size_t active() const override { return active_ ? 1 : 0; }
  bool can_open() const override { return !active_ && !retired(); }
  bool retired() const override { return closing_ || !keep_alive_; }

  StreamId open(const RequestHead& head) override {
    begin(head);
    output_.append(std::string_view("transfer-encoding: chunked\r\n\r\n"));
    request_open_ = true;
    return id_;
  }

  StreamId open(const RequestHead& head, Bytes body) override {
    begin(head);
    if (!body.empty() || head.method == "POST" || head.method == "PUT" || head.method == "PATCH") {
      char line[48];
      std::snprintf(line, sizeof line, "content-length: %zu\r\n", body.size());
      output_.append(std::string_view(line));
    }
    output_.append(std::string_view("\r\n"));
    output_.append(std::move(body));
    return id_;
  }

  void write(StreamId stream, Bytes data) override {
    if (!is_current(stream) || !request_open_ || data.empty()) return;
    char size[24];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    output_.append(std::string_view(size));
    output_.append(std::move(data));
    output_.append(std::string_view("\r\n"));
    was_high_ = was_high_ || output_.size() > kHighWater;
  }

  void finish(StreamId stream) override {
    if (!is_current(stream) || !request_open_) return;
    output_.append(std::string_view("0\r\n\r\n"));
    request_open_ = false;
    settle();
  }

  void reset(StreamId stream) override {
    if (!is_current(stream)) return;
    active_ = false;
    output_.clear();
    closing_ = true;
  }

  void set_paused(StreamId stream, bool paused) override {
    if (is_current(stream)) paused_ = paused;
  }

  std::size_t unsent(StreamId stream) const override {
    return is_current(stream) ? output_.size() : 0;
  }

  bool wants_write() const override { return !output_.empty(); }

  void collect(ByteChain& out, std::size_t max_bytes) override {
    output_.take(out, max_bytes);
    if (was_high_ && output_.size() < kLowWater) {
      was_high_ = false;
      if (active_) events_.emplace_back(Drained{id_});
    }
    settle();
  }

  bool ping() override { return false; }
  bool ping_unanswered() const override { return false; }
  bool finished() const override { return closing_ && output_.empty(); }

 private:
  bool is_current(StreamId stream) const { return active_ && stream == id_; }

  void begin(const RequestHead& head) {
    RESTATE_ASSERT(can_open(), "HTTP/1.1 carries one stream at a time");
    ++id_;
    active_ = true;
    request_open_ = false;
    response_open_ = true;
    seen_anything_ = false;
    is_head_ = head.method == "HEAD";
    paused_ = false;
    was_high_ = false;
    output_.append(std::string_view(head.method));
    output_.append(std::string_view(" "));
    output_.append(std::string_view(head.target));
    output_.append(std::string_view(" HTTP/1.1\r\nhost: "));
    output_.append(std::string_view(head.authority));
    output_.append(std::string_view("\r\n"));
    for (const Header& header : head.headers) {
      if (is_hop_by_hop(header.name) || !is_sendable(header)) continue;
      if (ascii_equal(header.name, "host")) continue;
      if (ascii_equal(header.name, "content-length")) continue;
      output_.append(std::string_view(header.name));
      output_.append(std::string_view(": "));
      output_.append(std::string_view(header.value));
      output_.append(std::string_view("\r\n"));
    }
  }

  bool on_head() override {
    if (!active_ || reader_.status() < 200) return false;  // 1xx: the answer is still to come
    keep_alive_ = keep_alive_ && reader_.keep_alive();
    ResponseReceived event{id_, {}};
    event.head.status = reader_.status();
    event.head.version = reader_.version();
    event.head.headers = std::move(reader_.headers());
    events_.emplace_back(std::move(event));
    return is_head_;
  }

  void on_body(std::string_view data) override {
    if (active_) events_.emplace_back(BodyReceived{id_, Bytes(data)});
  }

  bool on_message_end() override {
    if (!active_ || reader_.status() < 200) return false;
    response_open_ = false;
    paused_ = false;
    events_.emplace_back(BodyEnded{id_});
    return true;
  }

  /// Both directions are complete: the connection is free, or has served its time.
  void settle() {
    if (!active_ || request_open_ || response_open_ || !output_.empty()) return;
    active_ = false;
    events_.emplace_back(StreamClosed{id_});
    if (!keep_alive_) closing_ = true;
  }

  void fail(FailureKind kind, Code code, std::string message) {
    closing_ = true;
    output_.clear();
    if (!std::exchange(active_, false)) return;
    events_.emplace_back(StreamFailed{id_, Failure{kind, false, Error{code, std::move(message)}}});
  }

  Http1Reader reader_;
  Output output_;
  StreamId id_ = 0;
  bool active_ = false;
  bool request_open_ = false;
  bool response_open_ = false;
  bool seen_anything_ = false;  ///< of the current response
  bool keep_alive_ = true;
  bool is_head_ = false;
  bool paused_ = false;
  bool was_high_ = false;
  bool closing_ = false;
};

}  // namespace

std::unique_ptr<ClientSession> make_http1_client(const ClientSettings& settings) {
  return std::make_unique<Http1ClientSession>(settings);
}

}  // namespace restate::http
