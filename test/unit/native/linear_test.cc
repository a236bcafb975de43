// What a long handler costs is counted in attempts and frames: both are as many as there are steps.

#include "unit/native/model_engine.h"

#include "support/catch.h"

#include <restate/json.h>

using namespace restate;
using namespace restate::native::testing;
using namespace std::chrono_literals;

namespace {

constexpr int kSteps = 1000;

/// Adds one a thousand times, each in a step of its own.
HandlerFunction steps(int& taken) {
  return [&taken](Context& ctx, Bytes) -> Result<Bytes> {
    int sum = 0;
    for (int i = 0; i < kSteps; ++i) {
      RESTATE_TRY(const int one, ctx.run("step", [&] {
        ++taken;
        return 1;
      }));
      sum += one;
    }
    return std::to_string(sum);
  };
}

HandlerFunction naps(int& entered) {
  return [&entered](Context& ctx, Bytes) -> Result<Bytes> {
    ++entered;
    for (int i = 0; i < kSteps; ++i) RESTATE_TRY_VOID(ctx.sleep(1ms));
    return Bytes("rested");
  };
}

}  // namespace

TEST_CASE("a thousand steps are one attempt", "[native][linear]") {
  const std::uint16_t protocol = GENERATE(std::uint16_t{6}, std::uint16_t{7});
  ModelEngine engine;
  engine.protocol = protocol;
  int taken = 0;
  REQUIRE(engine.attempt(steps(taken)).kind == Outcome::Kind::kEnded);
  CHECK(taken == kSteps);
  CHECK(engine.result() == wire::InvocationResult(Bytes("1000")));
  // A command, a proposal and its answer each; Start, Input, Output and End.
  CHECK(engine.frames == 3 * kSteps + 4);

  SECTION("and its replay reads the journal once") {
    engine.frames = 0;
    REQUIRE(engine.attempt(steps(taken)).kind == Outcome::Kind::kEnded);
    CHECK(taken == kSteps);
    CHECK(engine.frames == 2 * kSteps + 4);
  }
}

TEST_CASE("a thousand short waits are one attempt", "[native][linear]") {
  ModelEngine engine;
  int entered = 0;
  REQUIRE(engine.attempt(naps(entered)).kind == Outcome::Kind::kEnded);
  CHECK(entered == 1);
  CHECK(engine.frames == 2 * kSteps + 4);
}

TEST_CASE("with others waiting for its thread, a handler replays no more than it does",
          "[native][linear]") {
  ModelEngine engine;
  engine.patience = Patience::kPressed;
  int entered = 0;
  REQUIRE(engine.run(naps(entered)).kind == Outcome::Kind::kEnded);
  CHECK(entered > 2);
  CHECK(entered < 40);  // beyond the first few, each attempt gets twice as far as the one before
  CHECK(engine.frames < 8 * kSteps);
}

TEST_CASE("a crash in the middle costs one replay", "[native][linear]") {
  ModelEngine whole;
  int taken = 0;
  REQUIRE(whole.attempt(steps(taken)).kind == Outcome::Kind::kEnded);

  ModelEngine engine;
  engine.journal.assign(whole.journal.begin(), whole.journal.begin() + kSteps + 1);
  taken = 0;
  REQUIRE(engine.attempt(steps(taken)).kind == Outcome::Kind::kEnded);
  CHECK(taken == kSteps / 2);
  CHECK(engine.frames == kSteps + 3 * kSteps / 2 + 4);
}

TEST_CASE("a wait for a thousand things tells of two thousand, however they come", "[native][linear]") {
  ModelEngine engine;
  engine.protocol = 7;
  engine.one_at_a_time = true;
  const bool grouped = GENERATE(false, true);
  const HandlerFunction handler = [grouped](Context& ctx, Bytes) -> Result<Bytes> {
    std::vector<Awaitable> timers;
    for (int i = 0; i < kSteps; ++i) {
      RESTATE_TRY(const auto timer, ctx.timer(1ms));
      timers.push_back(timer);
    }
    if (grouped) {
      RESTATE_TRY_VOID(ctx.any({when_all(timers)}));
    } else {
      RESTATE_TRY_VOID(ctx.all(timers));
    }
    return Bytes("all");
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  std::size_t told = 0;
  for (const wire::AwaitTree& tree : engine.announced) {
    REQUIRE(tree.nested.size() == 1);
    told += tree.nested[0].leaves.size();
  }
  CHECK(told >= kSteps);  // before anything had come
  CHECK(told <= 2 * kSteps);
}
