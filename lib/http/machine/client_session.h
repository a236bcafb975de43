#pragma once

/// \file
/// The client's end of one connection, without the connection. The mirror of `ServerSession`.

#include <restate/bytes.h>

#include "http/limits.h"
#include "http/machine/events.h"
#include "http/message.h"

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace restate::http {

struct ClientSettings {
  std::uint32_t max_streams = kClientStreamsPerConnection;
  std::uint32_t initial_streams = kClientInitialStreams;
  std::uint32_t stream_window = kClientStreamWindow;
  std::uint32_t connection_window = kClientConnectionWindow;
  std::size_t max_head_bytes = kMaxHeadBytes;
  std::uint32_t max_frame_bytes = kMaxFrameBytes;
};

/// Calls that name a stream the session has forgotten do nothing.
class ClientSession {
 public:
  virtual ~ClientSession() = default;

  virtual void receive(std::string_view data) = 0;
  virtual void receive_end() = 0;
  virtual bool wants_read() const = 0;

  bool has_events() const { return !events_.empty(); }
  /// Replaces the content of `out`. Events appear in `receive`, `receive_end` and `collect`.
  void take_events(std::vector<ClientEvent>& out) {
    out.clear();
    out.swap(events_);
  }

  /// How many streams may run at once, as far as is known.
  virtual std::size_t capacity() const = 0;
  virtual std::size_t active() const = 0;
  /// True if `open` is allowed now; false for ever once `retired`.
  virtual bool can_open() const = 0;
  /// The peer said goodbye, or the connection cannot be used again: no new streams.
  virtual bool retired() const = 0;

  /// Starts a request. With `body`, all of its body is there and nothing may be written.
  virtual StreamId open(const RequestHead& head) = 0;
  virtual StreamId open(const RequestHead& head, Bytes body) = 0;
  virtual void write(StreamId stream, Bytes data) = 0;
  virtual void finish(StreamId stream) = 0;
  /// Forgets the stream; no event follows.
  virtual void reset(StreamId stream) = 0;
  virtual void set_paused(StreamId stream, bool paused) = 0;
  virtual std::size_t unsent(StreamId stream) const = 0;

  virtual bool wants_write() const = 0;
  virtual void collect(ByteChain& out, std::size_t max_bytes) = 0;

  /// Asks for a sign of life. False if the protocol has no such thing.
  virtual bool ping() = 0;
  virtual bool ping_unanswered() const = 0;

  /// Write what is left, then close. Every stream has failed or closed by then.
  virtual bool finished() const = 0;

 protected:
  std::vector<ClientEvent> events_;
};

/// `settings` outlive the session.
std::unique_ptr<ClientSession> make_http1_client(const ClientSettings& settings);
std::unique_ptr<ClientSession> make_http2_client(const ClientSettings& settings);

}  // namespace restate::http
