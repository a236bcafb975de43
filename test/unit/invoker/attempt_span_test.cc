#include "invoker/attempt_span.h"

#include "support/catch.h"
#include "support/partition.h"
#include "support/spans.h"
#include "wire/entry.h"
#include "wire/protobuf.h"
#include "wire/span.h"

using namespace restate;
using namespace restate::invoker;
using namespace restate::testing;

namespace {

using Ending = trace::Span::Status;

const trace::Context kParent =
    *trace::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b");

struct Bench {
  void start(const trace::Context& parent = kParent) {
    schema::Deployment deployment;
    deployment.uri = "http://greeter:9080/";
    span.start(sink, parent, 0x42, make_id(1), object("k"), deployment, 6);
  }
  KeptSpans sink;
  AttemptSpan span;
};

}  // namespace

TEST_CASE("an attempt is a span that its handler is told of", "[invoker][span]") {
  Bench bench;
  bench.start();
  CHECK(bench.span.context() ==
        wire::SpanContext{"00-0af7651916cd43dd8448eb211c80319c-0000000000000042-01", "a=b"});
  CHECK(bench.sink.spans.empty());
  bench.span.end(Ending::kOk);
  bench.span.end(Ending::kError, "not again");
  REQUIRE(bench.sink.spans.size() == 1);
  const trace::Span& span = bench.sink.spans[0];
  CHECK(span.name.starts_with("invocation-attempt "));
  CHECK(span.parent == kParent.span);
  CHECK(span.status == Ending::kOk);
  CHECK(span.start_ns < span.end_ns);
  CHECK(text_of(span, "rpc.system") == "restate");
  CHECK(text_of(span, "restate.deployment.address") == "http://greeter:9080/");
  CHECK(text_of(span, "restate.deployment.service_protocol_version") == "6");
}

TEST_CASE("what an attempt says is an event of it", "[invoker][span]") {
  Bench bench;
  bench.start();
  wire::ProtoWriter run;
  run.put_varint(11, 1);
  run.put_bytes(12, "charge the card");
  wire::NewEntry command;
  command.type = wire::EntryType::kRun;
  command.body = Bytes(std::move(run).take());
  bench.span.on_effect(command);
  bench.span.on_effect(ran(make_id(1), 1, Bytes("done")).effect);
  bench.span.on_effect(wire::Pinned{});
  bench.span.on_effect(wire::Suspended{});
  bench.span.end(Ending::kUnset);
  REQUIRE(bench.sink.spans.size() == 1);
  const auto& events = bench.sink.spans[0].events;
  REQUIRE(events.size() == 3);
  CHECK(events[0].name == "restate.invocation.lifecycle.new_command");
  CHECK(events[0].attributes ==
        std::vector<trace::Attribute>{{"restate.journal.command.type", "Command/Run"},
                                      {"restate.journal.command.name", "charge the card"}});
  CHECK(events[1].name == "restate.invocation.lifecycle.run_ended");
  CHECK(events[1].attributes ==
        std::vector<trace::Attribute>{{"restate.journal.notification.id", "CompletionId: 1"}});
  CHECK(events[2].name == "restate.invocation.lifecycle.suspended");
}

TEST_CASE("of a long name an attempt keeps the beginning", "[invoker][span]") {
  Bench bench;
  bench.start();
  wire::ProtoWriter run;
  run.put_bytes(12, std::string(1'000'000, 'x'));
  wire::NewEntry command;
  command.type = wire::EntryType::kRun;
  command.body = Bytes(std::move(run).take());
  bench.span.on_effect(command);
  bench.span.end(Ending::kUnset);
  const auto& event = bench.sink.spans.at(0).events.at(0);
  CHECK(std::get<std::string>(event.attributes.at(1).value) == std::string(256, 'x'));
}

TEST_CASE("an attempt that is cut off ends without a status", "[invoker][span]") {
  KeptSpans sink;
  {
    AttemptSpan span;
    schema::Deployment deployment;
    span.start(sink, kParent, 1, make_id(1), service(), deployment, 6);
  }
  REQUIRE(sink.spans.size() == 1);
  CHECK(sink.spans[0].status == Ending::kUnset);
}

TEST_CASE("handlers hear of a trace that nobody keeps, and there is no span", "[invoker][span]") {
  Bench bench;
  trace::Context dark = kParent;
  dark.sampled = false;
  bench.start(dark);
  CHECK(bench.span.context().traceparent.ends_with("-0000000000000042-00"));
  bench.span.end(Ending::kOk);
  CHECK(bench.sink.spans.empty());
}
