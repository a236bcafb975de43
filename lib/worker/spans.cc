#include "worker/spans.h"

#include "invoker/machine/failure.h"
#include "wire/span.h"

#include <algorithm>
#include <utility>

namespace restate::worker {
namespace {

using restate::trace::Span;

constexpr std::uint64_t kNsPerMs = 1'000'000;

/// The end of an invocation has no id that anybody refers to, but a repeated one is the same.
restate::trace::SpanId end_of(const InvocationId& invocation) {
  const std::uint64_t value = ~restate::trace::span_of(invocation).value;
  return {value != 0 ? value : 1};
}

/// Of the restart that made an invocation: the parent of its start.
restate::trace::SpanId restart_of(const InvocationId& invocation) {
  const std::uint64_t value = restate::trace::span_of(invocation).value ^ 0x5555'5555'5555'5555;
  return {value != 0 ? value : 1};
}

}  // namespace

void trace(restate::trace::Sink* sink, const partition::InvocationStarted& started) {
  if (sink == nullptr) return;
  auto context = wire::context_of(started.invocation, started.span);
  if (!context || !context->sampled) return;
  Span span = wire::span_about("invocation-start", started.invocation, started.target);
  span.start_ns = started.created.ms * kNsPerMs;
  span.end_ns = std::max(sink->now_ns(), span.start_ns);
  const auto link = wire::link_of(started.span);
  if (started.restarted_from) {
    Span restart = wire::span_about("restart-as-new", started.invocation, started.target);
    restart.add("restate.invocation.restart_as_new.original_invocation_id",
                started.restarted_from->str());
    restart.context = *context;
    restart.context.span = restart_of(started.invocation);
    restart.start_ns = restart.end_ns = span.start_ns;
    if (link) restart.links.push_back(wire::link_to(*link));
    span.parent = restart.context.span;
    sink->emit(std::move(restart));
  } else if (link) {
    span.links.push_back(wire::link_to(*link));
  } else if (const auto parent = wire::parent_of(started.span)) {
    span.parent = parent->span;
  }
  span.context = *std::move(context);
  sink->emit(std::move(span));
}

void trace(restate::trace::Sink* sink, const partition::InvocationEnded& ended) {
  if (sink == nullptr) return;
  auto context = wire::context_of(ended.invocation, ended.span);
  if (!context || !context->sampled) return;
  Span span = wire::span_about("invocation-end", ended.invocation, ended.target);
  span.parent = context->span;
  span.context = *std::move(context);
  span.context.span = end_of(ended.invocation);
  span.start_ns = span.end_ns = sink->now_ns();
  if (ended.failure) {
    span.add("restate.invocation.result", "failure");
    span.add("error.message", ended.failure->message);
    span.add("restate.invocation.error.code", invoker::code_text(ended.failure->code));
    span.status = Span::Status::kError;
    span.message = ended.failure->message;
  } else {
    span.add("restate.invocation.result", "success");
    span.status = Span::Status::kOk;
  }
  sink->emit(std::move(span));
}

}  // namespace restate::worker
