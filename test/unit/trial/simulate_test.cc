#include <restate/testing/explore.h>

#include "support/catch.h"
#include "support/text.h"

#include <restate/context.h>
#include <restate/service.h>
#include <restate/testing/application.h>

#include <string>

using namespace restate;
using namespace restate::testing;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t kAlways = 1'000'000;

/// An account outside, and a handler that reads it and writes it in two steps.
struct Bank {
  explicit Bank(Outside& o) : outside(o) {}
  Result<Bytes> read() {
    return outside.call("read", [&] { return Bytes(std::to_string(balance)); });
  }
  Result<void> write(int value) {
    return outside.call("write", [&] {
      balance = value;
      ++writes;
    });
  }

  ServiceDefinition account() {
    return Service("Account").handler("deposit", [this](Context& ctx, Bytes amount) -> Result<void> {
      RESTATE_TRY(const Bytes before, ctx.run("read", [&] { return read(); }));
      const int after = std::stoi(before.str()) + std::stoi(amount.str());
      return ctx.run("write", [&] { return write(after); });
    });
  }

  Outside& outside;
  int balance = 0;
  int writes = 0;
};

void one_deposit(Trial& trial) {
  Bank bank(trial.outside());
  Application app(trial, {bank.account()});
  trial.check(app.call("Account", "deposit", "5").has_value(), "it is accepted");
  trial.check(bank.balance == 5, "it is there");
}

void two_deposits(Trial& trial) {
  Bank bank(trial.outside());
  Application app(trial, {bank.account()});
  const Request one = app.start("Account", "deposit", "5");
  trial.world().run_for(milliseconds(trial.random().below(100)));
  const Request two = app.start("Account", "deposit", "7");
  trial.check(app.wait(one).has_value() && app.wait(two).has_value(), "they are accepted");
  trial.check(bank.balance == 12, "both are there");
}

}  // namespace

TEST_CASE("one seed has one story", "[trial][simulate]") {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 8u}) {
    std::string stories[2];
    std::uint64_t traces[2];
    for (int i = 0; i < 2; ++i) {
      Trial trial{Seed{seed}, faults_of(Seed{seed})};
      two_deposits(trial);
      stories[i] = trial.story();
      traces[i] = trial.world().trace_hash();
    }
    CHECK(stories[0] == stories[1]);
    CHECK(traces[0] == traces[1]);
  }
}

TEST_CASE("lost calls are made again", "[trial][simulate]") {
  SECTION("those that never arrive happen once in the end") {
    Trial trial{Seed{1}, {.lost_request = kAlways / 2}};
    Bank bank(trial.outside());
    Application app(trial, {bank.account()});
    CHECK(app.call("Account", "deposit", "5").has_value());
    CHECK(bank.writes == 1);
    CHECK(contains(trial.story(), "the request is lost"));
  }
  SECTION("those whose answer is lost happen again") {
    Trial trial{Seed{1}, {.lost_reply = kAlways * 3 / 4}};
    Bank bank(trial.outside());
    Application app(trial, {bank.account()});
    CHECK(app.call("Account", "deposit", "5").has_value());
    CHECK(bank.writes > 1);
    CHECK(bank.balance == 5);
    CHECK(contains(trial.story(), "the answer is lost"));
  }
}

TEST_CASE("a slow call takes its time, and others go on", "[trial][simulate]") {
  Trial trial{Seed{1}, {.slow_call = kAlways, .slowest_call = 10s}};
  Bank bank(trial.outside());
  Application app(trial, {bank.account()});
  const Instant begin = trial.world().now();
  CHECK(app.call("Account", "deposit", "5").has_value());
  CHECK(trial.world().now() - begin > 1s);
  CHECK(contains(trial.story(), "takes"));

  SECTION("a process that dies meanwhile is none that hears the answer") {
    const Request request = app.start("Account", "deposit", "7");
    trial.world().run_for(100ms);
    app.crash();
    CHECK(app.wait(request).has_value());
    CHECK(bank.balance == 12);
  }
}

TEST_CASE("clocks jump, and sleeps end all the same", "[trial][simulate]") {
  Trial trial{Seed{2}, {.clock_jump = kAlways / 2}};
  Application app(trial, {Service("Clock").handler("wait", [](Context& ctx) -> Result<void> {
    for (int i = 0; i < 5; ++i) RESTATE_TRY_VOID(ctx.sleep(1s));
    return {};
  })});
  CHECK(app.call("Clock", "wait", {}).has_value());
  CHECK(contains(trial.story(), "the clock jumps"));
}

TEST_CASE("what crashes do not break, others may", "[trial][simulate]") {
  const Findings alone = simulate(one_deposit, {.worlds = 50});
  INFO(alone.str());
  CHECK(alone.none());
  CHECK(alone.worlds == 50);
  CHECK(alone.crashes > 10);

  const Findings findings = simulate(two_deposits, {.worlds = 200});
  REQUIRE(findings.found.size() == 1);
  const Finding& finding = findings.found.front();
  CHECK(finding.problem == "both are there");

  SECTION("a finding is found again by its seed") {
    const Findings again = simulate(two_deposits, {.first_seed = finding.seed.value, .worlds = 1});
    REQUIRE(again.found.size() == 1);
    CHECK(again.found.front().story == finding.story);
  }
}
