#pragma once

/// \file
/// What the two ends of an HTTP/2 connection share: nghttp2 without its I/O, bodies that are not
/// copied on their way out, and windows that open as bodies are taken.

#include <restate/bytes.h>

#include "http/machine/output.h"
#include "http/message.h"

#include <nghttp2/nghttp2.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace restate::http {

struct Http2Stream {
  std::int32_t id = 0;
  bool known = false;  ///< to the owner of the session

  // What arrives.
  RequestHead head;  ///< a client uses its headers only
  int status = 0;
  std::size_t head_bytes = 0;
  bool head_done = false;
  bool remote_done = false;
  bool paused = false;
  std::uint32_t window = 0;
  std::size_t unconsumed = 0;  ///< received while paused, not yet credited
  std::uint64_t received = 0;
  std::uint32_t silent_looks = 0;  ///< a server's, since there was something of the body

  // What leaves.
  BodyQueue queue;
  bool local_started = false;
  bool head_sent = false;
  bool local_done = false;  ///< nothing follows the queue
  bool deferred = false;    ///< nghttp2 waits for us to have something
  bool was_high = false;
};

/// Called from within `Http2Core::receive` and `collect`. A stream is gone after
/// `on_stream_closed`.
class Http2Listener {
 public:
  virtual void on_head(Http2Stream& stream, bool ends) = 0;
  virtual void on_body(Http2Stream& stream, std::string_view data) = 0;
  virtual void on_body_end(Http2Stream& stream) = 0;
  virtual void on_drained(Http2Stream& stream) = 0;
  /// The frame with our END_STREAM is on its way.
  virtual void on_end_sent(Http2Stream& stream) = 0;
  virtual void on_stream_closed(Http2Stream& stream, std::uint32_t code) = 0;
  virtual void on_control_frame(const nghttp2_frame& frame) = 0;

 protected:
  ~Http2Listener() = default;
};

class Http2Core {
 public:
  struct Limits {
    std::uint32_t stream_window = 65'535;
    std::uint32_t max_stream_window = 65'535;  ///< streams that use theirs up grow to this
    std::size_t max_header_list_bytes = 0;
  };
  enum class Side : std::uint8_t { kServer, kClient };

  Http2Core(Side side, const Limits& limits, Http2Listener& listener);
  ~Http2Core();
  Http2Core(const Http2Core&) = delete;
  Http2Core& operator=(const Http2Core&) = delete;

  nghttp2_session* session() const { return session_; }
  std::map<std::int32_t, std::unique_ptr<Http2Stream>>& streams() { return streams_; }
  const std::map<std::int32_t, std::unique_ptr<Http2Stream>>& streams() const { return streams_; }
  Http2Stream* find(std::uint32_t id) const;

  void receive(std::string_view data);
  bool wants_write() const;
  void collect(ByteChain& out, std::size_t max_bytes);
  /// Above the limit; the headers behind it were dropped.
  bool head_too_large(const Http2Stream& stream) const {
    return stream.head_bytes > limits_.max_header_list_bytes;
  }
  /// Nothing more can come of this connection.
  bool finished() const;
  /// Why, if nghttp2 said so.
  const std::string& last_error() const { return last_error_; }

  /// Begins a request; `body_follows` false ends it with its HEADERS.
  std::int32_t submit_request(const RequestHead& head, bool body_follows);
  void submit_response(Http2Stream& stream, const ResponseHead& head, std::string_view length,
                       std::string_view date, bool body_follows);
  void write(Http2Stream& stream, Bytes data);
  void finish(Http2Stream& stream);
  void reset(Http2Stream& stream, std::uint32_t code);
  void set_paused(Http2Stream& stream, bool paused);

 private:
  friend struct Http2Callbacks;
  Http2Stream& add_stream(std::int32_t id);
  int on_header(Http2Stream& stream, std::string_view name, std::string_view value);
  void on_data(Http2Stream& stream, std::string_view data);
  void begin_headers();
  void push_header(std::string_view name, std::string_view value);
  void push_headers(const Headers& headers, bool with_content_length);

  nghttp2_session* session_ = nullptr;
  const Limits limits_;
  Http2Listener& listener_;
  std::map<std::int32_t, std::unique_ptr<Http2Stream>> streams_;
  Output output_;
  std::size_t max_output_ = 0;            ///< during `collect`
  std::vector<nghttp2_nv> headers_;       ///< reused for every head
  std::vector<std::string> lower_names_;  ///< what `headers_` points into
  std::string last_error_;
  bool broken_ = false;
};

}  // namespace restate::http
