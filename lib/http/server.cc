#include "http/server.h"

#include "http/server_connection.h"

#include <map>
#include <utility>
#include <vector>

namespace restate::http {

class Server::Impl {
 public:
  Impl(Shard& shard, const ServerOptions& options, ServerHandler& handler)
      : shared_{shard,
                handler,
                options,
                {options.max_concurrent_streams, options.stream_window, options.max_stream_window,
                 options.connection_window, options.max_header_list_bytes, options.max_head_bytes},
                {},
                [this](ServerConnection& connection) { retire(connection); }} {}

  Result<Address> listen(const Address& address) {
    RESTATE_TRY(auto listener,
                shared_.shard.network().listen(address, [this](std::unique_ptr<Stream> stream) {
                  accept(std::move(stream));
                }));
    Address in_use = listener->address();
    listeners_.push_back(std::move(listener));
    return in_use;
  }

  void accept(std::unique_ptr<Stream> stream) {
    if (connections_.size() >= shared_.options.max_connections) return;
    stats_.accepted.add();
    const std::uint64_t id = ++last_id_;
    auto connection = std::make_unique<ServerConnection>(shared_, id, std::move(stream));
    ServerConnection& added = *connection;
    connections_.emplace(id, std::move(connection));
    added.start();
    if (closing_) added.drain();
  }

  void stop_accepting() { listeners_.clear(); }

  void close(Duration grace, Completion<void> done) {
    stop_accepting();
    closing_ = true;
    done_.push_back(std::move(done));
    each([](ServerConnection& connection) { connection.drain(); });
    deadline_ = shared_.shard.make_timer(
        [this] { each([](ServerConnection& connection) { connection.die(); }); });
    deadline_->arm(shared_.shard.now() + grace);
    sweep_later();
  }

  std::size_t connections() const { return connections_.size() - retired_.size(); }
  const ServerStats& stats() const { return stats_; }

 private:
  template <class F>
  void each(F act) {
    for (auto& [id, connection] : connections_) act(*connection);
  }

  void retire(ServerConnection& connection) {
    stats_.closed.add();
    retired_.push_back(connection.id());
    sweep_later();
  }

  void sweep_later() {
    if (std::exchange(sweeping_, true)) return;
    shared_.shard.post(scope_.bind([this] { sweep(); }));
  }

  /// Dead connections go here, when none of their code is on the stack.
  void sweep() {
    sweeping_ = false;
    for (const std::uint64_t id : std::exchange(retired_, {})) connections_.erase(id);
    if (!closing_ || !connections_.empty()) return;
    deadline_.reset();
    for (auto& done : std::exchange(done_, {})) done(Result<void>{});
  }

  ServerShared shared_;
  std::map<std::uint64_t, std::unique_ptr<ServerConnection>> connections_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::uint64_t> retired_;
  std::vector<Completion<void>> done_;
  std::unique_ptr<Timer> deadline_;
  std::uint64_t last_id_ = 0;
  ServerStats stats_;
  bool closing_ = false;
  bool sweeping_ = false;
  Scope scope_;
};

Server::Server(Shard& shard, ServerOptions options, ServerHandler& handler)
    : impl_(std::make_unique<Impl>(shard, options, handler)) {}
Server::~Server() = default;

Result<Address> Server::listen(const Address& address) { return impl_->listen(address); }
void Server::accept(std::unique_ptr<Stream> stream) { impl_->accept(std::move(stream)); }
void Server::stop_accepting() { impl_->stop_accepting(); }
void Server::close(Duration grace, Completion<void> done) { impl_->close(grace, std::move(done)); }
std::size_t Server::connections() const { return impl_->connections(); }
const ServerStats& Server::stats() const { return impl_->stats(); }

}  // namespace restate::http
