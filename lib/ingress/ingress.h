#pragma once

/// \file
/// The HTTP surface through which clients call handlers. Stateless: it turns requests into
/// invocations, waits for the partition's answer and hands it back. One per shard.

#include "http/server.h"
#include "ingress/exchange.h"
#include "ingress/options.h"

#include <restate/completion.h>
#include <restate/runtime.h>

#include <memory>

namespace restate::ingress {

class Ingress final : private http::ServerHandler {
 public:
  /// All references outlive the ingress.
  Ingress(Shard& shard, const IngressOptions& options, worker::PartitionClient& client,
          schema::SchemaSource& schemas);
  ~Ingress();
  Ingress(const Ingress&) = delete;
  Ingress& operator=(const Ingress&) = delete;

  /// May be called several times; returns the address in use.
  /// - `kAlreadyExists`: the address is taken.
  Result<Address> listen(const Address& address);
  /// Serves a connection that came by another way.
  void accept(std::unique_ptr<Stream> stream);
  /// Accepts nothing new, lets what is under way finish within the grace period, then drops it.
  /// What was dropped goes on in its partition.
  void stop(Completion<void> done);

  /// Takes over what may change while it runs, from the next request on: the limits of requests, the
  /// token, and what handlers that say nothing have.
  void reconfigure(const IngressOptions& options);

  /// Requests that wait for a body or an answer.
  std::size_t in_flight() const { return context_.in_flight; }
  void collect(MetricsSnapshot& out) { context_.metrics.collect(out, server_.stats()); }

 private:
  std::unique_ptr<http::ServerRequest> on_request(http::RequestHead head,
                                                  http::ServerStream& stream) override;

  IngressOptions options_;
  Context context_;
  http::Server server_;
};

}  // namespace restate::ingress
