#include "worker/requests.h"

#include <algorithm>
#include <vector>

namespace restate::worker {
namespace {

/// Takes the pending request of kind T out of the table, or nothing.
template <class T, class Table>
std::optional<T> take(Table& table, RequestId request) {
  const auto found = table.find(request);
  if (found == table.end()) return std::nullopt;
  T* pending = std::get_if<T>(&found->second);
  if (pending == nullptr) return std::nullopt;
  std::optional<T> taken(std::move(*pending));
  table.erase(found);
  return taken;
}

wire::InvocationResult settled(const std::variant<wire::Void, Bytes, wire::Failure>& result) {
  if (const auto* success = std::get_if<Bytes>(&result)) return *success;
  if (const auto* failure = std::get_if<wire::Failure>(&result)) return *failure;
  return wire::failures::not_ready();
}

}  // namespace

PendingRequests::~PendingRequests() {
  fail_all({Code::kUnavailable, "the partition is closing; the outcome is unknown"});
}

void PendingRequests::fail(Pending& pending, const Error& why) {
  struct Visitor {
    const Error& why;
    void operator()(Submitted& p) { p.done(why); }
    void operator()(Output& p) { p.done(why); }
    void operator()(Operation& p) { p.done(why); }
    void operator()(Joined&) {}
    void operator()(Shared& p) {
      for (Waiter& waiter : p.waiters) {
        if (auto* done = std::get_if<Completion<InvokeReply>>(&waiter.answer)) {
          (*done)(why);
        } else {
          std::get<Attached>(waiter.answer).done(why);
        }
      }
    }
  };
  std::visit(Visitor{why}, pending);
}

void PendingRequests::add(RequestId request, Pending pending) {
  refuse(request, {Code::kUnavailable, "the request was retried"});
  pending_.emplace(request, std::move(pending));
}

void PendingRequests::refuse(RequestId request, const Error& why) {
  leave(request, why);
  if (auto shared = take<Shared>(pending_, request)) {
    sinks_.erase(shared->invocation);
    for (const Waiter& waiter : shared->waiters) pending_.erase(waiter.request);
    Pending left(*std::move(shared));
    fail(left, why);
  }
}

void PendingRequests::forget(RequestId request) {
  leave(request, {Code::kCancelled, "nobody waits for the answer"});
}

void PendingRequests::leave(RequestId request, const Error& why) {
  const auto found = pending_.find(request);
  if (found == pending_.end()) return;
  RequestId sink = request;
  if (const auto* joined = std::get_if<Joined>(&found->second)) {
    sink = joined->sink;
    pending_.erase(found);
  } else if (!std::holds_alternative<Shared>(found->second)) {
    Pending left = std::move(found->second);
    pending_.erase(found);
    return fail(left, why);
  }
  // The sink itself stays, because the row has it: the next one to ask needs no other.
  Shared& shared = std::get<Shared>(pending_.at(sink));
  const auto waiter = std::find_if(shared.waiters.begin(), shared.waiters.end(),
                                   [&](const Waiter& w) { return w.request == request; });
  if (waiter == shared.waiters.end()) return;
  Shared left{shared.invocation, {}};
  left.waiters.push_back(std::move(*waiter));
  shared.waiters.erase(waiter);
  Pending failed(std::move(left));
  fail(failed, why);
}

PendingRequests::Shared* PendingRequests::find_shared(InvocationId invocation, RequestId& sink) {
  const auto found = sinks_.find(invocation);
  if (found == sinks_.end()) return nullptr;
  sink = found->second;
  return &std::get<Shared>(pending_.at(sink));
}

void PendingRequests::share(RequestId request, InvocationId invocation, Waiter waiter) {
  Shared shared{invocation, {}};
  shared.waiters.push_back(std::move(waiter));
  add(request, std::move(shared));
  sinks_.insert_or_assign(invocation, request);
}

void PendingRequests::share_output(RequestId request, InvocationId invocation,
                                   Completion<InvokeReply> done) {
  share(request, invocation, {request, std::move(done)});
}

void PendingRequests::share_attached(RequestId request, InvocationId invocation,
                                     wire::InvocationTarget target, Completion<OutputReply> done) {
  share(request, invocation, {request, Attached{std::move(target), std::move(done)}});
}

bool PendingRequests::join_output(RequestId request, InvocationId invocation,
                                  Completion<InvokeReply>& done) {
  RequestId sink;
  if (find_shared(invocation, sink) == nullptr) return false;
  join(request, sink, {request, std::move(done)});
  return true;
}

bool PendingRequests::join_attached(RequestId request, InvocationId invocation,
                                    wire::InvocationTarget target, Completion<OutputReply>& done) {
  RequestId sink;
  if (find_shared(invocation, sink) == nullptr) return false;
  join(request, sink, {request, Attached{std::move(target), std::move(done)}});
  return true;
}

void PendingRequests::join(RequestId request, RequestId sink, Waiter waiter) {
  leave(request, {Code::kUnavailable, "the request was retried"});
  std::get<Shared>(pending_.at(sink)).waiters.push_back(std::move(waiter));
  if (request != sink) pending_.insert_or_assign(request, Joined{sink});
}

void PendingRequests::wait_submitted(RequestId request, InvocationId invocation,
                                     Completion<InvokeReply> done) {
  add(request, Submitted{invocation, std::move(done)});
}
void PendingRequests::wait_output(RequestId request, InvocationId invocation,
                                  Completion<InvokeReply> done) {
  add(request, Output{invocation, std::move(done)});
}
void PendingRequests::wait_operation(RequestId request, Completion<OperationReply> done) {
  add(request, Operation{std::move(done)});
}

void PendingRequests::on(const partition::IngressResponse& response) {
  const auto answer_output = [&](InvocationId asked, Completion<InvokeReply>& done) {
    InvokeReply reply;
    reply.invocation = response.invocation.value_or(asked);
    reply.completion_expiry = response.completion_expiry;
    reply.result = settled(response.result);
    done(std::move(reply));
  };
  const auto answer_attached = [&](InvocationId asked, Attached& attached) {
    OutputReply reply;
    reply.invocation = response.invocation.value_or(asked);
    reply.completion_expiry = response.completion_expiry;
    reply.result = settled(response.result);
    reply.target = std::move(attached.target);
    reply.kind = std::holds_alternative<wire::Void>(response.result) ? OutputReply::Kind::kNotReady
                 : !response.invocation ? OutputReply::Kind::kNotFound
                                        : OutputReply::Kind::kReady;
    attached.done(std::move(reply));
  };
  if (auto output = take<Output>(pending_, response.request)) {
    return answer_output(output->invocation, output->done);
  }
  auto shared = take<Shared>(pending_, response.request);
  if (!shared) return;  // the client has gone, or another node answered
  if (const auto sink = sinks_.find(shared->invocation);
      sink != sinks_.end() && sink->second == response.request) {
    sinks_.erase(sink);
  }
  for (Waiter& waiter : shared->waiters) pending_.erase(waiter.request);
  for (Waiter& waiter : shared->waiters) {
    if (auto* done = std::get_if<Completion<InvokeReply>>(&waiter.answer)) {
      answer_output(shared->invocation, *done);
    } else {
      answer_attached(shared->invocation, std::get<Attached>(waiter.answer));
    }
  }
}

void PendingRequests::on(const partition::SubmitNotification& notification) {
  auto submitted = take<Submitted>(pending_, notification.request);
  if (!submitted) return;
  InvokeReply reply;
  reply.invocation = submitted->invocation;
  reply.is_new = notification.is_new;
  reply.execution_time = notification.execution_time;
  submitted->done(std::move(reply));
}

void PendingRequests::on(const partition::OperationResponse& response) {
  auto operation = take<Operation>(pending_, response.request);
  if (!operation) return;
  OperationReply reply;
  reply.outcome = response.outcome;
  reply.new_invocation = response.new_invocation;
  operation->done(std::move(reply));
}

void PendingRequests::fail_all(const Error& error) {
  auto failed = std::exchange(pending_, {});
  sinks_.clear();
  // By id, not by hash order: simulated runs must not depend on the table's layout.
  std::vector<std::pair<RequestId, Pending>> ordered;
  ordered.reserve(failed.size());
  while (!failed.empty()) {
    auto node = failed.extract(failed.begin());
    ordered.emplace_back(node.key(), std::move(node.mapped()));
  }
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [request, pending] : ordered) fail(pending, error);
}

}  // namespace restate::worker
