#pragma once

/// \file
/// An HTTP client with its connection pools, on one shard. HTTP/2 connections carry many streams,
/// HTTP/1.1 connections one at a time; request and response bodies flow at the same time in both.

#include <restate/bytes.h>
#include <restate/runtime.h>

#include "common/metrics.h"
#include "http/failure.h"
#include "http/limits.h"
#include "http/message.h"
#include "http/proxy.h"

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace restate::http {

class TlsConnector;

/// Which HTTP a target speaks. `kAny` is for https: ALPN offers both; without TLS it means HTTP/2.
enum class Protocol : std::uint8_t { kHttp1, kHttp2, kAny };

/// Whom to connect to; also the key of the pool.
struct Target {
  bool tls = false;
  std::string host;
  std::uint16_t port = 80;
  Protocol protocol = Protocol::kHttp2;
  auto operator<=>(const Target&) const = default;
};

/// What comes back. Called on the client's shard, never inside a call into the client or the
/// stream. Destroying the `ClientStream` in a callback is fine and is the last one; destroying the
/// `Client` there is not.
class ClientExchange {
 public:
  virtual void on_head(const ResponseHead& head) = 0;
  virtual void on_data(Bytes data) = 0;
  /// The response is complete; nothing follows but `on_drained`. The request body may still be
  /// open.
  virtual void on_end() = 0;
  /// `unsent_bytes()` was above `kHighWater` and is below `kLowWater` now.
  virtual void on_drained() {}
  /// Nothing follows.
  virtual void on_error(const Failure& failure) = 0;

 protected:
  ~ClientExchange() = default;
};

/// Our side of one exchange. Destroying it cancels what is not complete: RST_STREAM(CANCEL) in
/// HTTP/2, a closed connection in HTTP/1.1. Must not outlive the client.
class ClientStream {
 public:
  virtual ~ClientStream() = default;
  /// More of the request body.
  virtual void write(Bytes data) = 0;
  /// The end of the request body.
  virtual void finish() = 0;
  /// What was written and has not yet left for the socket.
  virtual std::size_t unsent_bytes() const = 0;
  /// Back-pressure on the response. What is on its way, at most a window, may still arrive.
  virtual void pause() = 0;
  virtual void resume() = 0;
};

struct ClientOptions {
  std::uint32_t streams_per_connection = kClientStreamsPerConnection;
  std::uint32_t initial_streams = kClientInitialStreams;
  std::uint32_t stream_window = kClientStreamWindow;
  std::uint32_t connection_window = kClientConnectionWindow;
  std::uint32_t max_frame_bytes = kMaxFrameBytes;  ///< of what the peer sends
  Duration connect_timeout = kConnectTimeout;  ///< TLS included
  Duration ping_interval = kPingInterval;      ///< zero: no PINGs
  std::uint32_t ping_jitter_percent = kPingJitterPercent;
  Duration ping_timeout = kPingTimeout;
  Duration idle_timeout = kIdleTimeout;  ///< zero: never
  /// Null: https targets fail with `kTls`. Must outlive the client.
  TlsConnector* tls = nullptr;
  /// Connections go through a tunnel that it makes; nothing: directly.
  std::optional<Proxy> proxy;
  std::string no_proxy;  ///< see `is_exempt`
};

/// What has happened in the pools of a client so far.
struct ClientStats {
  Counter connections_opened, connections_failed, connections_closed;
  /// A stream opens when its head leaves; one that fails before never did.
  Counter streams_opened, streams_failed, streams_closed;
  Distribution acquire;      ///< from the request to the opening of its stream
  Distribution streaming;    ///< from then to the end
  Distribution utilization;  ///< streams of a connection per 1000 it could carry, at each opening

  /// As `connection_pool_...`.
  void collect(MetricsSnapshot& out);
};

class Client {
 public:
  Client(Shard& shard, ClientOptions options);
  /// Closes all connections. Streams must be gone by then.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Starts a request. The head leaves at the end of this turn: if `finish` was called by then, a
  /// body that is complete is announced by `content-length` in HTTP/1.1 (an open one is chunked),
  /// and an empty one ends with the HEADERS frame in HTTP/2. `head.authority` defaults to the
  /// target's.
  std::unique_ptr<ClientStream> start(const Target& target, RequestHead head,
                                      ClientExchange& exchange);

  /// Open connections, those being opened included.
  std::size_t connections() const;
  ClientStats& stats();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::http
