#include "wire/span.h"

namespace restate::wire {
namespace {

constexpr std::string_view kLink = "link:";

}  // namespace

SpanContext span_context(const trace::Context& context) {
  return {context.traceparent(), context.state};
}

SpanContext linked(const SpanContext& from) {
  if (from.traceparent.empty()) return {};
  return {std::string(kLink) + from.traceparent, from.tracestate};
}

std::optional<trace::Context> parent_of(const SpanContext& span) {
  return trace::parse(span.traceparent, span.tracestate);
}

std::optional<trace::Context> link_of(const SpanContext& span) {
  std::string_view text = span.traceparent;
  if (!text.starts_with(kLink)) return std::nullopt;
  text.remove_prefix(kLink.size());
  return trace::parse(text, span.tracestate);
}

std::optional<trace::Context> context_of(const InvocationId& invocation, const SpanContext& span) {
  if (span.traceparent.empty()) return std::nullopt;
  if (const auto link = link_of(span)) return trace::root_of(invocation, link->sampled);
  auto context = parent_of(span);
  if (context) context->span = trace::span_of(invocation);
  return context;
}

std::string short_name(const InvocationTarget& target) {
  return target.service + (target.keyed() ? "/{key}/" : "/") + target.handler;
}

trace::Span span_about(std::string_view what, const InvocationId& invocation,
                       const InvocationTarget& target) {
  trace::Span span;
  span.name = std::string(what) + " " + short_name(target);
  span.attributes.reserve(8);
  span.add("rpc.service", target.service);
  span.add("rpc.method", target.handler);
  span.add("restate.invocation.id", invocation.str());
  span.add("restate.invocation.target", target.str());
  return span;
}

trace::Link link_to(const trace::Context& context) {
  return {context.trace, context.span, context.state, {{"restate.runtime", true}}};
}

}  // namespace restate::wire
