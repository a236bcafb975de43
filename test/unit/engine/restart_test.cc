// What an engine finds in its directory before the program has served anything.

#include "gate.h"
#include "support/catch.h"
#include "temp_directory.h"

#include <restate/context.h>
#include <restate/engine.h>

#include <atomic>
#include <chrono>
#include <future>
#include <initializer_list>
#include <string>
#include <string_view>

using namespace restate;
using namespace std::chrono_literals;

namespace {

/// Hears of the first attempt that fails.
class FailedAttempt final : public Logger {
 public:
  bool enabled(LogLevel level) const override { return level >= LogLevel::kWarn; }
  void write(LogLevel, std::string_view module, std::string_view message,
             std::initializer_list<LogField>) override {
    if (module != "invoker" || !message.starts_with("Invocation error")) return;
    if (!heard_.exchange(true)) happened.set_value();
  }
  std::promise<void> happened;

 private:
  std::atomic<bool> heard_{false};
};

ServiceDefinition named(const char* name) {
  return Service(name).handler("echo", [](Context&, Bytes in) { return Result<Bytes>(in); });
}

}  // namespace

TEST_CASE("work that waits for its service costs no attempt", "[engine]") {
  const test::TempDirectory directory;
  // Whoever counts one attempt ends the invocation.
  const ServiceOptions once{.retry_max_attempts = 1, .retry_kill = true};
  std::string id;
  {
    test::Gate gate;
    auto engine = Engine::open({.data_dir = directory.path});
    REQUIRE(engine);
    REQUIRE(engine->serve(gate.service(once)));
    id = engine->send("Gate", "pass", {}).get().value();
    gate.entered.get_future().wait();
    CHECK(engine->stop(0ms).get() == Code::kTimeout);
    gate.open.set_value();
  }
  FailedAttempt failed;
  test::Gate again;
  again.open.set_value();
  auto engine = Engine::open({.data_dir = directory.path, .logger = &failed});
  REQUIRE(engine);
  failed.happened.get_future().wait();
  SECTION("when it is the first that is served") {}
  SECTION("when another is served first") { REQUIRE(engine->serve(named("Other"))); }
  REQUIRE(engine->serve(again.service(once)));
  CHECK(engine->attach(id).get() == Bytes("passed"));
}

TEST_CASE("services of an earlier run stay known until they are served again", "[engine]") {
  const test::TempDirectory directory;
  {
    auto engine = Engine::open({.data_dir = directory.path});
    REQUIRE(engine);
    REQUIRE(engine->serve(named("A")));
    REQUIRE(engine->serve(named("B")));
  }
  auto engine = Engine::open({.data_dir = directory.path});
  REQUIRE(engine);
  REQUIRE(engine->serve(named("A")));
  const auto id = engine->send("B", "echo", "b").get();
  REQUIRE(id);
  CHECK(engine->call("A", "echo", "a").get() == Bytes("a"));
  REQUIRE(engine->serve(named("B")));
  CHECK(engine->attach(*id).get() == Bytes("b"));
}
