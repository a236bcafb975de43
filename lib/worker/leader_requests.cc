#include "worker/leader.h"

#include "common/version.h"
#include "partition/tables.h"

// What clients ask of a leader, and wait for.

namespace restate::worker {
namespace {

using partition::InvocationStatus;
using partition::Status;

/// What a repeated request is told without a record of its own: a kept result changes no more.
std::optional<InvokeReply> kept_result(const InvocationId& invocation,
                                       const InvocationStatus& status) {
  if (status.status != Status::kCompleted || !status.result) return std::nullopt;
  InvokeReply reply;
  reply.invocation = invocation;
  reply.completion_expiry = status.completion_expiry();
  reply.result = *status.result;
  return reply;
}

}  // namespace

void Leader::invoke(wire::ServiceInvocation invocation, RequestId request, WaitFor wait,
                    Completion<InvokeReply> done, Function<void()> stored) {
  if (processor_.proposer().full()) return done(log_is_behind());
  const InvocationId id = invocation.id;
  if (invocation.created_by.empty()) invocation.created_by = std::string(kVersion);
  if (invocation.source.kind == wire::Source::Kind::kInternal) {
    invocation.source.kind = wire::Source::Kind::kIngress;
    invocation.source.request = request;
  }
  switch (wait) {
    case WaitFor::kAppended: {
      append(wire::Invoke{std::move(invocation)},
             Completion<void>(context_.shard,
                              [id, done = std::move(done)](Result<void> appended) mutable {
                                if (!appended) return done(std::move(appended).error());
                                InvokeReply reply;
                                reply.invocation = id;
                                done(std::move(reply));
                              }));
      return;
    }
    case WaitFor::kSubmitted:
      invocation.submit_notification = request;
      requests_.wait_submitted(request, id, std::move(done));
      break;
    case WaitFor::kOutput:
      if (invocation.idempotency_key && !invocation.target.workflow_run()) {
        std::optional<InvocationStatus> room;
        const auto known = find_invocation(id, room);
        if (!known) return done(Error(known.error()));
        if (*known != nullptr) {
          if (auto kept = kept_result(id, **known)) return done(std::move(*kept));
          // It is under way. Whoever asks again and again must not leave a sink each time.
          if (requests_.join_output(request, id, done)) return;
          invocation.response_sink = wire::IngressSink{request};
          requests_.share_output(request, id, std::move(done));
          break;
        }
      }
      invocation.response_sink = wire::IngressSink{request};
      requests_.wait_output(request, id, std::move(done));
      break;
  }
  Completion<void> durable;
  if (stored) {
    durable = Completion<void>(context_.shard,
                               [stored = std::move(stored)](Result<void> appended) mutable {
                                 if (appended) stored();
                               });
  }
  const auto proposed =
      processor_.proposer().try_propose(wire::Invoke{std::move(invocation)}, std::move(durable));
  if (!proposed) requests_.refuse(request, proposed.error());
}

void Leader::append(wire::Command command, Completion<void> done) {
  if (processor_.proposer().full()) return done(log_is_behind());
  processor_.proposer().append({wire::NoDedup{}, std::move(command)}, std::move(done));
}

void Leader::output(InvocationId invocation, RequestId request, bool block,
                    Completion<OutputReply> done) {
  std::optional<InvocationStatus> room;
  const auto found = find_invocation(invocation, room);
  if (!found) return done(Error(found.error()));
  OutputReply reply;
  reply.invocation = invocation;
  const InvocationStatus* const status = *found;
  if (status == nullptr) {
    reply.kind = OutputReply::Kind::kNotFound;
    return done(std::move(reply));
  }
  if (status->status == Status::kCompleted) {
    reply.kind = OutputReply::Kind::kReady;
    reply.completion_expiry = status->completion_expiry();
    if (status->result) reply.result = *status->result;
    reply.target = status->target;
    return done(std::move(reply));
  }
  if (!block) {
    reply.kind = OutputReply::Kind::kNotReady;
    return done(std::move(reply));
  }
  if (requests_.join_attached(request, invocation, status->target, done)) return;
  if (processor_.proposer().full()) return done(log_is_behind());
  requests_.share_attached(request, invocation, status->target, std::move(done));
  processor_.proposer().propose(wire::Attach{invocation, true, wire::IngressSink{request}});
}

void Leader::operate(RequestId request, wire::Command command, Completion<OperationReply> done) {
  if (processor_.proposer().full()) return done(log_is_behind());
  requests_.wait_operation(request, std::move(done));
  processor_.proposer().propose(std::move(command));
}

}  // namespace restate::worker
