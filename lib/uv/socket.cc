#include "uv/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace restate::uv {
namespace {

Address address_of(const sockaddr_storage& name) {
  Address address;
  char text[INET6_ADDRSTRLEN] = {};
  if (name.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&name);
    uv_ip4_name(v4, text, sizeof(text));
    address.port = ntohs(v4->sin_port);
  } else if (name.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&name);
    uv_ip6_name(v6, text, sizeof(text));
    address.port = ntohs(v6->sin6_port);
  }
  address.host = text;
  return address;
}

}  // namespace

Socket* Socket::make_tcp(uv_loop_t* loop, int family) {
  auto* socket = new Socket;
  const int failed = uv_tcp_init_ex(loop, socket->tcp(), static_cast<unsigned>(family));
  if (failed != 0) {  // out of file descriptors: the only case, and only with a family
    delete socket;
    return nullptr;
  }
  socket->handle()->data = socket;
  return socket;
}

Socket* Socket::make_unix(uv_loop_t* loop) {
  auto* socket = new Socket;
  uv_pipe_init(loop, socket->pipe(), 0);
  socket->handle()->data = socket;
  return socket;
}

Address Socket::local_address() const {
  sockaddr_storage name{};
  int size = sizeof(name);
  uv_tcp_getsockname(&memory_.tcp, reinterpret_cast<sockaddr*>(&name), &size);
  return address_of(name);
}

Address Socket::peer_address() const {
  sockaddr_storage name{};
  int size = sizeof(name);
  uv_tcp_getpeername(&memory_.tcp, reinterpret_cast<sockaddr*>(&name), &size);
  return address_of(name);
}

void Socket::close(bool reset) {
  stream_owner = nullptr;
  listener_owner = nullptr;
  const uv_close_cb free_it = [](uv_handle_t* closed) { delete &socket_of(closed); };
  if (reset && is_tcp() && uv_tcp_close_reset(tcp(), free_it) == 0) return;
  uv_close(handle(), free_it);
}

}  // namespace restate::uv
