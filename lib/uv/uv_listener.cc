#include "uv/socket.h"
#include "uv/uv_network.h"
#include "uv/uv_shard.h"
#include "uv/uv_stream.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <memory>

namespace restate::uv {

class UvListener final : public Listener, private Resource {
 public:
  using OnAccept = Function<void(std::unique_ptr<Stream>)>;

  UvListener(UvShard& shard, Socket* socket, Address address, OnAccept on_accept)
      : Resource(shard),
        socket_(socket),
        address_(std::move(address)),
        on_accept_(std::make_shared<OnAccept>(std::move(on_accept))) {
    socket_->listener_owner = this;
  }
  ~UvListener() override { abandon(); }

  Address address() const override { return address_; }
  void on_connection(int status);

  /// What libuv calls for every connection.
  static void callback(uv_stream_t* server, int status) {
    UvListener* owner = socket_of(server).listener_owner;
    if (owner != nullptr) owner->on_connection(status);
  }

 private:
  void abandon() override;

  Socket* socket_;
  const Address address_;
  std::shared_ptr<OnAccept> on_accept_;
};

namespace {

constexpr int kBacklog = 4096;  // the system cuts it to its own limit

Error cannot_listen(const Address& address, int status) {
  const Code code = status == UV_EADDRINUSE ? Code::kAlreadyExists : Code::kUnavailable;
  return uv_error(code, "listening on " + address.str(), status);
}

/// Whether anybody listens on a port, with SO_REUSEPORT or without.
int probe_port(const sockaddr_storage& name) {
  const int fd = ::socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const socklen_t size = name.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const int failed = ::bind(fd, reinterpret_cast<const sockaddr*>(&name), size) == 0 ? 0 : -errno;
  ::close(fd);
  return failed;
}

/// Whether a process accepts on a unix socket, or only its file is left.
bool somebody_accepts(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  const bool accepted = ::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
  ::close(fd);
  return accepted;
}

int bind_tcp(Socket& socket, const sockaddr_storage& name, bool shared_port) {
  if (shared_port) {
    uv_os_fd_t fd = -1;
    if (const int failed = uv_fileno(socket.handle(), &fd); failed != 0) return failed;
    const int on = 1;
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) return -errno;
  }
  if (const int failed = uv_tcp_bind(socket.tcp(), reinterpret_cast<const sockaddr*>(&name), 0);
      failed != 0) {
    return failed;
  }
  return uv_listen(socket.stream(), kBacklog, &UvListener::callback);
}

}  // namespace

void UvListener::on_connection(int status) {
  if (status != 0) {
    shard_.log().warn("uv", "accepting failed",
                      {{"address", address_.str()}, {"error", uv_strerror(status)}});
    return;
  }
  Socket* accepted =
      socket_->is_tcp() ? Socket::make_tcp(shard_.loop()) : Socket::make_unix(shard_.loop());
  if (uv_accept(socket_->stream(), accepted->stream()) != 0) return accepted->close();
  std::string peer = accepted->is_tcp() ? accepted->peer_address().str() : address_.str();
  // The callback may destroy this listener.
  const std::shared_ptr<OnAccept> on_accept = on_accept_;
  (*on_accept)(std::make_unique<UvStream>(shard_, accepted, std::move(peer)));
}

void UvListener::abandon() {
  if (socket_ == nullptr) return;
  std::exchange(socket_, nullptr)->close();
  if (address_.is_unix()) return;
  PortTable& ports = shard_.ports();
  const std::lock_guard lock(ports.mutex);
  const auto entry = ports.shards_by_address.find(address_.str());
  if (entry == ports.shards_by_address.end()) return;
  entry->second.erase(shard_.index());
  if (entry->second.empty()) ports.shards_by_address.erase(entry);
}

Result<std::unique_ptr<Listener>> listen_tcp(UvShard& shard, const Address& address,
                                             Function<void(std::unique_ptr<Stream>)> on_accept) {
  sockaddr_storage name{};
  if (!literal_address(address, name)) {
    return Error{Code::kInvalidArgument,
                 "listening on " + address.str() + ": that needs an address, not a name"};
  }
  PortTable& ports = shard.ports();
  const std::lock_guard lock(ports.mutex);
  Address wanted = address;
  if (wanted.host.empty()) wanted.host = "0.0.0.0";
  if (wanted.host == "localhost") wanted.host = "127.0.0.1";
  const auto sharing = ports.shards_by_address.find(wanted.str());
  const bool joins = address.port != 0 && sharing != ports.shards_by_address.end();
  if (joins && sharing->second.contains(shard.index())) {
    return cannot_listen(address, UV_EADDRINUSE);
  }
  const bool shared_port = shard.shard_count() > 1;
  if (shared_port && !joins && address.port != 0) {
    if (const int failed = probe_port(name); failed != 0) return cannot_listen(address, failed);
  }

  Socket* socket = Socket::make_tcp(shard.loop(), name.ss_family);
  if (socket == nullptr) return cannot_listen(address, UV_EMFILE);
  if (const int failed = bind_tcp(*socket, name, shared_port); failed != 0) {
    socket->close();
    return cannot_listen(address, failed);
  }
  const Address bound = socket->local_address();
  ports.shards_by_address[bound.str()].insert(shard.index());
  return std::unique_ptr<Listener>(
      std::make_unique<UvListener>(shard, socket, bound, std::move(on_accept)));
}

Result<std::unique_ptr<Listener>> listen_unix(UvShard& shard, const Address& address,
                                              Function<void(std::unique_ptr<Stream>)> on_accept) {
  if (address.unix_path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Error{Code::kInvalidArgument,
                 "listening on " + address.str() + ": the path is too long"};
  }
  Socket* socket = Socket::make_unix(shard.loop());
  const char* path = address.unix_path.c_str();
  int failed = uv_pipe_bind(socket->pipe(), path);
  if (failed == UV_EADDRINUSE && !somebody_accepts(address.unix_path)) {
    // A process that was killed left its file behind. A pipe that failed to bind binds again.
    ::unlink(path);
    failed = uv_pipe_bind(socket->pipe(), path);
  }
  if (failed == 0) failed = uv_listen(socket->stream(), kBacklog, &UvListener::callback);
  if (failed != 0) {
    socket->close();
    return cannot_listen(address, failed);
  }
  return std::unique_ptr<Listener>(
      std::make_unique<UvListener>(shard, socket, address, std::move(on_accept)));
}

}  // namespace restate::uv
