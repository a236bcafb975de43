#include "ingress/spans.h"

#include "wire/span.h"

#include <charconv>
#include <optional>
#include <utility>

namespace restate::ingress {
namespace {

/// The span, and the invocation below it; nothing if nobody keeps its trace.
std::optional<trace::Span> enter(trace::Sink& sink, Random& random, std::string_view what,
                                 wire::ServiceInvocation& invocation) {
  const auto above = wire::parent_of(invocation.span);
  if (above && !above->sampled) return std::nullopt;
  trace::Span span = wire::span_about(what, invocation.id, invocation.target);
  if (above) {
    span.context = *above;
    span.parent = above->span;
  } else {
    span.context.trace = {random.next() | 1, random.next()};  // not zero
    span.context.sampled = true;
  }
  span.context.span = {random.next() | 1};
  span.start_ns = span.end_ns = sink.now_ns();
  invocation.span = wire::span_context(span.context);
  return span;
}

}  // namespace

void trace_request(trace::Sink& sink, Random& random, std::string_view peer,
                   wire::ServiceInvocation& invocation) {
  auto span = enter(sink, random, "ingress", invocation);
  if (!span) return;
  const std::size_t colon = peer.rfind(':');
  int port = 0;
  if (colon != std::string_view::npos) {
    std::from_chars(peer.data() + colon + 1, peer.data() + peer.size(), port);
    peer = peer.substr(0, colon);
  }
  span->add("client.socket.address", std::string(peer));
  if (port > 0) span->add("client.socket.port", std::int64_t{port});
  sink.emit(*std::move(span));
}

void trace_record(trace::Sink& sink, Random& random, const KafkaSource& source, std::int64_t offset,
                  wire::ServiceInvocation& invocation) {
  auto span = enter(sink, random, "ingress_kafka", invocation);
  if (!span) return;
  span->add("messaging.system", "kafka");
  span->add("messaging.consumer.group.name", source.subscription.group());
  span->add("messaging.operation.type", "process");
  span->add("messaging.kafka.offset", offset);
  span->add("messaging.source.partition.id", std::int64_t{source.partition});
  span->add("messaging.source.name", source.subscription.topic);
  sink.emit(*std::move(span));
}

}  // namespace restate::ingress
