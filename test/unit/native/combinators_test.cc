// Waiting for several things at once, and what else a handler does with things that are under way.

#include "unit/native/model_engine.h"

#include "support/catch.h"

#include <restate/json.h>

#include <tuple>
#include <type_traits>
#include <variant>

using namespace restate;
using namespace restate::native::testing;
using namespace std::chrono_literals;

namespace {

/// Three signals `a`, `b` and `c`, and what `wait` makes of them.
template <class Wait>
HandlerFunction with_signals(Wait wait) {
  return [wait](Context& ctx, Bytes) -> Result<Bytes> {
    std::vector<Pending<int>> signals;
    for (const char* name : {"a", "b", "c"}) {
      RESTATE_TRY(const auto signal, ctx.signal<int>(name));
      signals.push_back(signal);
    }
    return wait(ctx, signals);
  };
}

void good(ModelEngine& engine, const char* name, const char* value) {
  engine.notify({wire::EntryType::kSignalNotification, wire::SignalName{name}, Bytes(value)});
}
void bad(ModelEngine& engine, const char* name) {
  engine.notify({wire::EntryType::kSignalNotification, wire::SignalName{name},
                 wire::Failure{418, std::string(name) + " failed", {}}});
}

std::string text(const ModelEngine& engine) {
  const auto result = engine.result();
  if (!result) return "no result";
  if (const auto* value = std::get_if<Bytes>(&*result)) return value->str();
  return std::get<wire::Failure>(*result).message;
}

const HandlerFunction kRace = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
  RESTATE_TRY(const int first, ctx.race(signals));
  return std::to_string(first);
});
const HandlerFunction kFirst = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
  RESTATE_TRY(const int first, ctx.first_succeeded(signals));
  return std::to_string(first);
});
const HandlerFunction kAll = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
  RESTATE_TRY(const std::vector<int> all, ctx.all_succeeded(signals));
  return nlohmann::json(all).dump();
});

/// Attempts after each of `news`, until one of them ends the invocation; how many it took.
template <class... News>
int attempts_until_end(ModelEngine& engine, const HandlerFunction& handler, News... news) {
  int count = 1;
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  const auto next = [&](auto& one) {
    if (engine.result()) return;
    one();
    ++count;
    const auto kind = engine.attempt(handler).kind;
    CHECK((kind == Outcome::Kind::kSuspended || kind == Outcome::Kind::kEnded));
  };
  (next(news), ...);
  // What it came to is what every later attempt comes to, whatever else arrives.
  good(engine, "a", "99");
  good(engine, "b", "99");
  good(engine, "c", "99");
  const std::string before = text(engine);
  CHECK(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(text(engine) == before);
  return count;
}

/// One that answers nothing by itself.
ModelEngine silent(std::uint16_t protocol) {
  ModelEngine engine;
  engine.protocol = protocol;
  engine.answers = false;
  return engine;
}

}  // namespace

TEST_CASE("a race is over when something is there", "[native][combinators]") {
  ModelEngine engine = silent(GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7}));
  SECTION("a value") {
    CHECK(attempts_until_end(engine, kRace, [&] { good(engine, "b", "2"); }) == 2);
    CHECK(text(engine) == "2");
  }
  SECTION("a failure") {
    CHECK(attempts_until_end(engine, kRace, [&] { bad(engine, "c"); }) == 2);
    CHECK(text(engine) == "c failed");
  }
}

TEST_CASE("the first success ends the wait, and failures do not",
          "[native][combinators]") {
  ModelEngine engine = silent(GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7}));
  SECTION("behind a failure") {
    attempts_until_end(engine, kFirst, [&] { bad(engine, "a"); }, [&] { good(engine, "c", "3"); });
    CHECK(text(engine) == "3");
  }
  SECTION("unless all of them fail") {
    attempts_until_end(
        engine, kFirst, [&] { bad(engine, "c"); }, [&] { bad(engine, "a"); },
        [&] { bad(engine, "b"); });
    CHECK(text(engine) == "a failed");
  }
}

TEST_CASE("the first failure ends the wait for all, and successes do not",
          "[native][combinators]") {
  ModelEngine engine = silent(GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7}));
  SECTION("all are good") {
    attempts_until_end(
        engine, kAll, [&] { good(engine, "c", "3"); }, [&] { good(engine, "a", "1"); },
        [&] { good(engine, "b", "2"); });
    CHECK(text(engine) == "[1,2,3]");
  }
  SECTION("one is bad") {
    attempts_until_end(engine, kAll, [&] { good(engine, "c", "3"); }, [&] { bad(engine, "b"); });
    CHECK(text(engine) == "b failed");
  }
}

TEST_CASE("protocol 7 wakes nobody for half of an answer", "[native][combinators]") {
  ModelEngine engine = silent(7);
  const auto waits_for = [&](const HandlerFunction& handler) {
    const Outcome outcome = engine.attempt(handler);
    REQUIRE(outcome.kind == Outcome::Kind::kSuspended);
    REQUIRE(outcome.awaiting.nested.size() == 1);
    return outcome.awaiting.nested[0];
  };
  CHECK(waits_for(kFirst) ==
        wire::AwaitTree{wire::Combinator::kFirstSucceededOrAllFailed,
                        {wire::SignalName{"a"}, wire::SignalName{"b"}, wire::SignalName{"c"}}, {}});
  bad(engine, "b");
  CHECK(waits_for(kFirst) == wire::AwaitTree{wire::Combinator::kFirstSucceededOrAllFailed,
                                             {wire::SignalName{"a"}, wire::SignalName{"c"}}, {}});
}

TEST_CASE("protocol 7 is told what a handler waits for", "[native][combinators]") {
  const wire::AwaitTree waits_for_all{
      wire::Combinator::kFirstCompleted,
      {wire::CompletionId{1}, wire::kCancelSignal},
      {{wire::Combinator::kAllSucceededOrFirstFailed,
        {wire::SignalName{"a"}, wire::SignalName{"b"}, wire::SignalName{"c"}}, {}}}};
  const HandlerFunction handler = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
    RESTATE_TRY(const auto values, ctx.all_succeeded(signals, 1h));
    RESTATE_TRY_VOID(ctx.run("step", [] {}));  // its way into the log is nothing to tell
    return Bytes(values ? "all" : "late");
  });
  SECTION("while it runs, and when it suspends") {
    ModelEngine engine = silent(7);
    const Outcome outcome = engine.attempt(handler);
    REQUIRE(outcome.kind == Outcome::Kind::kSuspended);
    CHECK(engine.announced == std::vector{waits_for_all});
    CHECK(outcome.awaiting == waits_for_all);
  }
  SECTION("once for each wait, and not for steps of its own") {
    ModelEngine engine = silent(7);
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
    engine.announced.clear();
    engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{1}, wire::Void{}});
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "late");
    CHECK(engine.announced.empty());
  }
  SECTION("older ones are not") {
    ModelEngine engine = silent(6);
    const Outcome outcome = engine.attempt(handler);
    REQUIRE(outcome.kind == Outcome::Kind::kSuspended);
    CHECK(engine.announced.empty());
    CHECK(outcome.awaiting.nested.empty());
    CHECK(outcome.awaiting.leaves.size() == 5);
  }
}

namespace {

/// `a` and `b`, or `c`.
const HandlerFunction kBothOrOne = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
  RESTATE_TRY(const std::size_t first,
              ctx.any({when_all_succeeded({signals[0], signals[1]}), signals[2]}));
  if (first == 1) return Bytes("c");
  RESTATE_TRY(const auto both, ctx.all_succeeded(signals[0], signals[1]));
  const auto& [a, b] = both;
  return std::to_string(a) + " and " + std::to_string(b);
});

}  // namespace

TEST_CASE("a group counts as one", "[native][combinators]") {
  ModelEngine engine = silent(GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7}));
  SECTION("when all of it is there") {
    CHECK(attempts_until_end(engine, kBothOrOne, [&] { good(engine, "b", "2"); },
                             [&] { good(engine, "a", "1"); }) == 3);
    CHECK(text(engine) == "1 and 2");
  }
  SECTION("but half of it is nothing") {
    CHECK(attempts_until_end(engine, kBothOrOne, [&] { good(engine, "a", "1"); },
                             [&] { good(engine, "c", "3"); }) == 3);
    CHECK(text(engine) == "c");
  }
  SECTION("and the first failure of those that should succeed is enough") {
    CHECK(attempts_until_end(engine, kBothOrOne, [&] { bad(engine, "b"); }) == 2);
    CHECK(text(engine) == "b failed");
  }
}

namespace {

// [order]
Result<std::string> order(Context& ctx, const std::string& item) {
  RESTATE_TRY(const auto price, ctx.start_call<int>("Shop", "price", item));
  RESTATE_TRY(const auto place, ctx.start_call<std::string>("Store", "reserve", item));
  RESTATE_TRY(const auto stop, ctx.signal("stop"));

  RESTATE_TRY(const auto first, ctx.select({when_all_succeeded({price, place}), stop}, 1h));
  if (!first) return terminal("nobody answered about the " + item, 408);
  if (*first == 1) return "nobody wants the " + item;
  RESTATE_TRY(const auto both, ctx.all_succeeded(price, place));  // they are there
  const auto& [cents, shelf] = both;
  return "the " + item + " from " + shelf + " is " + std::to_string(cents) + " cents";
}
// [/order]

}  // namespace

TEST_CASE("an order waits for several things at once", "[native][combinators]") {
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const std::string text, order(ctx, "tea"));
    return text;
  };
  ModelEngine engine = silent(7);
  SECTION("and gets them") {
    engine.answers = true;
    engine.callee = [](const wire::CallRequest& request) {
      return Bytes(request.service == "Shop" ? "250" : "shelf 7");
    };
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "the tea from shelf 7 is 250 cents");
  }
  SECTION("or is stopped") {
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
    good(engine, "stop", "");
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "nobody wants the tea");
  }
}

TEST_CASE("groups stand in groups", "[native][combinators]") {
  // There is: the first success of (both a and b) and c.
  const HandlerFunction handler = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
    RESTATE_TRY(const auto late, ctx.timer(1h));
    const Awaitable both = when_all_succeeded({signals[0], signals[1]});
    RESTATE_TRY(const std::size_t first,
                ctx.any({late, when_first_succeeded({both, when_any({signals[2]})})}));
    return std::to_string(first);
  });
  ModelEngine engine = silent(GENERATE(std::uint16_t{6}, std::uint16_t{7}));
  SECTION("a failure inside is for the group around it") {
    CHECK(attempts_until_end(engine, handler, [&] { bad(engine, "a"); },
                             [&] { good(engine, "b", "2"); }, [&] { good(engine, "c", "3"); }) == 4);
  }
  SECTION("and only all of them fail the whole") {
    CHECK(attempts_until_end(engine, handler, [&] { bad(engine, "c"); },
                             [&] { bad(engine, "a"); }) == 3);
  }
  CHECK(text(engine) == "1");
}

TEST_CASE("all of nothing is there at once", "[native][combinators]") {
  ModelEngine engine = silent(7);
  const HandlerFunction handler = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
    RESTATE_TRY(const std::size_t first, ctx.any({signals[0], when_any({when_all({}), signals[1]})}));
    return std::to_string(first);
  });
  CHECK(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(text(engine) == "1");
}

TEST_CASE("protocol 7 is told of groups as they are, and older ones of what is in them",
          "[native][combinators]") {
  const wire::SignalName a{"a"}, b{"b"}, c{"c"};
  SECTION("protocol 7") {
    ModelEngine engine = silent(7);
    const auto waits_for = [](std::vector<wire::NotificationId> group) {
      return wire::AwaitTree{wire::Combinator::kFirstCompleted,
                             {wire::kCancelSignal, wire::SignalName{"c"}},
                             {{wire::Combinator::kAllSucceededOrFirstFailed, std::move(group), {}}}};
    };
    CHECK(engine.attempt(kBothOrOne).awaiting == waits_for({a, b}));
    good(engine, "a", "1");
    CHECK(engine.attempt(kBothOrOne).awaiting == waits_for({b}));
  }
  SECTION("protocol 6") {
    ModelEngine engine = silent(6);
    const wire::AwaitTree tree = engine.attempt(kBothOrOne).awaiting;
    CHECK(tree.leaves == std::vector<wire::NotificationId>{wire::kCancelSignal, c, a, b});
    CHECK(tree.nested.empty());
  }
}

TEST_CASE("a group of what was never started is refused", "[native][combinators]") {
  ModelEngine engine = silent(7);
  engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    CHECK(ctx.any({when_all({Awaitable{}})}) == Code::kInvalidArgument);
    CHECK(ctx.any({when_any({})}) == Code::kInvalidArgument);
    Awaitable deep = when_all({});
    for (int i = 0; i < 200; ++i) deep = when_all({deep});
    CHECK(ctx.any({deep}) == Code::kInvalidArgument);
    return Bytes();
  });
  CHECK(engine.result());
}

TEST_CASE("things of different types are awaited together", "[native][combinators]") {
  ModelEngine engine = silent(GENERATE(std::uint16_t{6}, std::uint16_t{7}));
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto number, ctx.signal<int>("a"));
    RESTATE_TRY(const auto word, ctx.signal<std::string>("b"));
    RESTATE_TRY(const auto pause, ctx.timer(1h));
    RESTATE_TRY(const auto soon, ctx.all_succeeded(std::tuple(number, word), 1min));
    RESTATE_TRY(const auto values, ctx.all_succeeded(number, word, pause));
    const auto& [amount, item, nothing] = values;
    static_assert(std::is_same_v<decltype(nothing), const std::monostate>);
    return std::to_string(amount) + " " + item + (soon ? " soon" : " late");
  };
  const auto fire = [&](std::uint32_t timer) {
    engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{timer}, wire::Void{}});
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  SECTION("in time") {
    good(engine, "b", "tea");
    good(engine, "a", "2");
    fire(1);
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "2 tea soon");
  }
  SECTION("after the limit") {
    fire(2);
    good(engine, "b", "tea");
    good(engine, "a", "2");
    fire(1);
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "2 tea late");
  }
  SECTION("and the first failure ends it") {
    bad(engine, "b");
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "b failed");
  }
}

TEST_CASE("every wait for several may have a limit", "[native][combinators]") {
  ModelEngine engine = silent(GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7}));
  const HandlerFunction handler = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
    RESTATE_TRY(const auto first, ctx.race(signals, 1h));
    RESTATE_TRY(const auto good_one, ctx.first_succeeded(signals, 1h));
    RESTATE_TRY(const auto values, ctx.all_succeeded(signals, 1h));
    RESTATE_TRY(const bool all, ctx.all({signals.begin(), signals.end()}, 1h));
    return std::to_string(first.value_or(0)) + std::to_string(good_one.value_or(0)) +
           (values ? " values" : " late") + (all ? " all" : " late");
  });
  const auto fire = [&](std::uint32_t timer) {
    engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{timer}, wire::Void{}});
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  SECTION("that none of them reaches") {
    good(engine, "b", "2");
    good(engine, "a", "1");
    good(engine, "c", "3");
    REQUIRE(engine.run(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "22 values all");
  }
  SECTION("that all of them reach") {
    for (const std::uint32_t timer : {1u, 2u, 3u, 4u}) {
      fire(timer);
      const bool ends = engine.attempt(handler).kind == Outcome::Kind::kEnded;
      CHECK(ends == (timer == 4));
    }
    CHECK(text(engine) == "00 late late");
  }
  SECTION("that half of the answers do not lift") {
    fire(1);
    bad(engine, "a");
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
    fire(2);
    REQUIRE(engine.run(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "a failed");  // of `all_succeeded`
  }
}

TEST_CASE("what has no value can be waited for together", "[native][combinators]") {
  ModelEngine engine;
  engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto one, ctx.timer(1s));
    RESTATE_TRY(const auto other, ctx.start_run("step", [] {}));
    RESTATE_TRY_VOID(ctx.all_succeeded({one, other}));
    RESTATE_TRY(const bool in_time, ctx.all_succeeded({one, other}, 1h));
    RESTATE_TRY(const bool raced, ctx.race(std::vector{one, other}, 1h));
    CHECK(in_time);
    CHECK(raced);
    return Bytes();
  });
  CHECK(engine.result());
}

TEST_CASE("many things are sent without waiting in between", "[native][combinators]") {
  ModelEngine engine;
  engine.patience = Patience::kReplay;
  int attempts = 0;
  const HandlerFunction handler = [&](Context& ctx, Bytes) -> Result<Bytes> {
    ++attempts;
    std::vector<Pending<void>> sent;
    for (int i = 0; i < 10; ++i) {
      RESTATE_TRY(const auto one, ctx.start_send("S", "h", std::to_string(i)));
      sent.push_back(one);
    }
    RESTATE_TRY_VOID(ctx.all_succeeded(sent));
    RESTATE_TRY(const auto id, ctx.id_of(sent[7]));
    CHECK(id == ctx.id());  // the model has one id for all
    return Bytes();
  };
  REQUIRE(engine.run(handler).kind == Outcome::Kind::kEnded);
  CHECK(attempts == 2);
}

TEST_CASE("waiting for several of nothing", "[native][combinators]") {
  ModelEngine engine;
  engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    const std::vector<Pending<int>> none;
    CHECK(ctx.race(none) == Code::kInvalidArgument);
    CHECK(ctx.first_succeeded(none) == Code::kInvalidArgument);
    CHECK(ctx.all_succeeded(none) == std::vector<int>{});
    return Bytes();
  });
  CHECK(engine.result());
}

TEST_CASE("a wait may have a limit", "[native][combinators]") {
  ModelEngine engine = silent(GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7}));
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto go, ctx.signal<int>("a"));
    RESTATE_TRY(const auto went, ctx.await(go, 1h));
    RESTATE_TRY(const auto other, ctx.timer(2h));
    RESTATE_TRY(const bool over, ctx.await(other, 1h));
    return (went ? std::to_string(*went) : "late") + (over ? " over" : " not over");
  };
  const auto fire = [&](std::uint32_t timer) {
    engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{timer}, wire::Void{}});
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  SECTION("in time") {
    good(engine, "a", "1");
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
    fire(2);
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "1 over");
  }
  SECTION("too late") {
    fire(1);
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
    good(engine, "a", "1");  // nobody waits for it any more
    fire(3);
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "late not over");
  }
}

TEST_CASE("a selection names what was first", "[native][combinators]") {
  ModelEngine engine = silent(6);
  const HandlerFunction handler = with_signals([](Context& ctx, const auto& signals) -> Result<Bytes> {
    RESTATE_TRY(const auto first, ctx.select({signals.begin(), signals.end()}, 1h));
    return first ? std::to_string(*first) : std::string("none");
  });
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  SECTION("one of them") {
    good(engine, "c", "3");
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "2");
  }
  SECTION("none of them") {
    engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{1}, wire::Void{}});
    REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
    CHECK(text(engine) == "none");
  }
}

TEST_CASE("steps may be started one after another and awaited later",
          "[native][combinators]") {
  ModelEngine engine = silent(GENERATE(std::uint16_t{5}, std::uint16_t{6}, std::uint16_t{7}));
  engine.answers = true;
  int taken = 0;
  const HandlerFunction handler = [&taken](Context& ctx, Bytes) -> Result<Bytes> {
    std::vector<Pending<int>> steps;
    for (int i = 1; i <= 3; ++i) {
      RESTATE_TRY(const auto step, ctx.start_run("step", [&taken, i] {
        ++taken;
        return i;
      }));
      steps.push_back(step);
    }
    RESTATE_TRY(const auto failing, ctx.start_run("failing", [] { return terminal("no", 418); }));
    RESTATE_TRY(const std::vector<int> all, ctx.all_succeeded(steps));
    CHECK(ctx.await(failing) == Code::kTerminal);
    return nlohmann::json(all).dump();
  };
  SECTION("in one attempt") { REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded); }
  SECTION("and each is taken once, however many attempts there are") {
    engine.patience = Patience::kReplay;
    REQUIRE(engine.run(handler).kind == Outcome::Kind::kEnded);
  }
  CHECK(text(engine) == "[1,2,3]");
  CHECK(taken == 3);
}

TEST_CASE("a step that is found finished decides no race", "[native][combinators]") {
  // The timer fires before the call answers, both before the step's result is in the journal. The first
  // attempt races them behind the step, and so must the second, which finds all three at once.
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto call, ctx.start_call("Slow", "h", Bytes()));
    RESTATE_TRY(const auto timer, ctx.timer(1s));
    RESTATE_TRY(const auto step, ctx.start_run("step", [] { return 1; }));
    RESTATE_TRY(const std::size_t winner, ctx.any({call, timer}));
    RESTATE_TRY_VOID(ctx.await(step));
    RESTATE_TRY_VOID(ctx.sleep(1s, "after"));
    return Bytes(winner == 1 ? "timer" : "call");
  };
  ModelEngine engine = silent(6);
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  // As it might have been: put what came from outside in front of the step's result.
  const Entry result = engine.journal.back();
  engine.journal.pop_back();
  engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{3}, wire::Void{}});
  engine.notify({wire::EntryType::kCallCompletion, wire::CompletionId{2}, Bytes("late")});
  engine.journal.push_back(result);
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);  // sleeps
  engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{5}, wire::Void{}});
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  CHECK(text(engine) == "timer");
}

TEST_CASE("a call has an id while it is open", "[native][combinators]") {
  ModelEngine engine;
  engine.attempt([&](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY(const auto call, ctx.start_call<std::string>("S", "h", "x"));
    RESTATE_TRY(const auto timer, ctx.timer(1s));
    CHECK(ctx.id_of(call) == engine.id);
    CHECK(ctx.id_of(timer) == Code::kInvalidArgument);
    CHECK(ctx.id_of(Pending<Bytes>{}) == Code::kInvalidArgument);
    RESTATE_TRY_VOID(ctx.cancel(ctx.id()));
    return Bytes();
  });
  REQUIRE(engine.signals_sent.size() == 1);
  CHECK(engine.result());
}

TEST_CASE("calls and sends take keys and headers along", "[native][context]") {
  ModelEngine engine;
  engine.callee = [](const wire::CallRequest& request) -> wire::InvocationResult {
    CHECK(request.key == "k");
    CHECK(request.idempotency_key == std::optional<std::string>("once"));
    CHECK(request.headers == std::vector<wire::Header>{{"h", "v"}});
    return Bytes("seen");
  };
  engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    const CallOptions options{.key = "k", .idempotency_key = "once", .headers = {{"h", "v"}}};
    RESTATE_TRY_VOID(ctx.send("S", "h", "x", {options}));
    return ctx.call("S", "h", "x", options);
  });
  CHECK(text(engine) == "seen");
}

TEST_CASE("scopes are for those who understand them", "[native][context]") {
  ModelEngine engine;
  engine.protocol = GENERATE(std::uint16_t{6}, std::uint16_t{7});
  engine.attempt([&](Context& ctx, Bytes) -> Result<Bytes> {
    const auto called = ctx.call("S", "h", "x", {.scope = "tenant"});
    const auto sent = ctx.send("S", "h", "x", {{.scope = "tenant", .limit_key = "a/b"}});
    if (engine.protocol < 7) {
      CHECK(called == Code::kUnsupported);
      CHECK(sent == Code::kUnsupported);
    } else {
      CHECK(called.has_value());
      CHECK(sent.has_value());
    }
    return Bytes();
  });
  CHECK(engine.result());
}

TEST_CASE("to reject is to complete with a failure", "[native][context]") {
  ModelEngine engine;
  engine.attempt([](Context& ctx, Bytes) -> Result<Bytes> {
    RESTATE_TRY_VOID(ctx.reject_awakeable("sign_1", "why not"));
    RESTATE_TRY_VOID(ctx.reject_awakeable("sign_1", terminal("gone", 410)));
    RESTATE_TRY_VOID(ctx.reject_promise("p", "no"));
    RESTATE_TRY_VOID(ctx.reject_signal(ctx.id(), "go", terminal("stop", 403)));
    return Bytes();
  });
  CHECK(engine.transcript.find("CompleteAwakeable failure 500 'why not'") != std::string::npos);
  CHECK(engine.transcript.find("CompleteAwakeable failure 410 'gone'") != std::string::npos);
  CHECK(engine.transcript.find("CompletePromise p = failure 500 'no'") != std::string::npos);
  REQUIRE(engine.signals_sent.size() == 1);
  CHECK(std::get<wire::Failure>(engine.signals_sent[0].result) == wire::Failure{403, "stop", {}});
}

TEST_CASE("a handler logs what it does, not what it finds done", "[native][context]") {
  ModelEngine engine = silent(6);
  const HandlerFunction handler = [](Context& ctx, Bytes) -> Result<Bytes> {
    ctx.log(LogLevel::kInfo, "begins");
    RESTATE_TRY_VOID(ctx.sleep(1s));
    ctx.log(LogLevel::kWarn, "woke up", {{"times", 1}});
    ctx.log(LogLevel::kDebug, "nobody asked");
    RESTATE_TRY_VOID(ctx.sleep(1s));
    ctx.log(LogLevel::kInfo, "ends");
    return Bytes();
  };
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{1}, wire::Void{}});
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kSuspended);
  engine.notify({wire::EntryType::kSleepCompletion, wire::CompletionId{2}, wire::Void{}});
  REQUIRE(engine.attempt(handler).kind == Outcome::Kind::kEnded);
  const std::string id = engine.id.str();
  CHECK(engine.logged == std::vector<std::string>{"INFO " + id + ": begins",
                                                  "WARN " + id + ": woke up times=1",
                                                  "INFO " + id + ": ends"});
}
