// What traces are told of an invocation: that it runs for the first time, and how it ended.

#include "support/catch.h"
#include "support/partition.h"
#include "unit/partition/cast.h"
#include "wire/span.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

const wire::SpanContext kSpan{"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=b"};

wire::Invoke traced(const InvocationId& id, wire::InvocationTarget target,
                    InvokeOptions options = {}) {
  wire::Invoke command = invoke(id, std::move(target), std::move(options));
  command.invocation.span = kSpan;
  return command;
}

}  // namespace

TEST_CASE("a trace hears of the start and of the end", "[partition][trace]") {
  TestPartition partition;
  const Actions begun = partition.apply(traced(kA, service()));
  const auto* started = find_action<InvocationStarted>(begun);
  REQUIRE(started);
  CHECK(*started ==
        InvocationStarted{kA, service(), kSpan, partition.status(kA)->timestamps.created, {}});
  CHECK(count_actions<InvocationEnded>(begun) == 0);

  SECTION("with a value") {
    partition.apply(output(kA, Bytes("out")));
    const Actions over = partition.apply(ended(kA));
    REQUIRE(find_action<InvocationEnded>(over));
    CHECK(*find_action<InvocationEnded>(over) == InvocationEnded{kA, service(), kSpan, {}});
  }
  SECTION("with a failure") {
    const Actions over = partition.apply(kill(kA));
    REQUIRE(find_action<InvocationEnded>(over));
    CHECK(find_action<InvocationEnded>(over)->failure == wire::failures::killed());
  }
}

TEST_CASE("a trace hears of a start once, when it comes to it", "[partition][trace]") {
  TestPartition partition;
  SECTION("an object is busy") {
    partition.apply(traced(kA, object("k")));
    CHECK(count_actions<InvocationStarted>(partition.apply(traced(kB, object("k")))) == 0);
    partition.apply(output(kA, Bytes("out")));
    const Actions actions = partition.apply(ended(kA));
    REQUIRE(find_action<InvocationStarted>(actions));
    CHECK(find_action<InvocationStarted>(actions)->invocation == kB);
  }
  SECTION("it suspends and goes on") {
    partition.apply(traced(kA, service()));
    partition.apply(suspended(kA, {wire::SignalIndex{17}}, 1));
    const Actions actions = partition.apply(signal(kA, 17, Bytes("go")));
    CHECK(count_actions<InvokeAction>(actions) == 1);
    CHECK(count_actions<InvocationStarted>(actions) == 0);
  }
  SECTION("it is killed before") {
    partition.apply(traced(kA, object("k")));
    partition.apply(traced(kB, object("k")));
    const Actions actions = partition.apply(kill(kB));
    CHECK(count_actions<InvocationStarted>(actions) == 0);
    CHECK(count_actions<InvocationEnded>(actions) == 1);
  }
}

TEST_CASE("a restart begins a trace that is linked to the old one", "[partition][trace]") {
  TestPartition partition;
  InvokeOptions options;
  options.retention = {86'400'000, 86'400'000};
  partition.apply(traced(kA, service(), options));
  partition.apply(output(kA, Bytes("out")));
  partition.apply(ended(kA));
  const Actions actions = partition.apply(wire::RestartAsNew{kA, kB, 0, {}, RequestId{}});
  const auto* started = find_action<InvocationStarted>(actions);
  REQUIRE(started);
  CHECK(started->restarted_from == kA);
  const auto link = wire::link_of(started->span);
  REQUIRE(link);
  CHECK(*link == wire::context_of(kA, kSpan));
  CHECK(wire::context_of(kB, started->span) == trace::root_of(kB, true));
}

TEST_CASE("of what nobody traces nobody hears", "[partition][trace]") {
  TestPartition partition;
  CHECK(count_actions<InvocationStarted>(partition.apply(invoke(kA, service()))) == 0);
  CHECK(count_actions<InvocationEnded>(partition.apply(kill(kA))) == 0);
}
