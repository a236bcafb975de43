#include "unit/native/model_engine.h"

#include "support/catch.h"
#include "support/transcript.h"

#include <stdexcept>

using namespace restate;
using namespace restate::native::testing;
using namespace std::chrono_literals;

namespace {

Bytes value_of(const ModelEngine& engine) {
  const auto result = engine.result();
  REQUIRE(result);
  REQUIRE(std::holds_alternative<Bytes>(*result));
  return std::get<Bytes>(*result);
}

wire::Failure failure_of(const ModelEngine& engine) {
  const auto result = engine.result();
  REQUIRE(result);
  REQUIRE(std::holds_alternative<wire::Failure>(*result));
  return std::get<wire::Failure>(*result);
}

}  // namespace

TEST_CASE("a handler knows whom it serves", "[native][context]") {
  ModelEngine engine;
  engine.key = "the key";
  engine.attempt_headers = {{"x-proxy", "p1"}};
  const Outcome outcome = engine.attempt([&](Context& ctx, Bytes in) -> Result<Bytes> {
    CHECK(ctx.id() == engine.id);
    CHECK(ctx.service() == "Model");
    CHECK(ctx.handler() == "serve");
    CHECK(ctx.key() == "the key");
    CHECK(ctx.body() == Bytes("in"));
    CHECK(ctx.attempt_headers() == engine.attempt_headers);
    REQUIRE(ctx.headers().size() == 1);
    CHECK(ctx.headers()[0] == wire::Header{"h", "v"});
    return in;
  });
  CHECK(outcome.kind == Outcome::Kind::kEnded);
  CHECK(value_of(engine) == Bytes("in"));
}

TEST_CASE("a handler ends as it returns", "[native][context]") {
  ModelEngine engine;
  SECTION("a terminal error is a failure that callers see") {
    const Outcome outcome = engine.attempt(
        [](Context&, Bytes) -> Result<Bytes> { return terminal("out of stock", 409); });
    CHECK(outcome.kind == Outcome::Kind::kEnded);
    CHECK(failure_of(engine) == wire::Failure{409, "out of stock", {}});
  }
  SECTION("any other error is tried again") {
    const Outcome outcome = engine.attempt([](Context&, Bytes) -> Result<Bytes> {
      return Error{Code::kUnavailable, "no network"};
    });
    CHECK(outcome.kind == Outcome::Kind::kFailed);
    CHECK(outcome.error.code == 500);
    CHECK(outcome.error.message.find("no network") != std::string::npos);
    CHECK_FALSE(engine.result());
  }
  SECTION("so is an exception") {
    const Outcome outcome = engine.attempt([](Context&, Bytes) -> Result<Bytes> {
      throw std::runtime_error("boom");
    });
    CHECK(outcome.kind == Outcome::Kind::kFailed);
    CHECK(outcome.error.message.find("boom") != std::string::npos);
  }
  SECTION("and a `kSuspended` of its own invention") {
    const Outcome outcome = engine.attempt(
        [](Context&, Bytes) -> Result<Bytes> { return Error{Code::kSuspended, "just so"}; });
    CHECK(outcome.kind == Outcome::Kind::kFailed);
  }
}

TEST_CASE("after a suspension every step answers with it", "[native][context]") {
  ModelEngine engine;
  engine.answers = false;
  int cleaned_up = 0;
  const Outcome outcome = engine.attempt([&](Context& ctx, Bytes) -> Result<Bytes> {
    struct Guard {
      int& count;
      ~Guard() { ++count; }
    } guard{cleaned_up};
    CHECK(ctx.sleep(1s) == Code::kSuspended);
    CHECK(ctx.get("x") == Code::kSuspended);
    CHECK(ctx.set("x", Bytes()) == Code::kSuspended);
    CHECK(ctx.call("S", "h", Bytes()) == Code::kSuspended);
    CHECK(ctx.run("r", [] { FAIL("a step ran in an attempt that is over"); }) == Code::kSuspended);
    CHECK(ctx.awakeable() == Code::kSuspended);
    return Bytes("ignored");
  });
  CHECK(outcome.kind == Outcome::Kind::kSuspended);
  CHECK(cleaned_up == 1);
  CHECK_FALSE(engine.result());
  CHECK(engine.journal.size() == 2);
  CHECK(outcome.awaiting.leaves ==
        std::vector<wire::NotificationId>{wire::CompletionId{1}, wire::kCancelSignal});
}

TEST_CASE("calls bring back failures, too", "[native][context]") {
  ModelEngine engine;
  engine.callee = [](const wire::CallRequest& request) -> wire::InvocationResult {
    if (request.handler == "bad") return wire::Failure{404, "nobody", {}};
    return Bytes("fine");
  };
  engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    CHECK(ctx.call("S", "good", Bytes()) == Bytes("fine"));
    const auto failed = ctx.call("S", "bad", Bytes());
    REQUIRE(failed == Code::kTerminal);
    CHECK(failed.error().status == 404);
    CHECK(failed.error().message == "nobody");
    return failed.error();
  });
  CHECK(failure_of(engine) == wire::Failure{404, "nobody", {}});
}

TEST_CASE("failures say more than a message", "[native][context]") {
  const std::vector<std::pair<std::string, std::string>> sold_out{{"item", "tea"}, {"left", "0"}};
  ModelEngine engine;
  engine.callee = [&](const wire::CallRequest&) { return wire::Failure{409, "sold out", sold_out}; };
  engine.attempt([&](Context& ctx, Bytes) -> Result<Bytes> {
    const auto called = ctx.call("Shop", "buy", "tea");
    REQUIRE(called == Code::kTerminal);
    CHECK(called.error().metadata == sold_out);
    const auto step = ctx.run("step", [&] { return terminal("no", 418, sold_out); });
    REQUIRE(step == Code::kTerminal);
    CHECK(step.error().metadata == sold_out);
    return called.error();
  });
  CHECK(failure_of(engine) == wire::Failure{409, "sold out", sold_out});
}

TEST_CASE("no callee can make its caller believe that it is cancelled", "[native][context]") {
  ModelEngine engine;
  // Word for word what a cancelled handler gets, and returns.
  engine.callee = [&](const wire::CallRequest&) {
    Error cancelled{Code::kTerminal, "cancelled", 409};
    cancelled.cancelled = true;
    REQUIRE(is_cancellation(cancelled));
    return native::failure_of(cancelled);
  };
  engine.attempt([&](Context& ctx, Bytes) -> Result<Bytes> {
    const auto called = ctx.call("Shop", "buy", "tea");
    REQUIRE(called == Code::kTerminal);
    CHECK_FALSE(is_cancellation(called.error()));
    return called.error();
  });
  CHECK(failure_of(engine) == wire::Failure{409, "cancelled", {}});
}

TEST_CASE("state is known without asking when it came along", "[native][context]") {
  ModelEngine engine;
  engine.key = "k";
  engine.state = {{Bytes("a"), Bytes("1")}};
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto a, ctx.get("a"));
    CHECK(a == std::optional(Bytes("1")));
    RESTATE_TRY(const auto none, ctx.get("none"));
    CHECK_FALSE(none);
    RESTATE_TRY_VOID(ctx.set("empty", Bytes()));
    RESTATE_TRY(const auto empty, ctx.get("empty"));
    CHECK(empty == std::optional(Bytes()));
    RESTATE_TRY_VOID(ctx.clear("a"));
    RESTATE_TRY(const auto cleared, ctx.get("a"));
    CHECK_FALSE(cleared);
    RESTATE_TRY(const auto keys, ctx.keys());
    CHECK(keys == std::vector<std::string>{"empty"});
    return Bytes();
  };
  SECTION("eager") {
    CHECK(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    testing::check_transcript("protocol/state_eager", engine.transcript);
  }
  SECTION("lazy") {
    engine.lazy_state = true;
    CHECK(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    testing::check_transcript("protocol/state_lazy", engine.transcript);
  }
  SECTION("lazy at first, eager in the next attempt") {
    engine.lazy_state = true;
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    engine.lazy_state = false;
    CHECK(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  }
}

TEST_CASE("a cancellation ends a wait and goes on to the children", "[native][context]") {
  ModelEngine engine;
  engine.answers = false;
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto child, ctx.start_call("Child", "h", Bytes()));
    const auto waited = ctx.sleep(24h);
    if (waited == Code::kSuspended) return waited.error();
    REQUIRE_FALSE(waited.has_value());
    CHECK(waited.error().code == Code::kTerminal);
    CHECK(waited.error().status == 409);
    CHECK(is_cancellation(waited.error()));
    // Cancelled once: compensation may take its time.
    RESTATE_TRY_VOID(ctx.run("compensate", [] {}));
    (void)child;
    return terminal("gave up", 409);
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.signal(wire::kCancelSignal);
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(failure_of(engine).message == "gave up");
  REQUIRE(engine.signals_sent.size() == 1);
  CHECK(engine.signals_sent[0].target == engine.id.str());
  testing::check_transcript("protocol/cancel", engine.transcript);
  // And it replays.
  CHECK(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(engine.signals_sent.size() == 1);
}

TEST_CASE("a long step may ask whether anybody waits for it", "[native][context]") {
  ModelEngine engine;
  int rounds = 0;
  engine.attempt([&](Context& ctx, Bytes) -> Result<Bytes> {
    return ctx.run("long", [&] {
      while (!ctx.attempt_is_over()) engine.gone = ++rounds == 3;
      return Bytes("stopped");
    });
  });
  CHECK(rounds == 3);
}

TEST_CASE("a second cancellation is heard of like the first, and by no step in between",
          "[native][context]") {
  ModelEngine engine;
  engine.answers = false;
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    for (const char* undo : {"undo", "undo more"}) {
      const auto waited = ctx.sleep(24h);
      if (waited == Code::kSuspended) return waited.error();
      REQUIRE_FALSE(waited.has_value());
      CHECK(is_cancellation(waited.error()));
      RESTATE_TRY_VOID(ctx.run(undo, [] {}));
    }
    return Bytes("undone");
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.signal(wire::kCancelSignal);
  // The first one is over: the second wait waits.
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.signal(wire::kCancelSignal);
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(value_of(engine) == Bytes("undone"));
  // And it replays.
  CHECK(engine.attempt(handler).kind == Outcome::Kind::kEnded);
}

TEST_CASE("what must not be interrupted is not", "[native][context]") {
  ModelEngine engine;
  engine.answers = false;
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    const auto slept = ctx.sleep(24h);
    if (slept) return Bytes("nothing to undo");
    if (!is_cancellation(slept.error())) return slept.error();

    ctx.set_cancellable(false);
    RESTATE_TRY_VOID(ctx.sleep(1h));
    RESTATE_TRY_VOID(ctx.run("undo", [] {}));
    ctx.set_cancellable(true);

    RESTATE_TRY_VOID(ctx.sleep(24h));
    return Bytes("nobody cancels twice");
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.signal(wire::kCancelSignal);
  const Outcome undoing = engine.attempt(handler);
  REQUIRE(undoing.kind == Outcome::Kind::kSuspended);
  CHECK(undoing.awaiting.leaves == std::vector<wire::NotificationId>{wire::CompletionId{2}});
  engine.signal(wire::kCancelSignal);
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{2}, wire::Void{}});
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(failure_of(engine).message == "cancelled");
  // And it replays.
  CHECK(engine.attempt(handler).kind == Outcome::Kind::kEnded);
}

TEST_CASE("a cancellation is not the 409 of somebody else", "[native][context]") {
  ModelEngine engine;
  engine.answers = false;
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    const auto waited = ctx.sleep(24h);
    return waited ? Error{Code::kInternal, "nobody woke us"} : waited.error();
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.signal(wire::kCancelSignal);
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(failure_of(engine) == wire::Failure{409, "cancelled", {}});

  ModelEngine caller;
  caller.callee = [&](const wire::CallRequest&) { return failure_of(engine); };
  caller.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    const auto called = ctx.call("S", "h", Bytes());
    REQUIRE(called == Code::kTerminal);
    CHECK(called.error().status == 409);
    CHECK_FALSE(is_cancellation(called.error()));
    return Bytes();
  });
  CHECK(caller.result());
}

TEST_CASE("a step that fails is tried again by another attempt", "[native][context]") {
  ModelEngine engine;
  int tries = 0;
  const auto failing = [&tries](RunOptions options) -> HandlerFunction {
    return [&tries, options](Context& ctx, Bytes) -> Result<Bytes> {
      return ctx.run("flaky", [&]() -> Result<Bytes> {
        ++tries;
        return Error{Code::kUnavailable, "not now"};
      }, options);
    };
  };
  SECTION("under the policy of the invocation") {
    const Outcome outcome = engine.attempt(failing({}));
    REQUIRE(outcome.kind == Outcome::Kind::kFailed);
    CHECK(outcome.error.related_command_index == 1u);
    CHECK(outcome.error.related_command_name == std::optional<std::string>("flaky"));
    CHECK(outcome.error.related_command_type == 0x0411u);
    CHECK_FALSE(outcome.error.next_retry_delay_ms);
  }
  SECTION("under its own, until that is exhausted") {
    const RunOptions options{.max_attempts = 3, .initial_interval = 100ms};
    std::vector<std::uint64_t> delays;
    Outcome outcome;
    for (engine.retry_count = 0; engine.retry_count < 10; ++engine.retry_count) {
      outcome = engine.attempt(failing(options));
      if (outcome.kind != Outcome::Kind::kFailed) break;
      REQUIRE(outcome.error.next_retry_delay_ms);
      delays.push_back(*outcome.error.next_retry_delay_ms);
    }
    CHECK(outcome.kind == Outcome::Kind::kEnded);
    CHECK(tries == 3);
    CHECK(delays == std::vector<std::uint64_t>{100, 200});
    CHECK(failure_of(engine).code == 500);
  }
}

TEST_CASE("an error may say when to try again", "[native][context]") {
  using Behavior = protocol::ErrorMessage::Behavior;
  ModelEngine engine;
  const auto outcome_of = [&](const HandlerFunction& handler) {
    const Outcome outcome = engine.attempt(handler);
    REQUIRE(outcome.kind == Outcome::Kind::kFailed);
    return outcome.error;
  };
  SECTION("not before somebody has looked at it") {
    const auto error = outcome_of([](Context&, Bytes) -> Result<Bytes> {
      return paused("the address is wrong");
    });
    CHECK(error.behavior == Behavior::kPause);
    CHECK(error.message.find("the address is wrong") != std::string::npos);
  }
  SECTION("in an hour") {
    const auto error = outcome_of([](Context&, Bytes) -> Result<Bytes> {
      return retry_in(1h, "closed for lunch");
    });
    CHECK(error.behavior == Behavior::kRetry);
    CHECK(error.next_retry_delay_ms == std::uint64_t{3'600'000});
  }
  SECTION("and so may that of a step") {
    const auto step = [](Error failure, RunOptions options) -> HandlerFunction {
      return [failure, options](Context& ctx, Bytes) -> Result<Bytes> {
        return ctx.run("step", [&]() -> Result<Bytes> { return failure; }, options);
      };
    };
    // Even where another failure would have been the last.
    const auto pauses = outcome_of(step(paused("the address is wrong"), {.max_attempts = 1}));
    CHECK(pauses.behavior == Behavior::kPause);
    CHECK(pauses.related_command_name == std::optional<std::string>("step"));
    const auto waits = outcome_of(step(retry_in(2s, "busy"), {.initial_interval = 5ms}));
    CHECK(waits.behavior == Behavior::kRetry);
    CHECK(waits.next_retry_delay_ms == std::uint64_t{2000});
  }
  CHECK_FALSE(engine.result());
}

TEST_CASE("a step that is out of tries may pause its invocation", "[native][context]") {
  ModelEngine engine;
  engine.retry_count = 2;
  bool mended = false;
  const HandlerFunction handler = [&](Context& ctx, Bytes) -> Result<Bytes> {
    return ctx.run("step", [&]() -> Result<Bytes> {
      if (mended) return Bytes("done");
      return Error{Code::kUnavailable, "not now"};
    }, {.max_attempts = 3, .pause_when_exhausted = true});
  };
  const Outcome outcome = engine.attempt(handler);
  REQUIRE(outcome.kind == Outcome::Kind::kFailed);
  CHECK(outcome.error.behavior == protocol::ErrorMessage::Behavior::kPause);
  // Somebody resumes it.
  engine.retry_count = 0;
  mended = true;
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(value_of(engine) == Bytes("done"));
}

TEST_CASE("a thrown exception inside of a step is a failed try", "[native][context]") {
  ModelEngine engine;
  const Outcome outcome = engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY_VOID(ctx.run("throws", [] { throw std::runtime_error("ouch"); }));
    return Bytes();
  });
  REQUIRE(outcome.kind == Outcome::Kind::kFailed);
  CHECK(outcome.error.message.find("ouch") != std::string::npos);
}

TEST_CASE("awakeables and signals come from outside", "[native][context]") {
  ModelEngine engine;
  engine.answers = false;
  std::vector<std::string> ids;
  const HandlerFunction handler = [&](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto first, ctx.awakeable());
    RESTATE_TRY(const auto second, ctx.awakeable());
    ids = {first.id, second.id};
    RESTATE_TRY(const auto a, ctx.signal("go"));
    RESTATE_TRY(const auto b, ctx.signal("go"));
    RESTATE_TRY(const Bytes one, ctx.await(first.result));
    const auto two = ctx.await(second.result);
    if (two == Code::kSuspended) return two.error();
    CHECK(two == Code::kTerminal);
    RESTATE_TRY(const Bytes go_a, ctx.await(a));
    RESTATE_TRY(const Bytes go_b, ctx.await(b));
    return Bytes(one.str() + "/" + go_a.str() + go_b.str());
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  const auto first = AwakeableId::parse(ids[0]);
  REQUIRE(first);
  CHECK(first->invocation == engine.id);
  CHECK(first->signal == 17);
  CHECK(AwakeableId::parse(ids[1])->signal == 18);
  engine.signal({18}, wire::Failure{500, "rejected", {}});
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.notify({wire::EntryType::kSignalNotification, wire::SignalName{"go"}, Bytes("1")});
  engine.notify({wire::EntryType::kSignalNotification, wire::SignalName{"go"}, Bytes("2")});
  engine.signal({17}, Bytes("woken"));
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(value_of(engine) == Bytes("woken/12"));
}

TEST_CASE("random numbers are those of the invocation", "[native][context]") {
  const auto numbers = [](std::uint64_t seed) {
    ModelEngine engine;
    engine.seed = seed;
    std::vector<std::uint64_t> drawn;
    Uuid uuid;
    engine.attempt([&](Context& ctx, Bytes) -> Result<Bytes> {
      for (int i = 0; i < 3; ++i) drawn.push_back(ctx.random());
      uuid = ctx.random_uuid();
      return Bytes();
    });
    CHECK((uuid.bytes[6] >> 4) == 4);
    CHECK((uuid.bytes[8] >> 6) == 2);
    return drawn;
  };
  CHECK(numbers(1) == numbers(1));
  CHECK(numbers(1) != numbers(2));
  // Part of what replays: these never change.
  CHECK(numbers(42)[0] == 13679457532755275413u);
}

TEST_CASE("waiting for nothing is a mistake, not a crash", "[native][context]") {
  ModelEngine engine;
  engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    CHECK(ctx.await(Pending<Bytes>{}) == Code::kInvalidArgument);
    CHECK(ctx.any({}) == Code::kInvalidArgument);
    CHECK(ctx.all({}).has_value());
    return Bytes();
  });
  CHECK(engine.result());
}

TEST_CASE("protocol 7 says what it waits for as a tree", "[native][context]") {
  ModelEngine engine;
  engine.protocol = 7;
  engine.answers = false;
  const Outcome outcome = engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto a, ctx.timer(1s));
    RESTATE_TRY(const auto b, ctx.timer(2s));
    RESTATE_TRY_VOID(ctx.all({a, b}));
    return Bytes();
  });
  REQUIRE(outcome.kind == Outcome::Kind::kSuspended);
  const wire::AwaitTree both{wire::Combinator::kAllCompleted,
                             {wire::CompletionId{1}, wire::CompletionId{2}}, {}};
  CHECK(outcome.awaiting ==
        wire::AwaitTree{wire::Combinator::kFirstCompleted, {wire::kCancelSignal}, {both}});
}

TEST_CASE("a handler that is asked to suspend when it has what it waits for goes on", "[native][context]") {
  ModelEngine engine;
  engine.patience = Patience::kCrowded;
  const Outcome outcome = engine.attempt([](Context& ctx, Bytes in) -> Result<Bytes> {
    RESTATE_TRY_VOID(ctx.sleep(1s));
    RESTATE_TRY_VOID(ctx.sleep(1s));
    return in;
  });
  CHECK(outcome.kind == Outcome::Kind::kEnded);
  CHECK(engine.stayed == 2);
}

TEST_CASE("a call under a key that is no text is refused", "[native][context]") {
  const auto options = GENERATE(
      CallOptions{.key = "\xff"}, CallOptions{.idempotency_key = "\xff"},
      CallOptions{.idempotency_key = ""}, CallOptions{.headers = {{"a", "\xff"}}},
      CallOptions{.name = "\xff"});
  ModelEngine engine;
  const Outcome outcome = engine.attempt([&](Context& ctx, Bytes in) -> Result<Bytes> {
    CHECK(ctx.call("S", "h", {}, options) == Code::kInvalidArgument);
    CHECK(ctx.send("S", "h", {}, SendOptions{options}) == Code::kInvalidArgument);
    RESTATE_TRY_VOID(ctx.sleep(1s));  // no step was taken, and none is missing
    return in;
  });
  CHECK(outcome.kind == Outcome::Kind::kEnded);
  CHECK(engine.journal.size() == 4);
}

TEST_CASE("promises, awakeables and signals are named by text", "[native][context]") {
  ModelEngine engine;
  const Outcome outcome = engine.attempt([](Context& ctx, Bytes in) -> Result<Bytes> {
    const std::string_view odd = "\xff";
    CHECK(ctx.promise<Bytes>(odd) == Code::kInvalidArgument);
    CHECK(ctx.peek_promise<Bytes>(odd) == Code::kInvalidArgument);
    CHECK(ctx.resolve_promise(odd, in) == Code::kInvalidArgument);
    CHECK(ctx.reject_promise(odd, "no") == Code::kInvalidArgument);
    CHECK(ctx.resolve_awakeable(odd, in) == Code::kInvalidArgument);
    CHECK(ctx.reject_awakeable(odd, "no") == Code::kInvalidArgument);
    CHECK(ctx.signal<Bytes>(odd) == Code::kInvalidArgument);
    CHECK(ctx.send_signal(ctx.id(), odd, in) == Code::kInvalidArgument);
    CHECK(ctx.reject_signal(ctx.id(), odd, terminal("no")) == Code::kInvalidArgument);
    return in;
  });
  CHECK(outcome.kind == Outcome::Kind::kEnded);
  CHECK(engine.journal.size() == 2);
}
