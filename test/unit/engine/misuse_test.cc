// What a program gets wrong is an error, and no more than that.

#include "gate.h"
#include "support/catch.h"

#include <restate/context.h>
#include <restate/engine.h>

#include <chrono>
#include <future>
#include <string>
#include <utility>
#include <vector>

using namespace restate;
using namespace std::chrono_literals;

namespace {

Result<Bytes> give_back(Context&, Bytes in) { return in; }

ServiceDefinition echoing() { return Service("Echo").handler("echo", give_back); }
ServiceDefinition object() { return Object("Thing").handler("echo", give_back); }

Engine open_echo() {
  auto engine = Engine::open();
  REQUIRE(engine);
  REQUIRE(engine->serve(echoing()));
  REQUIRE(engine->serve(object()));
  return *std::move(engine);
}

/// One of each rule that only the registry knows.
std::vector<ServiceDefinition> unservable() {
  HandlerOptions short_results;
  short_results.idempotency_retention_ms = 1'000;
  HandlerOptions open_to_all;
  open_to_all.ingress_private = false;
  std::vector<ServiceDefinition> services;
  services.push_back(Service("restateful").handler("echo", give_back));
  services.push_back(Service("openapi").handler("echo", give_back));
  services.push_back(Service("S").handler("echo", give_back, {.accept = "json"}));
  services.push_back(Service("S").handler("echo", give_back, {.content_type = "json"}));
  services.push_back(Service("S").handler("echo", give_back, {.workflow_retention_ms = 1'000}));
  services.push_back(Workflow("W").run(give_back, short_results));
  services.push_back(
      Service("S").options({.ingress_private = true}).handler("echo", give_back, open_to_all));
  return services;
}

}  // namespace

TEST_CASE("a service that cannot be served is refused, and in nobody's way", "[engine]") {
  Engine engine = open_echo();
  for (ServiceDefinition& service : unservable()) {
    CAPTURE(service.name);
    CHECK(engine.serve(std::move(service)) == Code::kInvalidArgument);
  }
  CHECK(engine.serve(Service("S").handler("a", give_back).handler("a", give_back)) ==
        Code::kAlreadyExists);
  REQUIRE(engine.serve(Service("S").handler("echo", give_back)));
  CHECK(engine.call("S", "echo", "a").get() == Bytes("a"));
  CHECK(engine.call("Echo", "echo", "b").get() == Bytes("b"));
}

TEST_CASE("a service that was refused leaves the one of its name", "[engine]") {
  Engine engine = open_echo();
  CHECK(engine.serve(Service("Echo").handler("other", give_back, {.accept = "json"})) ==
        Code::kInvalidArgument);
  CHECK(engine.call("Echo", "echo", "a").get() == Bytes("a"));
}

TEST_CASE("options out of their range are refused", "[engine]") {
  CHECK(Engine::open({.shards = 0}) == Code::kInvalidArgument);
  CHECK(Engine::open({.shards = 65}) == Code::kInvalidArgument);
  CHECK(Engine::open({.partitions = 0}) == Code::kInvalidArgument);
  CHECK(Engine::open({.memory = 0}));
}

TEST_CASE("a key is text", "[engine]") {
  Engine engine = open_echo();
  const std::string bad = "\xC3";
  CHECK(engine.call("Thing", "echo", "a", {.key = bad}).get() == Code::kInvalidArgument);
  CHECK(engine.send("Thing", "echo", "a", {.key = bad}).get() == Code::kInvalidArgument);
  CHECK(engine.call("Echo", "echo", "a", {.idempotency_key = bad}).get() == Code::kInvalidArgument);
  CHECK(engine.call("Thing", "echo", "a", {.key = "\u00e9"}).get() == Bytes("a"));
}

TEST_CASE("what was to be sent in the past is sent now, and calls are not put off", "[engine]") {
  Engine engine = open_echo();
  const auto id = engine.send("Echo", "echo", "a", {.delay = -1h}).get();
  REQUIRE(id);
  CHECK(engine.attach(*id).get() == Bytes("a"));
  CHECK(engine.call("Echo", "echo", "a", {.delay = 1ms}).get() == Code::kInvalidArgument);
}

TEST_CASE("a thread of the engine does not wait for itself", "[engine]") {
  Engine engine = open_echo();
  test::Gate gate;
  REQUIRE(engine.serve(gate.service()));
  const auto passing = engine.call("Gate", "pass", {});
  struct Heard {
    Result<Bytes> passed, called;
    Result<void> served;
  };
  std::promise<Heard> heard;
  gate.entered.get_future().wait();
  passing.then([&](const Result<Bytes>&) {
    heard.set_value({passing.get(), engine.call("Echo", "echo", "a").get(), engine.serve(echoing())});
  });
  gate.open.set_value();
  const Heard told = heard.get_future().get();
  CHECK(told.passed == Bytes("passed"));  // that was there
  CHECK(told.called == Code::kFailedPrecondition);
  CHECK(told.served == Code::kFailedPrecondition);
  CHECK(engine.call("Echo", "echo", "a").get() == Bytes("a"));
}
