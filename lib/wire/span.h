#pragma once

/// \file
/// The spans of invocations: what all of them have in common, and how their contexts travel with
/// invocations. A `SpanContext` names the span that an invocation comes from: normally its parent. One
/// that runs by itself begins a trace of its own, which is linked to where it comes from; that is
/// said by a `link:` in front of the `traceparent`.

#include "common/trace.h"

#include <restate/wire/invocation.h>

#include <optional>
#include <string>
#include <string_view>

namespace restate::wire {

SpanContext span_context(const trace::Context& context);
/// For what comes from this span and does not belong to its trace. Empty if `from` is.
SpanContext linked(const SpanContext& from);

/// The span that an invocation with this context belongs to; nothing for one with its own trace.
std::optional<trace::Context> parent_of(const SpanContext& span);
/// The span that it is linked to.
std::optional<trace::Context> link_of(const SpanContext& span);
/// The context of the invocation itself: what its attempts belong to. Nothing if nobody traces it.
std::optional<trace::Context> context_of(const InvocationId& invocation, const SpanContext& span);

/// `Service/handler`, or `Service/{key}/handler` for what has keys: the key itself would make every
/// object a name of its own.
std::string short_name(const InvocationTarget& target);

/// A span `<what> <short target>` with the attributes that all of them have.
trace::Span span_about(std::string_view what, const InvocationId& invocation,
                       const InvocationTarget& target);
/// To a span of another trace.
trace::Link link_to(const trace::Context& context);

}  // namespace restate::wire
