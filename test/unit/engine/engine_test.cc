#include <restate/engine.h>

#include "gate.h"
#include "support/catch.h"
#include "temp_directory.h"

#include <restate/context.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace restate;
using test::Gate;
using namespace std::chrono_literals;

namespace {

Result<Bytes> add(Context& ctx, Bytes amount) {
  RESTATE_TRY(const auto before, ctx.get("value"));
  const int sum = (before ? std::stoi(before->str()) : 0) + std::stoi(amount.str());
  RESTATE_TRY_VOID(ctx.set("value", Bytes(std::to_string(sum))));
  RESTATE_TRY_VOID(ctx.set("last", std::move(amount)));
  return Bytes(std::to_string(sum));
}

/// Sleeps for longer than any test, and tells how that ended.
Result<Bytes> sleep(Context& ctx) {
  const auto slept = ctx.sleep(1h);
  if (!slept && slept.error().code != Code::kTerminal) return slept.error();
  return Bytes(slept ? "slept" : "caught " + std::to_string(slept.error().status));
}

Engine open_engine(EngineOptions options = {}) {
  auto engine = Engine::open(std::move(options));
  REQUIRE(engine);
  REQUIRE(engine->serve(Object("Counter").handler("add", add)));
  REQUIRE(engine->serve(Service("Sleeper").handler("sleep", sleep)));
  return *std::move(engine);
}

std::size_t open_files() {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

/// Threads of ours; RocksDB keeps some of its own for the whole process.
int threads() {
  int count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(task.path() / "comm") >> std::ws, name);
    if (name.starts_with("restate")) ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("an invocation is cancelled, and its handler makes something of it", "[engine]") {
  Engine engine = open_engine();
  const auto id = engine.send("Sleeper", "sleep", {}).get();
  REQUIRE(id);
  REQUIRE(engine.cancel(*id).get());
  CHECK(engine.attach(*id).get() == Bytes("caught 409"));
  CHECK(engine.cancel(*id).get() == Code::kFailedPrecondition);
}

TEST_CASE("an invocation is killed, and its handler is not asked", "[engine]") {
  Engine engine = open_engine();
  const auto id = engine.send("Sleeper", "sleep", {}).get();
  REQUIRE(id);
  REQUIRE(engine.kill(*id).get());
  const auto answer = engine.attach(*id).get();
  REQUIRE(answer == Code::kTerminal);
  CHECK(answer.error().status == 409);
  CHECK(engine.kill(*id).get() == Code::kFailedPrecondition);
}

TEST_CASE("only what is there can be ended", "[engine]") {
  Engine engine = open_engine();
  InvocationId nobody;
  nobody.uuid.bytes[15] = 1;
  CHECK(engine.cancel(nobody.str()).get() == Code::kNotFound);
  CHECK(engine.kill(nobody.str()).get() == Code::kNotFound);
  CHECK(engine.cancel("nonsense").get() == Code::kInvalidArgument);
  CHECK(engine.attach("nonsense").get() == Code::kInvalidArgument);
}

TEST_CASE("state is read from outside", "[engine]") {
  const test::TempDirectory directory;
  const bool durable = GENERATE(false, true);
  CAPTURE(durable);
  EngineOptions options;
  if (durable) options.data_dir = directory.path;
  Engine engine = open_engine(options);
  CHECK(engine.call("Counter", "add", "2", {.key = "a"}).get() == Bytes("2"));
  CHECK(engine.call("Counter", "add", "3", {.key = "a"}).get() == Bytes("5"));
  CHECK(engine.call("Counter", "add", "7", {.key = "b"}).get() == Bytes("7"));

  using State = std::map<std::string, Bytes>;
  CHECK(engine.read_state("Counter", "a").get() == State{{"last", "3"}, {"value", "5"}});
  CHECK(engine.read_state("Counter", "nobody").get() == State{});
  CHECK(engine.read_state("Counter", "b", "value").get() == std::optional<Bytes>("7"));
  CHECK(engine.read_state("Counter", "b", "other").get() == std::optional<Bytes>());
  CHECK(engine.read_state("Nobody", "a").get() == Code::kNotFound);
  CHECK(engine.read_state("Sleeper", "a").get() == Code::kInvalidArgument);
}

TEST_CASE("who opens without SQL is told so", "[engine]") {
  Engine engine = open_engine();
  CHECK(engine.query("SELECT 1").get() == Code::kUnsupported);
}

TEST_CASE("stopping waits for what runs", "[engine]") {
  Gate gate;
  Engine engine = open_engine();
  REQUIRE(engine.serve(gate.service()));
  const auto passing = engine.call("Gate", "pass", {});
  gate.entered.get_future().wait();
  const auto stopped = engine.stop();
  CHECK(engine.call("Counter", "add", "1", {.key = "a"}).get() == Code::kShutdown);
  CHECK(engine.started().get() == Code::kShutdown);
  gate.open.set_value();
  CHECK(passing.get() == Bytes("passed"));
  CHECK(stopped.get());
  CHECK(engine.stop().get());
  CHECK(engine.send("Sleeper", "sleep", {}).get() == Code::kShutdown);
}

TEST_CASE("stopping waits no longer than it may, and what it left goes on", "[engine]") {
  const test::TempDirectory directory;
  std::string id;
  {
    Gate gate;
    Engine engine = open_engine({.data_dir = directory.path});
    REQUIRE(engine.serve(gate.service()));
    id = engine.send("Gate", "pass", {}).get().value();
    gate.entered.get_future().wait();
    const auto waiting = engine.attach(id);
    CHECK(engine.stop(0ms).get() == Code::kTimeout);
    CHECK(waiting.get() == Code::kShutdown);
    gate.open.set_value();
  }
  Gate again;
  again.open.set_value();
  Engine engine = open_engine({.data_dir = directory.path});
  REQUIRE(engine.serve(again.service()));
  CHECK(engine.attach(id).get() == Bytes("passed"));
}

TEST_CASE("a handler that only waits keeps nobody from stopping", "[engine]") {
  Engine engine = open_engine();
  REQUIRE(engine.send("Sleeper", "sleep", {}).get());
  CHECK(engine.stop(1h).get());
}

TEST_CASE("engines of one process know nothing of each other", "[engine]") {
  const test::TempDirectory first, second;
  std::vector<Engine> engines;
  for (int i = 0; i < 3; ++i) engines.push_back(open_engine());
  engines.push_back(open_engine({.data_dir = first.path}));
  engines.push_back(open_engine({.data_dir = second.path}));
  CHECK(Engine::open({.data_dir = first.path}).error().code == Code::kAlreadyExists);

  std::vector<Reply<Bytes>> replies;
  for (int i = 0; i < 5; ++i) {
    for (Engine& engine : engines) {
      replies.push_back(engine.call("Counter", "add", Bytes(std::to_string(i)), {.key = "same"}));
    }
  }
  for (const auto& reply : replies) CHECK(reply.get());
  for (Engine& engine : engines) {
    CHECK(engine.read_state("Counter", "same", "value").get() == std::optional<Bytes>("10"));
  }
  // One that goes takes nothing from the others.
  engines.erase(engines.begin());
  CHECK(engines.front().call("Counter", "add", "1", {.key = "same"}).get() == Bytes("11"));
}

TEST_CASE("an engine leaves the process as it found it", "[engine]") {
  const test::TempDirectory directory;
  { Engine first = open_engine({.data_dir = directory.path}); }  // libraries keep a little, once
  struct sigaction before[NSIG] = {};
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, nullptr, &before[signal]);
  const std::size_t files = open_files();
  CHECK(threads() == 0);
  {
    Engine engine =
        open_engine({.data_dir = directory.path, .ports = Ports{.ingress = 0, .admin = 0}});
    CHECK(engine.call("Counter", "add", "1", {.key = "a"}).get());
    CHECK(threads() > 0);
    for (int signal = 1; signal < NSIG; ++signal) {
      struct sigaction now = {};
      sigaction(signal, nullptr, &now);
      CHECK(now.sa_handler == before[signal].sa_handler);
    }
  }
  CHECK(threads() == 0);
  CHECK(open_files() == files);
}
