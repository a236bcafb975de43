#include "uv/socket.h"
#include "uv/uv_network.h"
#include "uv/uv_shard.h"
#include "uv/uv_stream.h"

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

namespace restate::uv {
namespace {

using Done = Function<void(Result<std::unique_ptr<Stream>>)>;

/// Looks the name up if it is one, then tries its addresses one after another.
class UvConnecting final : public Connecting, private Resource {
 public:
  UvConnecting(UvShard& shard, Address address, Done done)
      : Resource(shard), address_(std::move(address)), done_(std::move(done)) {}
  ~UvConnecting() override { abandon(); }

  void start(Duration timeout);

 private:
  struct ConnectRequest {
    uv_connect_t request;
    UvConnecting* owner;
  };
  struct LookupRequest {
    uv_getaddrinfo_t request;
    UvConnecting* owner;
  };

  void abandon() override;
  void look_up();
  void on_looked_up(int status, addrinfo* found);
  void try_next();
  void connect_unix();
  void on_connected(int status);
  ConnectRequest* expect_connect();
  void finish(Result<std::unique_ptr<Stream>> result);
  /// For failures inside the call that asked.
  void finish_later(Error error);
  std::string what() const { return "connecting to " + address_.str(); }

  const Address address_;
  Done done_;
  std::unique_ptr<Timer> timer_;
  std::vector<sockaddr_storage> candidates_;  // the next one last
  Socket* socket_ = nullptr;
  ConnectRequest* connect_ = nullptr;
  LookupRequest* lookup_ = nullptr;
  int last_failure_ = UV_EADDRNOTAVAIL;
  Scope scope_;
};

void UvConnecting::start(Duration timeout) {
  if (shard_.closed()) return finish_later({Code::kShutdown, what() + ": the shard is closed"});
  timer_ = shard_.make_timer([this] {
    finish(Error{Code::kTimeout, what() + ": no answer in time"});
  });
  timer_->arm(shard_.now() + timeout);
  sockaddr_storage name{};
  if (address_.is_unix()) {
    connect_unix();
  } else if (literal_address(address_, name)) {
    candidates_.push_back(name);
    try_next();
  } else {
    look_up();
  }
}

void UvConnecting::abandon() {
  timer_.reset();
  if (connect_ != nullptr) std::exchange(connect_, nullptr)->owner = nullptr;
  if (lookup_ != nullptr) {
    uv_cancel(reinterpret_cast<uv_req_t*>(&lookup_->request));
    std::exchange(lookup_, nullptr)->owner = nullptr;
  }
  if (socket_ != nullptr) std::exchange(socket_, nullptr)->close();
}

void UvConnecting::look_up() {
  lookup_ = new LookupRequest{{}, this};
  lookup_->request.data = lookup_;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  const int failed = uv_getaddrinfo(
      shard_.loop(), &lookup_->request,
      [](uv_getaddrinfo_t* request, int status, addrinfo* found) {
        const std::unique_ptr<LookupRequest> lookup(static_cast<LookupRequest*>(request->data));
        if (lookup->owner != nullptr) {
          lookup->owner->lookup_ = nullptr;
          lookup->owner->on_looked_up(status, found);
        }
        uv_freeaddrinfo(found);
      },
      address_.host.c_str(), std::to_string(address_.port).c_str(), &hints);
  if (failed != 0) {
    delete std::exchange(lookup_, nullptr);
    finish_later(uv_error(Code::kUnavailable, what(), failed));
  }
}

void UvConnecting::on_looked_up(int status, addrinfo* found) {
  if (status != 0) return finish(uv_error(Code::kUnavailable, what(), status));
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    sockaddr_storage name{};
    std::memcpy(&name, at->ai_addr, at->ai_addrlen);
    candidates_.insert(candidates_.begin(), name);
  }
  try_next();
}

UvConnecting::ConnectRequest* UvConnecting::expect_connect() {
  connect_ = new ConnectRequest{{}, this};
  connect_->request.data = connect_;
  return connect_;
}

void UvConnecting::try_next() {
  while (!candidates_.empty()) {
    const sockaddr_storage name = candidates_.back();
    candidates_.pop_back();
    socket_ = Socket::make_tcp(shard_.loop());
    ConnectRequest* connect = expect_connect();
    const int failed = uv_tcp_connect(
        &connect->request, socket_->tcp(), reinterpret_cast<const sockaddr*>(&name),
        [](uv_connect_t* request, int status) {
          const std::unique_ptr<ConnectRequest> done(static_cast<ConnectRequest*>(request->data));
          if (done->owner == nullptr) return;
          done->owner->connect_ = nullptr;
          done->owner->on_connected(status);
        });
    if (failed == 0) return;
    last_failure_ = failed;
    delete std::exchange(connect_, nullptr);
    std::exchange(socket_, nullptr)->close();
  }
  finish_later(uv_error(Code::kUnavailable, what(), last_failure_));
}

void UvConnecting::connect_unix() {
  socket_ = Socket::make_unix(shard_.loop());
  // Answers in its callback, failures too.
  uv_pipe_connect(
      &expect_connect()->request, socket_->pipe(), address_.unix_path.c_str(),
      [](uv_connect_t* request, int status) {
        const std::unique_ptr<ConnectRequest> done(static_cast<ConnectRequest*>(request->data));
        if (done->owner == nullptr) return;
        done->owner->connect_ = nullptr;
        done->owner->on_connected(status);
      });
}

void UvConnecting::on_connected(int status) {
  if (status == 0) {
    finish(std::unique_ptr<Stream>(
        std::make_unique<UvStream>(shard_, std::exchange(socket_, nullptr), address_.str())));
    return;
  }
  last_failure_ = status;
  std::exchange(socket_, nullptr)->close();
  try_next();
}

void UvConnecting::finish(Result<std::unique_ptr<Stream>> result) {
  Done done = std::move(done_);
  done_ = nullptr;
  abandon();
  if (done) done(std::move(result));  // `this` may be gone now
}

void UvConnecting::finish_later(Error error) {
  shard_.post(
      scope_.bind([this, error = std::move(error)]() mutable { finish(std::move(error)); }));
}

}  // namespace

std::unique_ptr<Connecting> connect(UvShard& shard, const Address& address, Duration timeout,
                                    Function<void(Result<std::unique_ptr<Stream>>)> done) {
  auto connecting = std::make_unique<UvConnecting>(shard, address, std::move(done));
  connecting->start(timeout);
  return connecting;
}

}  // namespace restate::uv
