#include <restate/testing/application.h>

#include "support/catch.h"
#include "support/text.h"

#include <restate/context.h>
#include <restate/service.h>

#include <string>
#include <vector>

using namespace restate;
using namespace restate::testing;
using namespace std::chrono_literals;

namespace {

Result<Bytes> add(Context& ctx, const Bytes& amount) {
  RESTATE_TRY(const auto before, ctx.get("sum"));
  const int sum = (before ? std::stoi(before->str()) : 0) + std::stoi(amount.str());
  RESTATE_TRY_VOID(ctx.set("sum", Bytes(std::to_string(sum))));
  return Bytes(std::to_string(sum));
}

}  // namespace

TEST_CASE("a request can be cancelled", "[trial][application]") {
  Trial trial{Seed{3}};
  int undone = 0;
  Application app(trial, {Service("Slow").handler("wait", [&](Context& ctx) -> Result<void> {
    const auto waited = ctx.sleep(1h);
    if (waited == Code::kTerminal) {
      RESTATE_TRY_VOID(ctx.run("undo", [&] { ++undone; }));
    }
    return waited;
  })});
  const Request cancelled = app.start("Slow", "wait", {});
  SECTION("before it has begun") { CHECK(app.cancel(cancelled).has_value()); }
  SECTION("while it waits") {
    trial.world().run_for(1min);
    CHECK(app.cancel(cancelled).has_value());
  }
  SECTION("with a crash in between") {
    trial.world().run_for(1min);
    app.crash();
    CHECK(app.cancel(cancelled).has_value());
  }
  const auto answer = app.wait(cancelled);
  REQUIRE(answer == Code::kTerminal);
  CHECK(answer.error().status == 409);
  CHECK(undone == 1);
  CHECK(app.cancel(cancelled).has_value());  // too late, and no harm
  CHECK_FALSE(trial.failed());
}

TEST_CASE("an application answers as an engine does", "[trial][application]") {
  Trial trial{Seed{3}};
  Application app(trial, {Object("Counter").handler("add", add),
                          Service("Door").handler("open", [](Context&) -> Result<Bytes> {
                            return terminal("it is locked", 423);
                          })});

  SECTION("objects keep their state") {
    CHECK(app.call("Counter", "add", "2", {.key = "a"}) == Bytes("2"));
    CHECK(app.call("Counter", "add", "3", {.key = "a"}) == Bytes("5"));
    CHECK(app.call("Counter", "add", "3", {.key = "b"}) == Bytes("3"));
  }
  SECTION("failures for good are answers") {
    const auto answer = app.call("Door", "open", {});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Code::kTerminal);
    CHECK(answer.error().status == 423);
    CHECK(answer.error().message == "it is locked");
  }
  SECTION("what is not there cannot be called") {
    CHECK(app.call("Window", "open", {}).error().code == Code::kNotFound);
    CHECK(app.call("Door", "close", {}).error().code == Code::kNotFound);
  }
  SECTION("a request with an idempotency key is one, however often it is made") {
    const RequestOptions once{.key = "a", .idempotency_key = "k"};
    CHECK(app.call("Counter", "add", "2", once) == Bytes("2"));
    CHECK(app.call("Counter", "add", "2", once) == Bytes("2"));
  }
  CHECK_FALSE(trial.failed());
}

TEST_CASE("a crash costs no request and repeats no finished step", "[trial][application]") {
  Trial trial{Seed{4}};
  int before = 0, after = 0;
  Application app(trial, {Service("Shop").handler("buy", [&](Context& ctx) -> Result<Bytes> {
    RESTATE_TRY_VOID(ctx.run("before", [&] { ++before; }));
    RESTATE_TRY_VOID(ctx.sleep(10s));
    RESTATE_TRY_VOID(ctx.run("after", [&] { ++after; }));
    return Bytes("sold");
  })});
  const Request request = app.start("Shop", "buy", {});
  trial.world().run_for(5s);
  REQUIRE(before == 1);
  app.crash();
  trial.world().run_for(2s);
  app.crash();
  CHECK(app.wait(request) == Bytes("sold"));
  CHECK(before == 1);
  CHECK(after == 1);
  CHECK_FALSE(trial.failed());
  const std::string story = trial.story();
  INFO(story);
  CHECK(contains(story, "request 1: Shop/buy"));
  CHECK(contains(story, "[1] Run \"before\""));
  CHECK(contains(story, "-- the process dies"));
  CHECK(contains(story, "answer 1: 'sold'"));
}

TEST_CASE("webhooks reach their awakeables across crashes", "[trial][application]") {
  Trial trial{Seed{5}};
  std::string id;
  Application app(trial, {Service("Shop").handler("buy", [&](Context& ctx) -> Result<Bytes> {
    RESTATE_TRY(const auto paid, ctx.awakeable());
    RESTATE_TRY_VOID(ctx.run("ask to pay", [&] { id = paid.id; }));
    return ctx.await(paid.result);
  })});
  const Request request = app.start("Shop", "buy", {});
  trial.world().run_for(1s);
  REQUIRE_FALSE(id.empty());
  app.crash();
  SECTION("with a value") {
    CHECK(app.resolve_awakeable(id, "20 euros").has_value());
    CHECK(app.wait(request) == Bytes("20 euros"));
  }
  SECTION("with a failure") {
    CHECK(app.reject_awakeable(id, "no money").has_value());
    CHECK(app.wait(request).error().message == "no money");
  }
  CHECK_FALSE(app.resolve_awakeable("no id", {}).has_value());
}

TEST_CASE("what was sent one way has ended after settling", "[trial][application]") {
  Trial trial{Seed{6}};
  std::vector<std::string> letters;
  Application app(
      trial, {Service("Post").handler("deliver",
                                      [&](Context& ctx, Bytes letter) -> Result<void> {
                                        RESTATE_TRY_VOID(ctx.sleep(3s));
                                        return ctx.run("deliver", [&] {
                                          letters.push_back(letter.str());
                                        });
                                      }),
              Service("Office").handler("write", [](Context& ctx) -> Result<void> {
                RESTATE_TRY_VOID(ctx.send("Post", "deliver", Bytes("a")));
                RESTATE_TRY_VOID(ctx.send("Post", "deliver", Bytes("b")));
                return {};
              })});
  CHECK(app.call("Office", "write", {}).has_value());
  CHECK(letters.empty());
  app.settle();
  CHECK(letters.size() == 2);
}

TEST_CASE("a request that is never answered is a problem", "[trial][application]") {
  Trial trial{Seed{7}};
  Application app(trial,
                  {Service("Shop").handler("wait", [](Context& ctx) -> Result<Bytes> {
                    RESTATE_TRY(const auto never, ctx.awakeable());
                    return ctx.await(never.result);
                  })},
                  {.patience = 1min});
  CHECK(app.call("Shop", "wait", {}).error().code == Code::kTimeout);
  REQUIRE(trial.problems().size() == 1);
  CHECK(trial.problems().front() == "request 1 (Shop/wait) is not answered");
}
