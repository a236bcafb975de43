#pragma once

/// \file
/// The server's end of one connection, without the connection: bytes in, events out, answers in,
/// bytes out. HTTP/1.1 and HTTP/2 behind one face.

#include <restate/bytes.h>

#include "http/limits.h"
#include "http/machine/events.h"
#include "http/message.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace restate::http {

struct ServerSettings {
  std::uint32_t max_concurrent_streams = kServerMaxStreams;
  std::uint32_t stream_window = kServerStreamWindow;
  std::uint32_t max_stream_window = kServerMaxStreamWindow;
  std::uint32_t connection_window = kServerConnectionWindow;
  std::size_t max_header_list_bytes = kMaxHeaderListBytes;
  std::size_t max_head_bytes = kMaxHeadBytes;
};

/// What a connection waits for; the driver's clock decides how long.
enum class Waiting : std::uint8_t {
  kRequest,  ///< nothing has begun
  kHead,     ///< a head has begun
  kBody,     ///< at least one request body is open, and not paused
  kNothing,  ///< it is our turn
};

/// How often bodies that wait each for itself are looked at within their time.
inline constexpr std::uint32_t kBodyLooks = 4;

/// Calls that name a stream the session has forgotten do nothing: the peer may go at any time.
class ServerSession {
 public:
  virtual ~ServerSession() = default;

  virtual void receive(std::string_view data) = 0;
  /// The peer sends no more. It counts as gone: what it still waits for is closed.
  virtual void receive_end() = 0;
  /// False: do not read from the socket, a request is paused or has to wait for its turn.
  virtual bool wants_read() const = 0;

  bool has_events() const { return !events_.empty(); }
  /// Replaces the content of `out`. Events appear in `receive`, `receive_end`, `collect`,
  /// `time_out`.
  void take_events(std::vector<ServerEvent>& out) {
    out.clear();
    out.swap(events_);
  }

  virtual void respond(StreamId stream, const ResponseHead& head, Bytes body) = 0;
  virtual void start(StreamId stream, const ResponseHead& head) = 0;
  virtual void write(StreamId stream, Bytes data) = 0;
  virtual void finish(StreamId stream) = 0;
  virtual void reset(StreamId stream) = 0;
  virtual void set_paused(StreamId stream, bool paused) = 0;
  virtual std::size_t unsent(StreamId stream) const = 0;

  virtual bool wants_write() const = 0;
  /// Appends about `max_bytes` of what has to be written. What is left behind shows in
  /// `wants_write`.
  virtual void collect(ByteChain& out, std::size_t max_bytes) = 0;

  virtual Waiting waiting() const = 0;
  /// What `waiting` names took too long.
  virtual void time_out() = 0;
  /// True: bodies wait each for itself. While `waiting` says `kBody`, `time_out` is then called
  /// `kBodyLooks` times in their time, and ends those that were silent for all of it.
  virtual bool times_bodies() const { return false; }
  /// No new requests: GOAWAY, or `connection: close` with the next response.
  virtual void drain() = 0;
  /// Write what is left, then close.
  virtual bool finished() const = 0;

 protected:
  std::vector<ServerEvent> events_;
};

enum class Preface : std::uint8_t { kNeedMore, kHttp1, kHttp2 };

/// Tells the protocols apart by the first bytes a client sends.
Preface detect_preface(std::string_view bytes);

/// `date` is what the `date` header says, kept current by the owner; it and `settings` outlive the
/// session.
std::unique_ptr<ServerSession> make_http1_server(const ServerSettings& settings,
                                                 const std::string& date);
std::unique_ptr<ServerSession> make_http2_server(const ServerSettings& settings,
                                                 const std::string& date);

}  // namespace restate::http
