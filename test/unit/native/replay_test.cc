// The promise of durable execution, tried at every point: however often a handler is interrupted, and
// wherever, it ends with the same result, and no finished step is taken twice.

#include "unit/native/model_engine.h"

#include "support/catch.h"
#include "support/transcript.h"

using namespace restate;
using namespace restate::native::testing;
using namespace std::chrono_literals;

namespace {

/// Uses every kind of step. `runs` counts what happened outside of the journal.
HandlerFunction everything(int& runs) {
  return [&runs](Context& ctx, Bytes in) -> Result<Bytes> {
    std::string trace = in.str();
    RESTATE_TRY(const Bytes first, ctx.run("first", [&]() -> Result<Bytes> {
      ++runs;
      return Bytes("r1");
    }));
    trace += " " + first.str();
    RESTATE_TRY_VOID(ctx.sleep(1s, "nap"));
    RESTATE_TRY(const auto before, ctx.get("counter"));
    trace += " " + (before ? before->str() : "none");
    RESTATE_TRY_VOID(ctx.set("counter", Bytes("1")));
    RESTATE_TRY(const auto after, ctx.get("counter"));
    trace += " " + (after ? after->str() : "none");
    RESTATE_TRY(const auto keys, ctx.keys());
    for (const auto& key : keys) trace += " " + key;
    RESTATE_TRY_VOID(ctx.clear("other"));
    RESTATE_TRY(const Bytes reply, ctx.call("Other", "echo", Bytes("x"), {.name = "c"}));
    trace += " " + reply.str();
    RESTATE_TRY(const auto sent, ctx.send("Other", "later", Bytes("y"), {{}, 5s}));
    trace += " " + sent.str().substr(0, 4);
    RESTATE_TRY(const auto a, ctx.start_call("Other", "a", Bytes("a")));
    RESTATE_TRY(const auto b, ctx.start_call("Other", "b", Bytes("b")));
    RESTATE_TRY(const auto timer, ctx.timer(1h));
    RESTATE_TRY(const std::size_t winner, ctx.any({timer, a, b}));
    trace += " winner " + std::to_string(winner);
    RESTATE_TRY_VOID(ctx.all({a, b, timer}));
    RESTATE_TRY(const Bytes from_b, ctx.await(b));
    trace += " " + from_b.str();
    auto failed = ctx.run("failing", [&]() -> Result<Bytes> {
      ++runs;
      return terminal("no luck", 418);
    });
    if (failed.has_value() || failed.error().code != Code::kTerminal) return std::move(failed).error();
    trace += " " + std::to_string(failed.error().status);
    RESTATE_TRY(const auto awakeable, ctx.awakeable());
    RESTATE_TRY_VOID(ctx.resolve_awakeable(awakeable.id, Bytes("z")));
    RESTATE_TRY(const Bytes promised, ctx.promise("p"));
    RESTATE_TRY(const auto peeked, ctx.peek_promise("q"));
    RESTATE_TRY_VOID(ctx.resolve_promise("q", Bytes("v")));
    trace += " " + promised.str() + (peeked ? " set" : " unset");
    RESTATE_TRY(const Bytes attached, ctx.attach(ctx.id()));
    RESTATE_TRY(const auto output, ctx.output(ctx.id()));
    trace += " " + attached.str() + (output ? " out" : " pending");
    trace += " " + std::to_string(ctx.random() % 1000);
    RESTATE_TRY(const WallTime now, ctx.now());
    trace += now.ms > 0 ? " now" : " never";
    RESTATE_TRY_VOID(ctx.clear_all());
    RESTATE_TRY(const auto none, ctx.get("counter"));
    trace += none ? " left" : " gone";
    return Bytes(trace);
  };
}

ModelEngine object_engine(std::uint16_t protocol, bool lazy) {
  ModelEngine engine;
  engine.protocol = protocol;
  engine.key = "k";
  engine.lazy_state = lazy;
  engine.state = {{Bytes("counter"), Bytes("0")}, {Bytes("other"), Bytes("o")}};
  return engine;
}

constexpr std::string_view kExpected =
    "in r1 0 1 counter other re:x inv_ winner 1 re:b 418 promised unset attached pending";

}  // namespace

TEST_CASE("a handler runs through when everything answers", "[native][replay]") {
  const std::uint16_t protocol = GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7});
  const bool lazy = GENERATE(false, true);
  CAPTURE(protocol, lazy);
  int runs = 0;
  ModelEngine engine = object_engine(protocol, lazy);
  const Outcome outcome = engine.attempt(everything(runs));
  INFO(engine.transcript);
  REQUIRE(outcome.kind == Outcome::Kind::kEnded);
  CHECK(std::get<Bytes>(*engine.result()).str().substr(0, kExpected.size()) == kExpected);
  CHECK(runs == 2);
  CHECK(engine.state.empty());
  if (protocol == 6 && !lazy) testing::check_transcript("protocol/everything_v6", engine.transcript);
}

TEST_CASE("a handler that suspends at every wait ends the same", "[native][replay]") {
  const std::uint16_t protocol = GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7});
  const bool lazy = GENERATE(false, true);
  CAPTURE(protocol, lazy);
  int runs = 0;
  ModelEngine live = object_engine(protocol, lazy);
  live.attempt(everything(runs));
  runs = 0;
  ModelEngine engine = object_engine(protocol, lazy);
  engine.patience = Patience::kReplay;
  const Outcome outcome = engine.run(everything(runs));
  INFO(engine.transcript);
  REQUIRE(outcome.kind == Outcome::Kind::kEnded);
  CHECK(engine.result() == live.result());
  CHECK(runs == 2);  // each run suspends on its own result and finds it in the next attempt
}

TEST_CASE("a replay after every prefix of the journal ends the same", "[native][replay]") {
  const std::uint16_t protocol = GENERATE(std::uint16_t{6}, std::uint16_t{7});
  const bool lazy = GENERATE(false, true);
  const Patience patience = GENERATE(Patience::kLive, Patience::kReplay);
  int runs = 0;
  ModelEngine whole = object_engine(protocol, lazy);
  REQUIRE(whole.attempt(everything(runs)).kind == Outcome::Kind::kEnded);

  for (std::size_t length = 1; length <= whole.journal.size(); ++length) {
    CAPTURE(protocol, lazy, length);
    ModelEngine engine = object_engine(protocol, lazy);
    engine.patience = patience;
    // The state as it was then: what the prefix of the journal did to it.
    for (std::size_t i = 0; i < length; ++i) {
      engine.journal.push_back(whole.journal[i]);
      const auto type = static_cast<wire::EntryType>(whole.journal[i].type);
      const auto content = wire::decode_entry(type, whole.journal[i].body);
      if (const auto* set = std::get_if<wire::SetStateEntry>(&*content)) engine.state[set->key] = set->value;
      if (const auto* clear = std::get_if<wire::ClearStateEntry>(&*content)) engine.state.erase(clear->key);
      if (type == wire::EntryType::kClearAllState) engine.state.clear();
    }
    engine.settle();
    const Outcome outcome = engine.run(everything(runs));
    INFO(engine.transcript);
    REQUIRE(outcome.kind == Outcome::Kind::kEnded);
    CHECK(engine.result() == whole.result());
  }
}

TEST_CASE("what won a race wins it again", "[native][replay]") {
  // The first attempt saw the timer first. By the second, both have come in, and the call would be
  // first in the list that is waited for.
  const HandlerFunction race = [](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto call, ctx.start_call("Slow", "h", Bytes()));
    RESTATE_TRY(const auto timer, ctx.timer(1s));
    RESTATE_TRY(const std::size_t winner, ctx.any({call, timer}));
    RESTATE_TRY_VOID(ctx.sleep(1s, "after"));
    return Bytes(winner == 1 ? "timer" : "call");
  };
  ModelEngine engine;
  engine.answers = false;
  REQUIRE(engine.attempt(race).kind == Outcome::Kind::kSuspended);
  engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{3}, wire::Void{}});
  REQUIRE(engine.attempt(race).kind == Outcome::Kind::kSuspended);  // sleeps for the second time
  engine.notify({wire::EntryType::kCallCompletion, wire::CompletionId{2}, Bytes("late")});
  engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{4}, wire::Void{}});
  REQUIRE(engine.attempt(race).kind == Outcome::Kind::kEnded);
  CHECK(engine.result() == wire::InvocationResult(Bytes("timer")));
  testing::check_transcript("protocol/race", engine.transcript);
}

TEST_CASE("code that changed under its journal is found out", "[native][replay]") {
  const auto sleeper = [](std::string name, bool first_run, std::string service) -> HandlerFunction {
    return [=](Context& ctx, Bytes) -> Result<Bytes> {
      if (first_run) {
        RESTATE_TRY_VOID(ctx.run("r", [] {}));
      }
      RESTATE_TRY_VOID(ctx.sleep(1s, name));
      RESTATE_TRY(const Bytes reply, ctx.call(service, "h", Bytes()));
      return reply;
    };
  };
  ModelEngine engine;
  REQUIRE(engine.attempt(sleeper("a", true, "S")).kind == Outcome::Kind::kEnded);

  SECTION("the same code is fine, and so is another time") {
    CHECK(engine.attempt(sleeper("a", true, "S")).kind == Outcome::Kind::kEnded);
  }
  SECTION("another name") {
    const Outcome outcome = engine.attempt(sleeper("b", true, "S"));
    REQUIRE(outcome.kind == Outcome::Kind::kFailed);
    CHECK(outcome.error.code == 570);
    CHECK(outcome.error.related_command_index == 2u);
    CHECK(outcome.error.related_command_type == 0x040Cu);
  }
  SECTION("a step less") {
    const Outcome outcome = engine.attempt(sleeper("a", false, "S"));
    REQUIRE(outcome.kind == Outcome::Kind::kFailed);
    CHECK(outcome.error.code == 570);
    CHECK(outcome.error.related_command_index == 1u);
  }
  SECTION("another argument") {
    const Outcome outcome = engine.attempt(sleeper("a", true, "T"));
    REQUIRE(outcome.kind == Outcome::Kind::kFailed);
    CHECK(outcome.error.code == 570);
  }
  SECTION("an end before the end") {
    const Outcome outcome = engine.attempt([](Context&, Bytes) -> Result<Bytes> { return Bytes(); });
    REQUIRE(outcome.kind == Outcome::Kind::kFailed);
    CHECK(outcome.error.code == 570);
  }
  SECTION("waiting where the journal went on") {
    const Outcome outcome = engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
      RESTATE_TRY(const auto signal, ctx.signal("never"));
      return ctx.await(signal);
    });
    REQUIRE(outcome.kind == Outcome::Kind::kFailed);
    CHECK(outcome.error.code == 570);
  }
}
