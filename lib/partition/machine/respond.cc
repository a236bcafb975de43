#include "partition/machine/respond.h"

#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::partition {

void send(wire::OutboxMessage message, Step& step) {
  const std::uint64_t sequence = step.state.push_outbox(message);
  step.emit(NewOutboxMessage{sequence, std::move(message)});
}

void reply(const wire::ResponseSink& sink, Answer answer, const AnswerOrigin& origin, Step& step) {
  if (const auto* ingress = std::get_if<wire::IngressSink>(&sink)) {
    step.emit(IngressResponse{ingress->request, origin.invocation, origin.completion_expiry,
                              std::move(answer)});
    return;
  }
  const auto& caller = std::get<wire::InvocationSink>(sink);
  send(wire::InvocationResponse{caller.caller, caller.incarnation, caller.completion,
                                std::move(answer)},
       step);
}

void reply_to_all(const Live& live, const wire::InvocationResult& result, Step& step) {
  for (const auto& sink : live.status.sinks) {
    reply(sink, answer_of(result), {.invocation = live.id}, step);
    if (RESTATE_MUTATION("partition/first-waiter-only")) break;
  }
}

void reply_or_wait(Live& live, const wire::ResponseSink& sink, Step& step) {
  if (live.status.status == Status::kCompleted) {
    const wire::InvocationResult result = live.status.result.value_or(wire::failures::gone());
    reply(sink, answer_of(result), {live.id, live.status.completion_expiry()}, step);
    return;
  }
  std::vector<wire::ResponseSink>& sinks = step.change(live).sinks;
  if (RESTATE_MUTATION("partition/response-sink-dropped")) return;
  if (std::find(sinks.begin(), sinks.end(), sink) == sinks.end()) sinks.push_back(sink);
}

void respond(const std::optional<RequestId>& request, OperationResponse::Operation operation,
             OperationOutcome outcome, Step& step, std::optional<InvocationId> new_invocation) {
  if (request) step.emit(OperationResponse{*request, operation, outcome, new_invocation});
}

}  // namespace restate::partition
