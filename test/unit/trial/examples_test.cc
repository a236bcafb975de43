// Handlers of the examples, as they stand there, crashed at every place of their journals.

#include <restate/testing/explore.h>

#include "support/catch.h"

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/json.h>
#include <restate/testing/application.h>

#include <chrono>
#include <cstdint>
#include <iostream>

// Their programs are of no interest here, and a `main` by another name would have to return something.
#define main unused_program
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
namespace counter {
#include "../../../examples/counter/main.cc"
}
namespace greeter {
#include "../../../examples/greeter/main.cc"
}
#pragma GCC diagnostic pop
#undef main

using restate::Object, restate::Service;
using namespace restate::testing;

TEST_CASE("the counter of the examples loses nothing in a crash", "[trial][examples]") {
  const Findings findings = explore([](Trial& trial) {
    Application app(trial, {Object("Counter").handler("add", counter::add)
                                .shared("get", counter::get)});
    const Request three = app.start("Counter", "add", 3, {.key = "apples"});
    const Request five = app.start("Counter", "add", 5, {.key = "apples"});
    trial.check(app.wait<std::int64_t>(three) == std::int64_t{3}, "three are counted");
    trial.check(app.wait<std::int64_t>(five) == std::int64_t{8}, "and five more");
    const auto count = app.call<std::int64_t>("Counter", "get", {}, {.key = "apples"});
    trial.check(count && *count == 8, "and none is counted twice");
  });
  INFO(findings.str());
  CHECK(findings.none());
  CHECK(findings.crashes > 20);
}

TEST_CASE("the greeter of the examples greets whatever happens", "[trial][examples]") {
  const Findings findings = explore([](Trial& trial) {
    Application app(trial, {Service("Greeter").handler("greet", greeter::greet)});
    const auto greeting = app.call("Greeter", "greet", "Ada");
    trial.check(greeting && *greeting == "Welcome back: table 7 is yours, Ada", "Ada is greeted");
  });
  INFO(findings.str());
  CHECK(findings.none());
  CHECK(findings.crashes > 20);
}
