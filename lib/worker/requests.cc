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

void PendingRequests::add(RequestId request, Pending pending) {
  const auto found = pending_.find(request);
  if (found == pending_.end()) {
    pending_.emplace(request, std::move(pending));
    return;
  }
  Pending replaced = std::exchange(found->second, std::move(pending));
  std::visit([](auto& old) { old.done(Error{Code::kUnavailable, "the request was retried"}); },
             replaced);
}

void PendingRequests::wait_submitted(RequestId request, InvocationId invocation,
                                     Completion<InvokeReply> done) {
  add(request, Submitted{invocation, std::move(done)});
}
void PendingRequests::wait_output(RequestId request, InvocationId invocation,
                                  Completion<InvokeReply> done) {
  add(request, Output{invocation, std::move(done)});
}
void PendingRequests::wait_attached(RequestId request, InvocationId invocation,
                                    wire::InvocationTarget target, Completion<OutputReply> done) {
  add(request, Attached{invocation, std::move(target), std::move(done)});
}
void PendingRequests::wait_operation(RequestId request, Completion<OperationReply> done) {
  add(request, Operation{std::move(done)});
}

void PendingRequests::on(const partition::IngressResponse& response) {
  if (auto output = take<Output>(pending_, response.request)) {
    InvokeReply reply;
    reply.invocation = response.invocation.value_or(output->invocation);
    reply.completion_expiry = response.completion_expiry;
    reply.result = settled(response.result);
    output->done(std::move(reply));
    return;
  }
  auto attached = take<Attached>(pending_, response.request);
  if (!attached) return;  // the client has gone, or another node answered
  OutputReply reply;
  reply.invocation = response.invocation.value_or(attached->invocation);
  reply.completion_expiry = response.completion_expiry;
  reply.result = settled(response.result);
  reply.target = std::move(attached->target);
  reply.kind = std::holds_alternative<wire::Void>(response.result) ? OutputReply::Kind::kNotReady
               : !response.invocation ? OutputReply::Kind::kNotFound
                                      : OutputReply::Kind::kReady;
  attached->done(std::move(reply));
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
  // By id, not by hash order: simulated runs must not depend on the table's layout.
  std::vector<std::pair<RequestId, Pending>> ordered;
  ordered.reserve(failed.size());
  while (!failed.empty()) {
    auto node = failed.extract(failed.begin());
    ordered.emplace_back(node.key(), std::move(node.mapped()));
  }
  std::sort(ordered.begin(), ordered.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  for (auto& [request, pending] : ordered) {
    std::visit([&](auto& waiting) { waiting.done(error); }, pending);
  }
}

}  // namespace restate::worker
