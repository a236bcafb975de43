#pragma once

/// \file
/// An HTTP server on one shard: HTTP/1.1 and HTTP/2 on the same port, told apart by their first
/// bytes. Everything is called on the shard, and no callback runs inside a call that caused it.

#include <restate/bytes.h>
#include <restate/completion.h>
#include <restate/runtime.h>

#include "common/metrics.h"
#include "http/limits.h"
#include "http/message.h"

#include <cstdint>
#include <memory>

namespace restate::http {

class TlsAcceptor;

/// The server's side of one exchange. Valid until `ServerRequest::on_closed`, or, for a handler
/// that returned no `ServerRequest`, until the handler returned.
class ServerStream {
 public:
  /// The whole response at once. Adds `content-length` (not for 204 and 304) and `date`. The body
  /// is left out for HEAD, its length is not.
  virtual void respond(ResponseHead head, Bytes body) = 0;
  /// The start of a streaming response; `date` is added.
  virtual void start(ResponseHead head) = 0;
  /// More of the body. Allowed after `start`.
  virtual void write(Bytes data) = 0;
  /// The end of the body.
  virtual void finish() = 0;
  /// Gives up: RST_STREAM(CANCEL) in HTTP/2, a closed connection in HTTP/1.1. `on_closed` follows.
  virtual void reset() = 0;
  /// What was written and has not yet left for the socket.
  virtual std::size_t unsent_bytes() const = 0;
  /// Back-pressure on the request body. What is on its way, at most a window, may still arrive.
  virtual void pause_body() = 0;
  virtual void resume_body() = 0;
  /// For logs: `127.0.0.1:53122`.
  virtual std::string peer() const = 0;

 protected:
  ~ServerStream() = default;
};

/// The handler's side of one exchange; the server owns it.
class ServerRequest {
 public:
  virtual ~ServerRequest() = default;
  virtual void on_body(Bytes data) = 0;
  virtual void on_body_end() = 0;
  /// The rest of the body is nonsense (HTTP/1.1 framing). Whoever does not answer here answers 400;
  /// then the connection closes.
  virtual void on_body_error(const Error& error) { static_cast<void>(error); }
  /// `unsent_bytes()` was above `kHighWater` and is below `kLowWater` now.
  virtual void on_drained() {}
  /// The exchange is over: the response is with the socket, or the peer has gone, or the stream was
  /// reset. The stream is invalid from here on and this object is destroyed. Not called when the
  /// server itself is destroyed: then only the destructor runs.
  virtual void on_closed() = 0;
};

class ServerHandler {
 public:
  /// A request has arrived; its body follows. `stream` may be answered here or later. Null means:
  /// answered already, and nothing more is of interest.
  virtual std::unique_ptr<ServerRequest> on_request(RequestHead head, ServerStream& stream) = 0;

 protected:
  ~ServerHandler() = default;
};

struct ServerOptions {
  std::uint32_t max_concurrent_streams = kServerMaxStreams;
  std::uint32_t stream_window = kServerStreamWindow;
  std::uint32_t max_stream_window = kServerMaxStreamWindow;
  std::uint32_t connection_window = kServerConnectionWindow;
  std::size_t max_header_list_bytes = kMaxHeaderListBytes;
  std::size_t max_head_bytes = kMaxHeadBytes;
  /// Open connections; more are closed on arrival.
  std::size_t max_connections = 65'536;
  /// A head that has begun must be complete after this; zero: no limit.
  Duration head_timeout = kHeadTimeout;
  /// The longest silence within a request body that is not paused; zero: no limit. Services that
  /// talk both ways must set it to zero. HTTP/2 may take a quarter more.
  Duration body_timeout = kBodyTimeout;
  /// The longest life of a connection without a request; zero: no limit.
  Duration idle_timeout{};
  /// Null: plain text. Must outlive the server.
  TlsAcceptor* tls = nullptr;
};

/// What has happened to the connections of a server so far.
struct ServerStats {
  Counter accepted, closed;
};

class Server {
 public:
  /// `handler` must outlive the server.
  Server(Shard& shard, ServerOptions options, ServerHandler& handler);
  /// Drops all connections at once.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// May be called several times. Returns the address in use.
  /// - `kAlreadyExists`: the address is taken.
  Result<Address> listen(const Address& address);
  /// Serves a connection that came by another way.
  void accept(std::unique_ptr<Stream> stream);

  void stop_accepting();
  /// Stops accepting, asks the peers to finish (GOAWAY, `connection: close`), closes what is idle,
  /// gives running exchanges until `grace` has passed, then drops the rest. Completes when no
  /// connection is left.
  void close(Duration grace, Completion<void> done);

  std::size_t connections() const;
  const ServerStats& stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace restate::http
