#pragma once

/// \file
/// Finds the partition that owns a key and the shard that holds it. Requests from anywhere in the
/// node go through here; on one shard that costs a table lookup.

#include "worker/client.h"
#include "worker/metrics.h"

#include <restate/ids.h>
#include <restate/runtime.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace restate::worker {

class PartitionProcessor;

/// Made before the shards run; processors register on their own shards while the node starts.
class Router {
 public:
  struct Route {
    KeyRange keys;
    PartitionId partition;
    Shard* shard = nullptr;
    PartitionProcessor* processor = nullptr;  ///< used on `shard` only; null until it exists
  };

  /// Routes by key range; the ranges tile the key space.
  explicit Router(std::vector<Route> routes);

  const Route& find(PartitionKey key) const;
  const std::vector<Route>& routes() const { return routes_; }
  /// On the shard of the route.
  void attach(PartitionId partition, PartitionProcessor* processor);

  /// Appends messages of another partition to the log of their destination, all of them or none.
  /// `from` is the shard of the caller and of the completion, which never runs within this call.
  void deliver(Shard& from, PartitionId destination, std::vector<wire::Envelope> messages,
               Completion<void> durable);

  /// Log bytes applied on this node, by all partitions: they share the segments on the disk. From
  /// any shard.
  std::uint64_t log_bytes() const { return log_bytes_.load(std::memory_order_relaxed); }
  void add_log_bytes(std::size_t bytes) {
    log_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }

 private:
  std::vector<Route> routes_;  ///< by first key
  std::atomic<std::uint64_t> log_bytes_{0};
};

/// The client of one shard.
class RoutingClient final : public PartitionClient {
 public:
  RoutingClient(Shard& shard, Router& router) : shard_(shard), router_(router) {}

  using PartitionClient::invoke;
  void invoke(wire::ServiceInvocation invocation, RequestId request, WaitFor wait,
              Completion<InvokeReply> done, Function<void()> stored) override;
  void output(InvocationId invocation, RequestId request, bool block,
              Completion<OutputReply> done) override;
  void forget(InvocationId invocation, RequestId request) override;
  void signal(wire::NotifySignal signal, Completion<void> done) override;
  void patch_state(wire::PatchState patch, Completion<void> done) override;
  void terminate(InvocationId invocation, wire::Terminate::Flavor flavor, RequestId request,
                 Completion<OperationReply> done) override;
  void purge(InvocationId invocation, RequestId request, bool journal_only,
             Completion<OperationReply> done) override;
  void resume(InvocationId invocation, DeploymentChoice deployment, RequestId request,
              Completion<OperationReply> done) override;
  void pause(InvocationId invocation, RequestId request, Completion<OperationReply> done) override;
  void restart_as_new(InvocationId invocation, std::uint32_t from, DeploymentChoice deployment,
                      RequestId request, Completion<OperationReply> done) override;
  void pause_queue(wire::QueueId queue, bool paused, Completion<void> done) override;
  bool ready() const override;
  /// Updated by the node when a local leader starts or stops serving.
  void set_ready(bool ready) { ready_ = ready; }
  void collect(MetricsSnapshot& out) const { metrics_->collect(out); }

 private:
  /// Runs `call(leader, done)` on the shard of the leader of `key`, and `done` back on this one.
  template <class T, class Call>
  void route(PartitionKey key, Completion<T> done, Call call);
  /// Counts the outcome on its way.
  template <class T>
  Completion<T> counted(PartitionKey key, Completion<T> done);

  Shard& shard_;
  Router& router_;
  bool ready_ = false;
  /// Answers may come after the client has gone.
  std::shared_ptr<ClientMetrics> metrics_ = std::make_shared<ClientMetrics>();
};

}  // namespace restate::worker
