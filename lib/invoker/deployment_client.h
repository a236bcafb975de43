#pragma once

/// \file
/// The way to a deployment: one exchange per attempt, bytes of the service protocol in both
/// directions. Over HTTP, through AWS Lambda, or to the services inside this process.

#include "common/metrics.h"
#include "protocol/doc_codes.h"
#include "protocol/exchange.h"
#include "schema/schema.h"

#include <restate/bytes.h>
#include <restate/error.h>
#include <restate/runtime.h>
#include <restate/time.h>
#include <restate/wire/invocation.h>

#include <cstdint>
#include <memory>
#include <optional>

namespace restate::invoker {

/// What the deployment is asked to run. How that is said (path, headers, identity) belongs to the
/// way and is up to the client.
struct AttemptRequest {
  InvocationId invocation;
  wire::InvocationTarget target;
  wire::SpanContext span;
  std::uint16_t protocol = 6;
  bool bidi = true;  ///< false: the request ends before the response is read
};

/// Why an exchange broke before its end.
struct TransportFailure {
  Error error;
  /// Earliest sensible time for another try, if the other side named one.
  std::optional<Duration> retry_after;
  /// The other side turned the exchange away before it looked at it, as one that is about to stop
  /// does: nobody has tried anything.
  bool refused = false;
  /// Under which users find it; the network, unless somebody knows better.
  protocol::DocCode code = protocol::DocCode::kNetwork;
};

/// What comes back. Called on the client's shard, never inside a call into the stream or the
/// client. Destroying the stream in a callback is fine: that callback is the last one.
class AttemptListener {
 public:
  virtual void on_head(const protocol::ResponseHeadView& head) = 0;
  virtual void on_data(Bytes data) = 0;
  /// The response is complete. Nothing follows but `on_drained`.
  virtual void on_end() = 0;
  /// Nothing follows.
  virtual void on_error(const TransportFailure& failure) = 0;
  /// `unsent_bytes()` was above `http::kHighWater` and is below `http::kLowWater` now.
  virtual void on_drained() = 0;

 protected:
  ~AttemptListener() = default;
};

/// Our side of one exchange. Destroying it cancels what is not complete (RST_STREAM with CANCEL).
class AttemptStream {
 public:
  virtual ~AttemptStream() = default;
  /// Queues bytes; those of one turn leave together.
  virtual void send(ByteChain chain) = 0;
  /// The end of the request body: the endpoint suspends when it needs more.
  virtual void close_input() = 0;
  /// What was sent and has not yet left.
  virtual std::size_t unsent_bytes() const = 0;
  /// Back-pressure on the response, until `resume`. What is on its way may still arrive; ways that
  /// keep little may ignore it.
  virtual void pause() {}
  virtual void resume() {}
};

/// One per shard. Streams must be gone before it dies.
class DeploymentClient {
 public:
  virtual ~DeploymentClient() = default;
  /// Starts an exchange. Always answers with a stream: failures come to the listener. Of `request`
  /// and `deployment` nothing is kept by reference.
  virtual std::unique_ptr<AttemptStream> open(const schema::Deployment& deployment,
                                              AttemptRequest request,
                                              AttemptListener& listener) = 0;
  /// Adds what it has counted.
  virtual void collect(MetricsSnapshot& out) { static_cast<void>(out); }
};

/// Sends `in_process` deployments to the services of this process, functions to Lambda, and all
/// others over the network.
class RoutingDeploymentClient final : public DeploymentClient {
 public:
  /// All outlive this object; null if there is no such way (attempts then fail as if nobody
  /// listened there).
  RoutingDeploymentClient(Shard& shard, DeploymentClient* network, DeploymentClient* in_process,
                          DeploymentClient* lambda = nullptr)
      : shard_(shard), network_(network), in_process_(in_process), lambda_(lambda) {}

  std::unique_ptr<AttemptStream> open(const schema::Deployment& deployment, AttemptRequest request,
                                      AttemptListener& listener) override;
  void collect(MetricsSnapshot& out) override;

 private:
  Shard& shard_;
  DeploymentClient* network_;
  DeploymentClient* in_process_;
  DeploymentClient* lambda_;
};

}  // namespace restate::invoker
