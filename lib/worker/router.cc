#include "worker/router.h"

#include "worker/leader.h"
#include "worker/processor.h"

#include <algorithm>

namespace restate::worker {
namespace {

Error not_leading(PartitionId partition) {
  return {Code::kNotLeader,
          "partition " + std::to_string(partition.value) + " has no leader on this node yet"};
}

/// Answers on the shard of the completion, wherever it is called.
template <class T>
Completion<T> sent_home(Shard& here, Completion<T> done) {
  if (&done.shard() == &here) return done;
  Shard& home = done.shard();
  return Completion<T>(here, [&home, done = std::move(done)](Result<T> result) mutable {
    home.post_remote([done = std::move(done), result = std::move(result)]() mutable {
      done(std::move(result));
    });
  });
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  std::sort(routes_.begin(), routes_.end(),
            [](const Route& a, const Route& b) { return a.keys.first < b.keys.first; });
}

const Router::Route& Router::find(PartitionKey key) const {
  const auto after = std::upper_bound(
      routes_.begin(), routes_.end(), key.value,
      [](std::uint64_t wanted, const Route& route) { return wanted < route.keys.first; });
  RESTATE_ASSERT(after != routes_.begin(), "the ranges tile the key space");
  return *std::prev(after);
}

void Router::attach(PartitionId partition, PartitionProcessor* processor) {
  for (Route& route : routes_) {
    if (route.partition == partition) route.processor = processor;
  }
}

void Router::deliver(Shard& from, PartitionId destination, std::vector<wire::Envelope> messages,
                     Completion<void> durable) {
  const auto route = std::find_if(routes_.begin(), routes_.end(), [&](const Route& candidate) {
    return candidate.partition == destination;
  });
  RESTATE_ASSERT(route != routes_.end(), "messages go to partitions of this cluster");
  const auto append = [&route = *route](std::vector<wire::Envelope> batch, Completion<void> done) {
    PartitionProcessor* processor = route.processor;
    if (processor == nullptr || processor->role() == PartitionProcessor::Role::kStopped ||
        processor->role() == PartitionProcessor::Role::kStarting) {
      done(not_leading(route.partition));
      return;
    }
    if (processor->proposer().full()) {
      done(Error{Code::kOverloaded, "the log of partition " +
                                        std::to_string(route.partition.value) + " is behind"});
      return;
    }
    processor->proposer().append(std::move(batch), std::move(done));
  };
  if (route->shard == &from) {
    // A refusal is an answer, and answers come later.
    from.post([append, messages = std::move(messages), durable = std::move(durable)]() mutable {
      append(std::move(messages), std::move(durable));
    });
    return;
  }
  route->shard->post_remote([append, &shard = *route->shard, messages = std::move(messages),
                             durable = std::move(durable)]() mutable {
    append(std::move(messages), sent_home(shard, std::move(durable)));
  });
}

template <class T, class Call>
void RoutingClient::route(PartitionKey key, Completion<T> done, Call call) {
  const Router::Route& route = router_.find(key);
  auto on_owner = [&route, call = std::move(call)](Completion<T> answer) mutable {
    PartitionProcessor* const processor = route.processor;
    Leader* leader = processor == nullptr ? nullptr : processor->leader();
    if (leader != nullptr) return call(*leader, std::move(answer));
    if (processor == nullptr || !processor->elected() || processor->full_of_requests()) {
      return answer(not_leading(route.partition));
    }
    processor->park([partition = route.partition, call = std::move(call),
                     answer = std::move(answer)](Leader* then) mutable {
      if (then == nullptr) return answer(not_leading(partition));
      call(*then, std::move(answer));
    });
  };
  if (route.shard == &shard_) {
    shard_.post([on_owner = std::move(on_owner), done = std::move(done)]() mutable {
      on_owner(std::move(done));
    });
    return;
  }
  route.shard->post_remote(
      [on_owner = std::move(on_owner), owner = route.shard, done = std::move(done)]() mutable {
        on_owner(sent_home(*owner, std::move(done)));
      });
}

template <class T>
Completion<T> RoutingClient::counted(PartitionKey key, Completion<T> done) {
  if (&done.shard() != &shard_) return done;
  return Completion<T>(shard_, [metrics = metrics_, partition = router_.find(key).partition,
                                done = std::move(done)](Result<T> result) mutable {
    metrics->note(partition, result ? nullptr : &result.error());
    done(std::move(result));
  });
}

void RoutingClient::invoke(wire::ServiceInvocation invocation, RequestId request, WaitFor wait,
                           Completion<InvokeReply> done, Function<void()> stored) {
  const PartitionKey key = invocation.id.key;
  Shard& home = done.shard();
  if (stored && router_.find(key).shard != &home) {
    stored = [&home, stored = std::move(stored)]() mutable {
      home.post_remote([stored = std::move(stored)]() mutable { stored(); });
    };
  }
  route<InvokeReply>(key, counted(key, std::move(done)),
                     [invocation = std::move(invocation), request, wait,
                      stored = std::move(stored)](Leader& leader,
                                                  Completion<InvokeReply> answer) mutable {
                       leader.invoke(std::move(invocation), request, wait, std::move(answer),
                                     std::move(stored));
                     });
}

void RoutingClient::forget(InvocationId invocation, RequestId request) {
  const Router::Route& route = router_.find(invocation.key);
  auto task = [&route, request] {
    Leader* leader = route.processor == nullptr ? nullptr : route.processor->leader();
    if (leader != nullptr) leader->forget(request);
  };
  if (route.shard == &shard_) return shard_.post(std::move(task));
  route.shard->post_remote(std::move(task));
}

void RoutingClient::output(InvocationId invocation, RequestId request, bool block,
                           Completion<OutputReply> done) {
  route<OutputReply>(invocation.key, counted(invocation.key, std::move(done)),
                     [=](Leader& leader, Completion<OutputReply> answer) {
                       leader.output(invocation, request, block, std::move(answer));
                     });
}

void RoutingClient::signal(wire::NotifySignal signal, Completion<void> done) {
  const PartitionKey key = signal.invocation.key;
  route<void>(key, std::move(done),
              [signal = std::move(signal)](Leader& leader, Completion<void> answer) mutable {
                leader.append(std::move(signal), std::move(answer));
              });
}

void RoutingClient::patch_state(wire::PatchState patch, Completion<void> done) {
  const PartitionKey key = patch.key;
  route<void>(key, std::move(done),
              [patch = std::move(patch)](Leader& leader, Completion<void> answer) mutable {
                leader.append(std::move(patch), std::move(answer));
              });
}

void RoutingClient::terminate(InvocationId invocation, wire::Terminate::Flavor flavor,
                              RequestId request, Completion<OperationReply> done) {
  route<OperationReply>(invocation.key, std::move(done),
                        [=](Leader& leader, Completion<OperationReply> answer) {
                          leader.operate(request, wire::Terminate{invocation, flavor, {}, request},
                                         std::move(answer));
                        });
}

void RoutingClient::purge(InvocationId invocation, RequestId request, bool journal_only,
                          Completion<OperationReply> done) {
  route<OperationReply>(
      invocation.key, std::move(done), [=](Leader& leader, Completion<OperationReply> answer) {
        if (journal_only) {
          leader.operate(request, wire::PurgeJournal{invocation, {}, request}, std::move(answer));
        } else {
          leader.operate(request, wire::Purge{invocation, {}, request}, std::move(answer));
        }
      });
}

void RoutingClient::resume(InvocationId invocation, DeploymentChoice deployment, RequestId request,
                           Completion<OperationReply> done) {
  route<OperationReply>(invocation.key, std::move(done),
                        [=](Leader& leader, Completion<OperationReply> answer) {
                          leader.resume(invocation, deployment, request, std::move(answer));
                        });
}

void RoutingClient::pause(InvocationId invocation, RequestId request,
                          Completion<OperationReply> done) {
  route<OperationReply>(invocation.key, std::move(done),
                        [=](Leader& leader, Completion<OperationReply> answer) {
                          leader.pause(invocation, request, std::move(answer));
                        });
}

void RoutingClient::restart_as_new(InvocationId invocation, std::uint32_t from,
                                   DeploymentChoice deployment, RequestId request,
                                   Completion<OperationReply> done) {
  route<OperationReply>(
      invocation.key, std::move(done), [=](Leader& leader, Completion<OperationReply> answer) {
        leader.restart_as_new(invocation, from, deployment, request, std::move(answer));
      });
}

void RoutingClient::pause_queue(wire::QueueId queue, bool paused, Completion<void> done) {
  route<void>(queue.key, std::move(done), [=](Leader& leader, Completion<void> answer) {
    leader.pause_queue(queue, paused, std::move(answer));
  });
}

bool RoutingClient::ready() const { return ready_; }

}  // namespace restate::worker
