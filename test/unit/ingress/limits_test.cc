#include "bench.h"

using namespace restate;
using namespace restate::ingress;
using namespace restate::ingress::testing;
using namespace std::chrono_literals;

TEST_CASE("too much at once and too large a body are turned away", "[ingress][limits]") {
  Bench bench;
  bench.options.request_size_limit = 10;
  FakeStream stream;
  {
    auto head = head_of("POST", "/Svc/raw");
    head.headers.add("origin", "https://app.example");
    const Asked asked(head, bench.context.shard);  // dispatch takes the headers
    Exchange exchange(bench.context, stream, asked, std::get<Work>(dispatch(head, bench.context)));
    exchange.on_body(Bytes("0123456789"));
    CHECK_FALSE(stream.answer);
    bench.options.concurrent_requests = 1;
    CHECK(bench.status("GET", "/restate/health") == 429);
    exchange.on_body(Bytes("0"));
    exchange.on_body(Bytes("1"));
    exchange.on_body_end();
    REQUIRE(stream.answer);
    CHECK(stream.answer->status == 413);
    CHECK(stream.header("access-control-allow-origin") == "https://app.example");
    CHECK(stream.header("access-control-expose-headers") == "x-restate-id, x-restate-error-source");
  }
  CHECK(bench.status("GET", "/restate/health") == 200);
}

TEST_CASE("the shards of a node count their requests together", "[ingress][limits]") {
  Bench here, there;
  here.options.concurrent_requests = there.options.concurrent_requests = 2;
  here.options.node_in_flight = there.options.node_in_flight =
      std::make_shared<std::atomic<std::size_t>>(0);
  FakeStream first, second;
  const auto begin = [](Bench& bench, FakeStream& stream) {
    auto head = head_of("POST", "/Svc/raw");
    return std::make_unique<Exchange>(bench.context, stream, Asked(head, bench.context.shard),
                                      std::get<Work>(dispatch(head, bench.context)));
  };
  auto one = begin(here, first);
  CHECK(there.status("GET", "/restate/health") == 200);
  auto two = begin(there, second);
  CHECK(here.status("GET", "/restate/health") == 429);
  CHECK(there.status("GET", "/restate/health") == 429);
  one.reset();
  CHECK(here.status("GET", "/restate/health") == 200);
  CHECK(there.status("GET", "/restate/health") == 200);
}

TEST_CASE("a body may come in pieces of any size", "[ingress]") {
  Bench bench;
  bench.partition.invoke_replies.push_back(output("done"));
  auto head = head_of("POST", "/Svc/raw", {{"content-type", "a/b"}});
  Asked asked(head, bench.context.shard);  // `dispatch` takes the headers
  FakeStream stream;
  Exchange exchange(bench.context, stream, std::move(asked),
                    std::get<Work>(dispatch(head, bench.context)));
  std::string body;
  const auto add = [&](std::size_t bytes) {
    const std::string piece(bytes, static_cast<char>('a' + body.size() % 26));
    body += piece;
    exchange.on_body(Bytes(piece));
  };
  for (int i = 0; i < 40'000; ++i) add(1);
  for (const std::size_t bytes : {100'000, 5, 16'384, 16'383, 7, 20'000, 3}) add(bytes);
  exchange.on_body_end();
  bench.world.run_until([&] { return stream.answer.has_value(); }, 60s);
  REQUIRE(bench.partition.invoked.size() == 1);
  CHECK(bench.partition.invoked[0].invocation.argument.view() == body);
}

TEST_CASE("bodies that wait have a bound", "[ingress][limits]") {
  Bench bench;
  bench.options.bodies = std::make_shared<MemoryPool>(10'000);
  MemoryPool& pool = *bench.options.bodies;
  bench.partition.hold_invocations = true;
  const std::string body(6000, 'x');
  const auto begin = [&](FakeStream& stream) {
    auto head = head_of("POST", "/Svc/raw", {{"content-type", "a/b"}});
    Asked asked(head, bench.context.shard);  // `dispatch` takes the headers
    return std::make_unique<Exchange>(bench.context, stream, std::move(asked),
                                      std::get<Work>(dispatch(head, bench.context)));
  };
  FakeStream first, second;
  auto one = begin(first);
  one->on_body(Bytes(body));
  CHECK(pool.used() == 6000);
  auto two = begin(second);
  two->on_body(Bytes(body));
  REQUIRE(second.answer);
  CHECK(second.answer->status == 429);
  CHECK(pool.used() == 6000);

  one->on_body_end();
  CHECK(pool.used() == 6000);
  REQUIRE(bench.partition.held.size() == 1);
  auto& held = bench.partition.held[0];
  SECTION("until the log has them, however long the call waits then") {
    held.stored();
    CHECK(pool.used() == 0);
    FakeStream third;
    auto other = begin(third);
    other->on_body(Bytes(body));
    CHECK_FALSE(third.answer);
    held.done(output("1"));
    REQUIRE(first.answer);
    CHECK(first.answer->status == 200);
    CHECK(first.text == "1");
  }
  SECTION("after that the result is asked for, not the call repeated") {
    held.stored();
    worker::OutputReply reply;
    reply.kind = worker::OutputReply::Kind::kReady;
    reply.result = Bytes("late");
    bench.partition.output_replies.push_back(Error{Code::kNotLeader, "x"});
    bench.partition.output_replies.push_back(std::move(reply));
    held.done(Error{Code::kUnavailable, "the leader has gone"});
    bench.world.run_until([&] { return first.answer.has_value(); }, 60s);
    REQUIRE(first.answer);
    CHECK(first.answer->status == 200);
    CHECK(first.text == "late");
    REQUIRE(bench.partition.asked.size() == 2);
    CHECK(bench.partition.asked[0].block);
    CHECK(bench.partition.asked[0].invocation == bench.partition.invoked[0].invocation.id);
    CHECK(bench.partition.invoked.size() == 1);
  }
  SECTION("a result that was not kept is said to be lost") {
    held.stored();
    bench.partition.output_replies.push_back(worker::OutputReply{});
    held.done(Error{Code::kUnavailable, "the leader has gone"});
    bench.world.run_until([&] { return first.answer.has_value(); }, 60s);
    REQUIRE(first.answer);
    CHECK(first.answer->status == 503);
  }
  SECTION("a client that leaves takes its body along, and the partition hears of it") {
    one.reset();
    CHECK(pool.used() == 0);
    REQUIRE(bench.partition.forgotten.size() == 1);
    CHECK(bench.partition.forgotten[0] == bench.partition.invoked[0].request);
    held.done(Error{Code::kCancelled, "nobody waits"});
  }
  SECTION("nobody is told while everything closes") {
    bench.context.closing = true;
    one.reset();
    CHECK(bench.partition.forgotten.empty());
    held.done(Error{Code::kCancelled, "nobody waits"});
  }
  if (held.done) held.done(output("1"));
}
