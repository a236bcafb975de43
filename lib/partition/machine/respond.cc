#include "partition/machine/respond.h"

#include <restate/testing/mutation.h>

#include <algorithm>
#include <string>

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

namespace {

std::size_t size_of(const wire::InvocationResult& result) {
  if (const auto* value = std::get_if<Bytes>(&result)) return value->size();
  const wire::Failure& failure = std::get<wire::Failure>(result);
  std::size_t bytes = failure.message.size();
  for (const auto& [name, value] : failure.metadata) bytes += name.size() + value.size();
  return bytes;
}

}  // namespace

Copies::Copies(const wire::InvocationResult& result, std::size_t most_bytes)
    : result_(result), most_(most_bytes / std::max<std::size_t>(size_of(result), 1)) {}

Answer Copies::next() {
  if (made_++ < most_) return answer_of(result_);
  return wire::Failure{500, "a result of " + std::to_string(size_of(result_)) +
                                " bytes is too large for all who wait for it", {}};
}

void reply_to_all(const Live& live, const wire::InvocationResult& result, Step& step) {
  Copies copies(result);
  for (const auto& sink : live.status.sinks) {
    const bool here = std::holds_alternative<wire::IngressSink>(sink);
    reply(sink, here ? answer_of(result) : copies.next(), {.invocation = live.id}, step);
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
