// Engines that are guests on a loop of the program.

#include "support/catch.h"
#include "temp_directory.h"

#include <restate/context.h>
#include <restate/engine.h>

#include <uv.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <string>
#include <thread>

using namespace restate;

namespace {

/// The program's loop, on the thread of the test.
class Loop {
 public:
  Loop() {
    std::signal(SIGPIPE, SIG_IGN);  // as every host with sockets does
    uv_loop_init(&loop_);
  }
  ~Loop() {
    uv_run(&loop_, UV_RUN_DEFAULT);
    CHECK(uv_loop_close(&loop_) == 0);
  }
  uv_loop_t* get() { return &loop_; }

  template <class T>
  Result<T> wait(const Reply<T>& reply) {
    std::optional<Result<T>> answer;
    reply.then([&answer](const Result<T>& result) { answer.emplace(result); });
    while (!answer) REQUIRE(uv_run(&loop_, UV_RUN_ONCE) != 0);
    return *std::move(answer);
  }

 private:
  uv_loop_t loop_;
};

Result<Bytes> count(Context& ctx) {
  RESTATE_TRY(const auto before, ctx.get("count"));
  const Bytes next(std::to_string((before ? std::stoi(before->str()) : 0) + 1));
  RESTATE_TRY_VOID(ctx.set("count", next));
  return next;
}

ServiceDefinition counter() { return Object("Counter").handler("count", count); }

}  // namespace

TEST_CASE("an engine lives on a loop of the program", "[engine][loop]") {
  const test::TempDirectory directory;
  const bool durable = GENERATE(false, true);
  CAPTURE(durable);
  EngineOptions options;
  if (durable) options.data_dir = directory.path;
  for (int life = 1; life <= 2; ++life) {
    Loop loop;
    options.loop = loop.get();
    auto engine = Engine::open(options);
    REQUIRE(engine);
    // Nothing has run yet: what is asked now waits for the start, and for the services.
    REQUIRE(engine->serve(counter()));
    const auto early = engine->call("Counter", "count", {}, {.key = "a"});
    CHECK(loop.wait(early) == Bytes(durable && life == 2 ? "3" : "1"));
    CHECK(loop.wait(engine->call("Counter", "nobody", {}, {.key = "a"})) == Code::kNotFound);
    CHECK(loop.wait(engine->call("Counter", "count", {}, {.key = "a"})));
    CHECK(loop.wait(engine->read_state("Counter", "a", "count")) ==
          std::optional<Bytes>(durable && life == 2 ? "4" : "2"));
    CHECK(loop.wait(engine->stop()));
  }
}

TEST_CASE("ports of a guest are known when it has started", "[engine][loop]") {
  Loop loop;
  auto engine = Engine::open({.loop = loop.get(), .ports = Ports{.ingress = 0}});
  REQUIRE(engine);
  CHECK(!engine->ingress_port());
  REQUIRE(loop.wait(engine->started()));
  CHECK(engine->ingress_port().value_or(0) != 0);
}

TEST_CASE("a guest that is destroyed at once runs the loop as long as it must", "[engine][loop]") {
  Loop loop;
  std::optional<Reply<Bytes>> reply;
  {
    auto engine = Engine::open({.loop = loop.get()});
    REQUIRE(engine);
    REQUIRE(engine->serve(counter()));
    reply.emplace(engine->call("Counter", "count", {}, {.key = "a"}));
  }
  CHECK(reply->get() == Code::kShutdown);
}

TEST_CASE("two guests share a loop, and other threads ask them", "[engine][loop]") {
  Loop loop;
  auto first = Engine::open({.loop = loop.get()});
  auto second = Engine::open({.loop = loop.get()});
  REQUIRE(first);
  REQUIRE(second);
  REQUIRE(first->serve(counter()));
  REQUIRE(second->serve(counter()));
  std::atomic<bool> asked{false};
  std::thread other([&] {
    for (int i = 1; i <= 3; ++i) {
      CHECK(first->call("Counter", "count", {}, {.key = "a"}).get() == Bytes(std::to_string(i)));
    }
    asked = true;
  });
  while (!asked) uv_run(loop.get(), UV_RUN_NOWAIT);
  other.join();
  CHECK(loop.wait(second->call("Counter", "count", {}, {.key = "a"})) == Bytes("1"));
  CHECK(loop.wait(first->stop()));
  CHECK(loop.wait(second->call("Counter", "count", {}, {.key = "a"})) == Bytes("2"));
  CHECK(loop.wait(second->stop()));
}

TEST_CASE("a guest has one shard", "[engine][loop]") {
  Loop loop;
  CHECK(Engine::open({.shards = 2, .loop = loop.get()}).error().code == Code::kInvalidArgument);
}
