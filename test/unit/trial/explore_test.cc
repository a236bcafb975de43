#include <restate/testing/explore.h>

#include "support/catch.h"
#include "support/text.h"

#include <restate/context.h>
#include <restate/service.h>
#include <restate/testing/application.h>

#include <set>
#include <string>

using namespace restate;
using namespace restate::testing;
using namespace std::chrono_literals;

namespace {

/// Calls one handler of one service, and has its answer checked.
template <class Handler>
void call_once(Trial& trial, Handler handler) {
  Application app(trial, {Service("Shop").handler("buy", std::move(handler))});
  trial.check(app.call("Shop", "buy", {}).has_value(), "the sale is answered");
}

}  // namespace

TEST_CASE("a side effect whose record is lost is found", "[trial][explore]") {
  const Findings findings = explore([](Trial& trial) {
    int charges = 0;
    call_once(trial, [&](Context& ctx) -> Result<void> {
      RESTATE_TRY_VOID(ctx.sleep(1s));
      return ctx.run("charge", [&] { ++charges; });
    });
    trial.check(charges == 1, "the customer pays once");
  });
  INFO(findings.str());
  REQUIRE(findings.found.size() == 1);
  const Finding& finding = findings.found.front();
  CHECK(finding.problem == "the customer pays once");
  CHECK(finding.crash == "before the engine hears of #1 Shop/buy: [2] Run \"charge\"");
  CHECK(contains(finding.story, "-- the process dies"));
  CHECK(contains(finding.story, "!! the customer pays once"));
}

TEST_CASE("a step may die between two calls to the outside", "[trial][explore]") {
  const Findings findings = explore([](Trial& trial) {
    int here = 10, there = 0;
    call_once(trial, [&](Context& ctx) -> Result<void> {
      return ctx.run("move", [&]() -> Result<void> {
        RESTATE_TRY_VOID(trial.outside().call("withdraw", [&] { --here; }));
        return trial.outside().call("deposit", [&] { ++there; });
      });
    });
    trial.check(here + there == 10, "nothing is lost");
  });
  INFO(findings.str());
  REQUIRE(findings.found.size() == 1);
  CHECK(findings.found.front().crash == "before the answer of withdraw arrives");
}

TEST_CASE("a handler that holds together survives every crash", "[trial][explore]") {
  const Findings findings = explore([](Trial& trial) {
    std::set<std::string> charges;
    Application app(trial, {Service("Bank").handler("charge",
                                                    [&](Context& ctx, Bytes key) -> Result<void> {
                                                      return ctx.run("charge", [&] {
                                                        charges.insert(key.str());
                                                      });
                                                    }),
                            Object("Shop").handler("buy", [](Context& ctx) -> Result<Bytes> {
                              RESTATE_TRY_VOID(ctx.set("bought", Bytes("yes")));
                              RESTATE_TRY_VOID(ctx.sleep(1s));
                              RESTATE_TRY_VOID(ctx.call("Bank", "charge", Bytes(ctx.key())));
                              RESTATE_TRY(const auto bought, ctx.get("bought"));
                              return *bought;
                            })});
    const auto answer = app.call("Shop", "buy", {}, {.key = "ada"});
    trial.check(answer && *answer == "yes", "the sale is answered");
    trial.check(charges.size() == 1, "the customer pays once");
  });
  INFO(findings.str());
  CHECK(findings.none());
  // Each world but the first two has its crash.
  CHECK(findings.worlds > 20);
  CHECK(findings.crashes == findings.worlds - 2);
}

TEST_CASE("another way than the journal's is reported with both commands", "[trial][explore]") {
  const Findings findings = explore([](Trial& trial) {
    int attempts = 0;
    call_once(trial, [&](Context& ctx) -> Result<void> {
      const bool first = ++attempts == 1;
      RESTATE_TRY_VOID(ctx.run(first ? "go left" : "go right", [] {}));
      return ctx.sleep(1s);
    });
  });
  INFO(findings.str());
  REQUIRE(findings.found.size() == 1);
  CHECK(contains(findings.found.front().problem, "Shop/buy is not deterministic"));
  CHECK(contains(findings.found.front().problem, "'go right'"));
  CHECK(contains(findings.found.front().problem, "'go left'"));
}

TEST_CASE("a decision that was not recorded is found by its consequences", "[trial][explore]") {
  // The first command says what was decided, so that no journal contradicts itself.
  const auto scenario = [](Trial& trial) {
    int attempts = 0;
    call_once(trial, [&](Context& ctx) -> Result<Bytes> {
      const std::string way = ++attempts == 1 ? "left" : "right";
      RESTATE_TRY(const Bytes went, ctx.run("go", [&] { return Bytes(way); }));
      return went;
    });
  };
  const Findings findings = explore(scenario);
  INFO(findings.str());
  REQUIRE(findings.found.size() == 1);
  CHECK(findings.found.front().problem ==
        "request 1 is answered with 'right', and without a crash with 'left'");
  CHECK(explore(scenario, {.same_answers = false}).none());
}

TEST_CASE("journals must have the same commands", "[trial][explore]") {
  const auto scenario = [](Trial& trial) {
    int attempts = 0;
    call_once(trial, [&](Context& ctx) -> Result<void> {
      RESTATE_TRY(const Bytes way,
                  ctx.run("go", [&] { return Bytes(++attempts == 1 ? "left" : "right"); }));
      RESTATE_TRY_VOID(ctx.run(way.view(), [] {}));
      return {};
    });
  };
  const Findings findings = explore(scenario);
  INFO(findings.str());
  REQUIRE(findings.found.size() == 1);
  CHECK(findings.found.front().problem ==
        "the journal of Shop/buy is another one: command 2 is `Run \"right\"`, and without a crash "
        "`Run \"left\"`");
  CHECK(explore(scenario, {.same_journals = false}).none());
}

TEST_CASE("what does not follow from the seed is found without a crash", "[trial][explore]") {
  int worlds = 0;
  const Findings findings = explore([&](Trial& trial) {
    const std::string name = "world " + std::to_string(++worlds);
    call_once(trial, [&](Context& ctx) -> Result<void> { return ctx.run(name, [] {}); });
  });
  REQUIRE(findings.found.size() == 1);
  CHECK(findings.found.front().crash.empty());
  CHECK(contains(findings.found.front().problem, "two runs of one seed differ"));
  CHECK(contains(findings.found.front().problem, "world 2"));
}

TEST_CASE("a scenario that fails by itself is not crashed", "[trial][explore]") {
  const Findings findings = explore([](Trial& trial) { trial.check(false, "of course"); });
  CHECK(findings.worlds == 1);
  REQUIRE(findings.found.size() == 1);
  CHECK(findings.found.front().problem == "of course");
}
