#include "ingress/spans.h"

#include "support/catch.h"
#include "support/partition.h"
#include "support/spans.h"
#include "wire/span.h"

#include <restate/testing/world.h>

using namespace restate;
using namespace restate::testing;

namespace {

constexpr const char* kClient = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

struct SpanBench {
  wire::ServiceInvocation enter(std::string traceparent) {
    wire::ServiceInvocation invocation;
    invocation.id = make_id(1);
    invocation.target = object("k");
    invocation.span = {std::move(traceparent), "a=b"};
    ingress::trace_request(sink, world.shard().random(), "[::1]:50670", invocation);
    return invocation;
  }
  World world{Seed{1}};
  KeptSpans sink;
};

}  // namespace

TEST_CASE("a request stands between its client and its invocation", "[ingress][spans]") {
  SpanBench bench;
  const auto invocation = bench.enter(kClient);
  REQUIRE(bench.sink.spans.size() == 1);
  const trace::Span& span = bench.sink.spans[0];
  CHECK(span.name.starts_with("ingress "));
  CHECK(span.parent == trace::SpanId{0xb7ad6b7169203331});
  CHECK(span.context.trace.hex() == "0af7651916cd43dd8448eb211c80319c");
  CHECK(span.context.span != span.parent);
  CHECK(invocation.span == wire::span_context(span.context));
  CHECK(invocation.span.tracestate == "a=b");
  CHECK(text_of(span, "client.socket.address") == "[::1]");
  CHECK(text_of(span, "client.socket.port") == "50670");
}

TEST_CASE("a request without a trace begins one", "[ingress][spans]") {
  SpanBench bench;
  const auto invocation = bench.enter(GENERATE("", "nonsense"));
  REQUIRE(bench.sink.spans.size() == 1);
  CHECK_FALSE(bench.sink.spans[0].parent);
  CHECK(bench.sink.spans[0].context.state.empty());
  CHECK(wire::parent_of(invocation.span)->sampled);
}

TEST_CASE("what the client does not keep is passed on as it is", "[ingress][spans]") {
  SpanBench bench;
  const std::string dark = std::string(kClient, 53) + "00";
  CHECK(bench.enter(dark).span.traceparent == dark);
  CHECK(bench.sink.spans.empty());
}
