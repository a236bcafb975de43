#pragma once

/// \file
/// A libuv stream handle with a life of its own: libuv needs its memory until the close callback,
/// which comes after the object that used it is gone.

#include <restate/runtime.h>

#include <uv.h>

#include <string>

namespace restate::uv {

class UvStream;
class UvListener;

class Socket {
 public:
  static Socket* make_tcp(uv_loop_t* loop, int family = AF_UNSPEC);
  static Socket* make_unix(uv_loop_t* loop);

  uv_handle_t* handle() { return &memory_.any; }
  uv_stream_t* stream() { return &memory_.stream; }
  uv_tcp_t* tcp() { return &memory_.tcp; }
  uv_pipe_t* pipe() { return &memory_.pipe; }
  bool is_tcp() const { return memory_.any.type == UV_TCP; }
  /// `127.0.0.1:53122`, or empty.
  Address local_address() const;
  Address peer_address() const;

  /// Frees the socket, soon. With `reset`, the peer sees that bytes are missing.
  void close(bool reset = false);

  /// Whom callbacks are for; null once it is gone.
  UvStream* stream_owner = nullptr;
  UvListener* listener_owner = nullptr;

 private:
  Socket() = default;
  ~Socket() = default;

  union {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
  } memory_;
};

inline Socket& socket_of(const void* handle) {
  return *static_cast<Socket*>(static_cast<const uv_handle_t*>(handle)->data);
}

}  // namespace restate::uv
