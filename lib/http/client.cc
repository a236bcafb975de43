#include "http/client.h"

#include "http/client_connection.h"
#include "http/client_pool.h"
#include "http/url.h"

#include <map>
#include <utility>

namespace restate::http {

class Client::Impl {
 public:
  Impl(Shard& shard, const ClientOptions& options)
      : shared_{shard,
                options,
                {options.streams_per_connection, options.initial_streams, options.stream_window,
                 options.connection_window, kMaxHeadBytes, options.max_frame_bytes},
                {}} {}

  std::unique_ptr<ClientStream> start(const Target& target, RequestHead head,
                                      ClientExchange& exchange) {
    if (head.authority.empty()) {
      head.authority =
          Url{.tls = target.tls, .host = target.host, .port = target.port, .path = {}, .query = {}}
              .authority();
    }
    head.scheme = target.tls ? "https" : "http";
    auto found = pools_.find(target);
    if (found == pools_.end()) {
      found = pools_.emplace(target, std::make_unique<ClientPool>(shared_, target)).first;
    }
    auto stream = std::make_unique<PooledStream>(*found->second, std::move(head), exchange);
    found->second->add(*stream);
    return stream;
  }

  ClientStats& stats() { return shared_.stats; }

  std::size_t connections() const {
    std::size_t count = 0;
    for (const auto& [target, pool] : pools_) count += pool->connections();
    return count;
  }

 private:
  ClientShared shared_;
  std::map<Target, std::unique_ptr<ClientPool>> pools_;
};

Client::Client(Shard& shard, ClientOptions options)
    : impl_(std::make_unique<Impl>(shard, options)) {}
Client::~Client() = default;

std::unique_ptr<ClientStream> Client::start(const Target& target, RequestHead head,
                                            ClientExchange& exchange) {
  return impl_->start(target, std::move(head), exchange);
}

std::size_t Client::connections() const { return impl_->connections(); }
ClientStats& Client::stats() { return impl_->stats(); }

void ClientStats::collect(MetricsSnapshot& out) {
  out.counter("connection_pool_connection_opened_total", {}, connections_opened);
  out.counter("connection_pool_connection_open_failed_total", {}, connections_failed);
  out.counter("connection_pool_connection_closed_total", {}, connections_closed);
  out.counter("connection_pool_stream_opened_total", {}, streams_opened);
  out.counter("connection_pool_stream_open_failed_total", {}, streams_failed);
  out.counter("connection_pool_stream_closed_total", {}, streams_closed);
  out.durations("connection_pool_acquire_stream_duration_seconds", {}, acquire);
  out.durations("connection_pool_stream_duration_seconds", {}, streaming);
  out.summary("connection_pool_connection_utilization", {}, utilization, 1e-3);
}

}  // namespace restate::http
