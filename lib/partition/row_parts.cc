#include "partition/row_parts.h"

#include <utility>

namespace restate::partition {

void write(RowWriter& to, const wire::InvocationTarget& target) {
  to.u8(static_cast<std::uint8_t>(target.type)).u8(static_cast<std::uint8_t>(target.handler_type));
  to.str(target.service).str(target.key).str(target.handler).opt_str(target.scope);
}

wire::InvocationTarget read_target(RowReader& from) {
  wire::InvocationTarget target;
  target.type = from.enumerator(wire::ServiceType::kWorkflow);
  target.handler_type = from.enumerator(wire::HandlerType::kWorkflow);
  target.service = from.str();
  target.key = from.str();
  target.handler = from.str();
  target.scope = from.opt_str();
  return target;
}

void write(RowWriter& to, const wire::SpanContext& span) {
  to.str(span.traceparent).str(span.tracestate);
}

wire::SpanContext read_span(RowReader& from) {
  wire::SpanContext span;
  span.traceparent = from.str();
  span.tracestate = from.str();
  return span;
}

void write(RowWriter& to, const wire::Retention& retention) {
  to.u64(retention.completion_ms).u64(retention.journal_ms);
}

wire::Retention read_retention(RowReader& from) {
  wire::Retention retention;
  retention.completion_ms = from.u64();
  retention.journal_ms = from.u64();
  return retention;
}

void write(RowWriter& to, const wire::InvocationResult& result) {
  to.u8(static_cast<std::uint8_t>(result.index()));
  if (const auto* value = std::get_if<Bytes>(&result)) {
    to.str(value->view());
  } else {
    write(to, std::get<wire::Failure>(result));
  }
}

wire::InvocationResult read_result(RowReader& from) {
  switch (from.u8()) {
    case 0:
      return from.bytes();
    case 1:
      return read_failure(from);
  }
  from.fail();
  return Bytes();
}

void write(RowWriter& to, const wire::Failure& failure) {
  to.u32(failure.code)
      .str(failure.message)
      .u32(static_cast<std::uint32_t>(failure.metadata.size()));
  for (const auto& [key, value] : failure.metadata) to.str(key).str(value);
}

wire::Failure read_failure(RowReader& from) {
  wire::Failure failure;
  failure.code = from.u32();
  failure.message = from.str();
  const std::size_t metadata = from.count(2);
  failure.metadata.reserve(metadata);
  for (std::size_t i = 0; i < metadata; ++i) {
    std::string key = from.str();
    failure.metadata.emplace_back(std::move(key), from.str());
  }
  return failure;
}

void write(RowWriter& to, const wire::InvocationSink& sink) {
  to.id(sink.caller).u64(sink.incarnation.lsn).u32(sink.completion);
}

wire::InvocationSink read_invocation_sink(RowReader& from) {
  wire::InvocationSink sink;
  sink.caller = from.id();
  sink.incarnation.lsn = from.u64();
  sink.completion = from.u32();
  return sink;
}

}  // namespace restate::partition
