// Engines on several shards, used from several threads of their host, and closed while they work.

#include "support/catch.h"

#include <restate/context.h>
#include <restate/engine.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace restate;

namespace {

/// A directory that goes with the test.
struct Directory {
  Directory() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "restate-threads-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~Directory() { std::filesystem::remove_all(path); }
  std::string path;
};

Result<Bytes> add(Context& ctx, Bytes amount) {
  RESTATE_TRY(const auto before, ctx.get("sum"));
  const int sum = (before ? std::stoi(before->str()) : 0) + std::stoi(amount.str());
  RESTATE_TRY_VOID(ctx.set("sum", Bytes(std::to_string(sum))));
  return Bytes(std::to_string(sum));
}

/// Calls an object, which mostly lives in a partition of another shard.
Result<Bytes> forward(Context& ctx, Bytes key) {
  RESTATE_TRY(auto one, ctx.run("one", [] { return Bytes("1"); }));
  return ctx.call("Sum", "add", std::move(one), {.key = key.str()});
}

/// Large enough that loglets keep none of it in memory.
Result<Bytes> grow(Context& ctx, Bytes size) {
  return ctx.run("grow", [&] { return Bytes(std::string(std::stoul(size.str()), 'x')); });
}

void serve(Engine& engine) {
  REQUIRE(engine.serve(Object("Sum").handler("add", add)));
  REQUIRE(engine.serve(Service("Front").handler("forward", forward).handler("grow", grow)));
}

/// Calls from several threads at once; every one has its answer.
void call_from_threads(Engine& engine, int threads, int calls) {
  std::atomic<int> failed = 0;
  std::vector<std::thread> callers;
  for (int t = 0; t < threads; ++t) {
    callers.emplace_back([&, t] {
      for (int i = 0; i < calls; ++i) {
        const std::string key = "key-" + std::to_string((t + i) % 5);
        if (!engine.call("Front", "forward", Bytes(key)).get()) ++failed;
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(failed == 0);
}

int sum_of_all(Engine& engine) {
  int sum = 0;
  for (int i = 0; i < 5; ++i) {
    const auto part = engine.call("Sum", "add", Bytes("0"), {.key = "key-" + std::to_string(i)}).get();
    REQUIRE(part);
    sum += std::stoi(part->str());
  }
  return sum;
}

TEST_CASE("an engine of three shards is called from four threads", "[threads]") {
  auto engine = Engine::open({.shards = 3, .partitions = 6});
  REQUIRE(engine);
  serve(*engine);
  call_from_threads(*engine, 4, 15);
  CHECK(sum_of_all(*engine) == 60);
}

TEST_CASE("an engine is closed while it works, and opened again", "[threads]") {
  const Directory directory;
  int sent = 0;
  for (int round = 0; round < 3; ++round) {
    auto engine = Engine::open({.data_dir = directory.path, .shards = 3, .partitions = 6});
    REQUIRE(engine);
    serve(*engine);
    call_from_threads(*engine, 2, 5);
    REQUIRE(engine->call("Front", "grow", Bytes("1500000")).get());
    for (int i = 0; i < 20; ++i) {
      const std::string key = "key-" + std::to_string(i % 5);
      if (engine->send("Front", "forward", Bytes(key)).get()) ++sent;
    }
    // Most of what was sent runs now, or is on its way between shards.
  }
  auto engine = Engine::open({.data_dir = directory.path, .shards = 3, .partitions = 6});
  REQUIRE(engine);
  serve(*engine);
  // What was accepted runs once, whenever that was.
  const int wanted = 3 * 10 + sent;
  while (sum_of_all(*engine) < wanted) std::this_thread::yield();
  CHECK(sum_of_all(*engine) == wanted);
}

}  // namespace
