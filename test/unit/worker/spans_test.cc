#include "worker/spans.h"

#include "support/catch.h"
#include "support/partition.h"
#include "support/spans.h"
#include "wire/span.h"

using namespace restate;
using namespace restate::testing;

namespace {

const wire::SpanContext kCaller{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b"};
const InvocationId kId = make_id(1);

}  // namespace

TEST_CASE("a start stands below its caller", "[worker][spans]") {
  KeptSpans sink;
  worker::trace(&sink, partition::InvocationStarted{kId, object("k"), kCaller, WallTime{3}, {}});
  REQUIRE(sink.spans.size() == 1);
  const trace::Span& span = sink.spans[0];
  CHECK(span.name.starts_with("invocation-start "));
  CHECK(span.context == *wire::context_of(kId, kCaller));
  CHECK(span.parent == trace::SpanId{0xb7ad6b7169203331});
  CHECK(span.start_ns == 3'000'000);
  CHECK(span.end_ns == 3'000'000);  // the clock of another node may be ahead
  CHECK(span.links.empty());
}

TEST_CASE("a start of its own is linked to its caller", "[worker][spans]") {
  KeptSpans sink;
  worker::trace(&sink, partition::InvocationStarted{kId, service(), wire::linked(kCaller), {}, {}});
  REQUIRE(sink.spans.size() == 1);
  CHECK_FALSE(sink.spans[0].parent);
  CHECK(sink.spans[0].context == trace::root_of(kId, true));
  CHECK(sink.spans[0].links == std::vector{wire::link_to(*wire::parent_of(kCaller))});
}

TEST_CASE("a restart has a span of its own above the start", "[worker][spans]") {
  KeptSpans sink;
  worker::trace(&sink, partition::InvocationStarted{kId, service(), wire::linked(kCaller), {},
                                                    make_id(2)});
  REQUIRE(sink.spans.size() == 2);
  const trace::Span& restart = sink.spans[0];
  CHECK(restart.name.starts_with("restart-as-new "));
  CHECK(text_of(restart, "restate.invocation.restart_as_new.original_invocation_id") ==
        make_id(2).str());
  CHECK(restart.links.size() == 1);
  CHECK_FALSE(restart.parent);
  CHECK(sink.spans[1].parent == restart.context.span);
  CHECK(sink.spans[1].context.trace == restart.context.trace);
  CHECK(sink.spans[1].links.empty());
}

TEST_CASE("an end says how", "[worker][spans]") {
  KeptSpans sink;
  worker::trace(&sink, partition::InvocationEnded{kId, service(), kCaller, {}});
  worker::trace(&sink,
                partition::InvocationEnded{kId, service(), kCaller, wire::failures::killed()});
  worker::trace(&sink,
                partition::InvocationEnded{kId, service(), kCaller, wire::Failure{418, "tea", {}}});
  REQUIRE(sink.spans.size() == 3);
  CHECK(sink.spans[0].status == trace::Span::Status::kOk);
  CHECK(text_of(sink.spans[0], "restate.invocation.result") == "success");
  CHECK(sink.spans[0].parent == trace::span_of(kId));
  CHECK(sink.spans[1].status == trace::Span::Status::kError);
  CHECK(sink.spans[1].message == "killed");
  CHECK(text_of(sink.spans[1], "restate.invocation.error.code") == "409 Aborted");
  CHECK(text_of(sink.spans[1], "error.message") == "killed");
  CHECK(text_of(sink.spans[2], "restate.invocation.error.code") == "418");
}

TEST_CASE("of a trace that nobody keeps there is nothing", "[worker][spans]") {
  KeptSpans sink;
  const wire::SpanContext dark{kCaller.traceparent.substr(0, 53) + "00", ""};
  worker::trace(&sink, partition::InvocationStarted{kId, service(), dark, {}, {}});
  worker::trace(&sink, partition::InvocationStarted{kId, service(), wire::linked(dark), {}, {}});
  worker::trace(&sink, partition::InvocationEnded{kId, service(), {"nonsense", ""}, {}});
  worker::trace(nullptr, partition::InvocationEnded{kId, service(), kCaller, {}});
  CHECK(sink.spans.empty());
}
