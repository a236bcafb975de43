#pragma once

/// \file
/// The span of one attempt, from its beginning until it is over.

#include "common/trace.h"
#include "schema/schema.h"

#include <restate/wire/commands.h>
#include <restate/wire/invocation.h>

#include <optional>

namespace restate::invoker {

class AttemptSpan {
 public:
  AttemptSpan() = default;
  /// One that has not ended ends now: the attempt was cut off.
  ~AttemptSpan() { end(trace::Span::Status::kUnset); }
  AttemptSpan(const AttemptSpan&) = delete;
  AttemptSpan& operator=(const AttemptSpan&) = delete;

  /// A new attempt; one that has not ended ends. `parent`: the span of its invocation. `fresh`: 64
  /// random bits. `sink` outlives this object.
  void start(trace::Sink& sink, const trace::Context& parent, std::uint64_t fresh,
             const InvocationId& invocation, const wire::InvocationTarget& target,
             const schema::Deployment& deployment, std::uint16_t protocol);
  /// What handlers, and those they call, belong to. Only between start and end.
  wire::SpanContext context() const { return context_; }

  /// It said this to the log.
  void on_effect(const wire::Effect& effect);
  /// `message`: of an error.
  void end(trace::Span::Status status, const char* message = "");

 private:
  trace::Sink* sink_ = nullptr;
  std::optional<trace::Span> span_;  ///< nothing: not sampled, or ended
  wire::SpanContext context_;
};

}  // namespace restate::invoker
