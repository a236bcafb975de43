#include "invoker/machine/residency.h"
#include "invoker/machine/retry.h"
#include "invoker/options.h"

#include "support/catch.h"

#include <algorithm>

using namespace restate;
using namespace restate::invoker;

namespace {

schema::RetryPolicy policy(std::uint64_t initial, double factor, std::uint64_t max_interval,
                           std::optional<std::uint64_t> attempts, bool kill = false) {
  return {initial, factor, max_interval, attempts, kill};
}

AttemptError boom() {
  AttemptError error;
  error.code = 500;
  error.message = "boom";
  error.doc_code = DocCode::kSdkError;
  return error;
}

constexpr std::uint64_t kLeast = 0;  // the smallest jitter

}  // namespace

TEST_CASE("delays grow by the factor up to the cap, and jitter only adds", "[invoker][retry]") {
  RetryCounter counter(policy(500, 2.0, 3000, 70));
  const std::int64_t expected[] = {500, 1000, 2000, 3000, 3000};
  for (const std::int64_t base : expected) {
    RetryCounter low = counter, high = counter;
    CHECK(low.next(kLeast)->count() == base + 3);
    const std::int64_t most = base * 3 / 10;
    CHECK(high.next(static_cast<std::uint64_t>(most - 3))->count() == base + most);
    // One more random step wraps around to the least.
    CHECK(counter.next(static_cast<std::uint64_t>(most - 2))->count() == base + 3);
  }
}

TEST_CASE("the first attempt counts", "[invoker][retry]") {
  SECTION("one attempt means no retry") {
    RetryCounter counter(policy(500, 2.0, 60'000, 1));
    CHECK_FALSE(counter.next(kLeast));
  }
  SECTION("three attempts mean two retries") {
    RetryCounter counter(policy(500, 2.0, 60'000, 3));
    CHECK(counter.next(kLeast));
    CHECK(counter.next(kLeast));
    CHECK_FALSE(counter.next(kLeast));
    CHECK_FALSE(counter.next(kLeast));
  }
  SECTION("unlimited goes on, whatever the exponent") {
    RetryCounter counter(policy(500, 2.0, 60'000, std::nullopt));
    for (int i = 0; i < 5000; ++i) REQUIRE(counter.next(kLeast));
    CHECK(counter.next(kLeast)->count() == 60'003);
  }
}

TEST_CASE("a new deployment's policy counts the tries made so far", "[invoker][retry]") {
  RetryCounter counter(policy(500, 2.0, 60'000, 70));
  REQUIRE(counter.next(kLeast));
  REQUIRE(counter.next(kLeast));
  counter.use(policy(10, 1.0, 60'000, 4));
  CHECK(counter.next(kLeast)->count() == 13);
  CHECK_FALSE(counter.next(kLeast));
}

TEST_CASE("waits without end are waits of a year", "[invoker][retry]") {
  RetryCounter counter(policy(UINT64_MAX, 1e300, UINT64_MAX, std::nullopt));
  for (int i = 0; i < 3; ++i) {
    const auto delay = counter.next(kLeast).value();
    CHECK(delay.count() == static_cast<std::int64_t>(kLongestWaitMs) + 3);
  }
}

TEST_CASE("a policy of zeros still waits", "[invoker][retry]") {
  RetryCounter counter(policy(0, 2.0, 60'000, std::nullopt));
  for (int i = 0; i < 2000; ++i) REQUIRE(counter.next(kLeast)->count() == 53);
  counter.use(policy(500, 2.0, 0, std::nullopt));
  CHECK(counter.next(kLeast)->count() == 53);
}

TEST_CASE("what decides after a failure", "[invoker][retry]") {
  RetryCounter counter(policy(500, 2.0, 60'000, 2));
  AttemptError error = boom();

  SECTION("an operator's pause comes first") {
    error.behavior = ErrorBehavior::kFail;
    error.next_delay = milliseconds(300);
    CHECK(std::holds_alternative<PauseInvocation>(decide(error, true, counter, kLeast)));
  }
  SECTION("then the SDK's wish") {
    error.next_delay = milliseconds(300);
    error.behavior = ErrorBehavior::kPause;
    CHECK(std::holds_alternative<PauseInvocation>(decide(error, false, counter, kLeast)));
    error.behavior = ErrorBehavior::kFail;
    CHECK(std::holds_alternative<FailInvocation>(decide(error, false, counter, kLeast)));
  }
  SECTION("then the delay it asked for, exactly, and at no cost") {
    error.next_delay = milliseconds(300);
    for (int i = 0; i < 10; ++i) {
      const RetryDecision decision = decide(error, false, counter, 12345);
      REQUIRE(std::holds_alternative<RetryAfter>(decision));
      CHECK(std::get<RetryAfter>(decision).delay == milliseconds(300));
    }
    error.next_delay.reset();
    CHECK(std::holds_alternative<RetryAfter>(decide(error, false, counter, kLeast)));
    CHECK(std::holds_alternative<PauseInvocation>(decide(error, false, counter, kLeast)));
  }
  SECTION("a delay of zero is no hot loop") {
    error.next_delay = milliseconds(0);
    CHECK(std::get<RetryAfter>(decide(error, false, counter, kLeast)).delay == milliseconds(500));
  }
  SECTION("nor is a delay of a few milliseconds") {
    for (const int asked : {1, 49, 50, 51}) {
      error.next_delay = milliseconds(asked);
      CHECK(std::get<RetryAfter>(decide(error, false, counter, kLeast)).delay ==
            milliseconds(std::max(asked, 50)));
    }
  }
  SECTION("requests that nobody looked at cost nothing, however often") {
    error.refused = true;
    const auto wait = [&] { return std::get<RetryAfter>(decide(error, false, counter, kLeast)); };
    for (const int ms : {53, 103, 203, 403, 803, 1603}) CHECK(wait().delay == milliseconds(ms));
    for (int i = 0; i < 100; ++i) CHECK(wait().delay == milliseconds(3203));
    CHECK(counter.failed() == 0);
    error.refused = false;
    CHECK(std::holds_alternative<RetryAfter>(decide(error, false, counter, kLeast)));  // the first
    CHECK(std::holds_alternative<PauseInvocation>(decide(error, false, counter, kLeast)));
    error.refused = true;
    CHECK(wait().delay == milliseconds(53));
  }
  SECTION("then the policy, and at its end the action it names") {
    CHECK(std::holds_alternative<RetryAfter>(decide(error, false, counter, kLeast)));
    SECTION("pause") {
      CHECK(std::holds_alternative<PauseInvocation>(decide(error, false, counter, kLeast)));
    }
    SECTION("kill") {
      counter.use(policy(500, 2.0, 60'000, 2, true));
      CHECK(std::holds_alternative<FailInvocation>(decide(error, false, counter, kLeast)));
    }
  }
  SECTION("what cannot get better goes to that action at once") {
    error.kind = AttemptError::Kind::kExhausted;
    CHECK(std::holds_alternative<PauseInvocation>(decide(error, false, counter, kLeast)));
  }
  SECTION("what is not ours any more is forgotten, pause or not") {
    error.kind = AttemptError::Kind::kNotInvoked;
    CHECK(std::holds_alternative<ForgetInvocation>(decide(error, true, counter, kLeast)));
  }
}

TEST_CASE("failures as people see them", "[invoker][failure]") {
  AttemptError error = boom();
  CHECK(describe(error) == "[500 Internal] boom");
  CHECK(transient_error_event(error).json ==
        R"({"ty":"TransientError","error_code":500,"error_message":"boom",)"
        R"("restate_doc_error_code":"RT0007"})");

  error.code = 599;
  error.message = "say \"hi\"\n\x01";
  error.stacktrace = "at main";
  error.related_command_index = 1;
  error.related_command_name = "step";
  error.related_command_type = 0x0411;
  CHECK(describe(error) == "[599] say \"hi\"\n\x01\nat main");
  CHECK(paused_event(&error).json ==
        R"({"ty":"Paused","last_failure":{"error_code":599,"error_message":"say \"hi\"\n\u0001",)"
        R"("error_stacktrace":"at main","restate_doc_error_code":"RT0007",)"
        R"("related_command_index":1,"related_command_name":"step",)"
        R"("related_command_type":"Run"}})");
  CHECK(paused_event(nullptr).json == R"({"ty":"Paused"})");

  SECTION("types that are not shown, and types that do not exist") {
    for (const std::uint32_t type : {0x0401u, 0x040Fu, 0x10411u}) {
      error.related_command_type = type;
      CHECK_FALSE(related_type_name(error));
    }
  }
  SECTION("another stack trace is no news") {
    AttemptError other = error;
    other.stacktrace = "elsewhere";
    CHECK(same_event(error, other));
    other.related_command_index = 2;
    CHECK_FALSE(same_event(error, other));
  }
}

TEST_CASE("what came through a queue yields to it instead of waiting", "[invoker][residency]") {
  Residency residency(wire::RetryState{5, 2, 1, 0});
  residency.on_policy(policy(500, 2.0, 60'000, 4));
  CHECK(residency.retries_since_command() == 1);
  residency.on_attempt_started();
  Effects out;
  residency.on_attempt_over(boom(), kLeast, out);
  REQUIRE(out.size() == 2);
  const auto* yield = std::get_if<ProposeYield>(&out[0]);
  REQUIRE(yield != nullptr);
  CHECK(yield->delay.count() == 2003);  // the third failure
  CHECK(yield->yielded.retry == wire::RetryState{6, 3, 2, 0});
  REQUIRE(yield->yielded.event);
  CHECK(yield->yielded.event->type == wire::JournalEvent::Type::kTransientError);
  CHECK(std::holds_alternative<ResidencyOver>(out[1]));

  SECTION("and has no more tries than the policy gives") {
    Residency last(yield->yielded.retry);
    last.on_policy(policy(500, 2.0, 60'000, 4));
    last.on_attempt_started();
    Effects end;
    last.on_attempt_over(boom(), kLeast, end);
    CHECK(std::holds_alternative<wire::Paused>(std::get<Propose>(end.at(0)).effect));
  }
}

TEST_CASE("requests that nobody looks at are free, across queues",
          "[invoker][residency]") {
  wire::RetryState state;
  AttemptError refused = boom();
  refused.refused = true;
  for (std::uint32_t i = 0; i < 20; ++i) {
    Residency residency(state);
    residency.on_policy(policy(500, 2.0, 60'000, 4));
    residency.on_attempt_started();
    Effects out;
    residency.on_attempt_over(refused, kLeast, out);
    state = std::get<ProposeYield>(out.at(0)).yielded.retry;
    CHECK(state.failed == 0);
    CHECK(state.refused == std::min(i + 1, kRefusalDoublings));
  }
}
