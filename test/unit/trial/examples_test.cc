// The greeter, as it stands in the examples; the others have simulations beside them.

#include <restate/testing/explore.h>

#include "support/catch.h"

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/testing/application.h>

#include <chrono>
#include <iostream>

// Its program is of no interest here, and a `main` by another name would have to return something.
#define main unused_program
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wreturn-type"
namespace greeter {
#include "../../../examples/greeter/main.cc"
}
#pragma GCC diagnostic pop
#undef main

using restate::Service;
using namespace restate::testing;

TEST_CASE("the greeter of the examples greets whatever happens", "[trial][examples]") {
  const Scenario scenario = [](Trial& trial) {
    Application app(trial, {Service("Greeter").handler("greet", greeter::greet)});
    const auto greeting = app.call("Greeter", "greet", "Ada");
    trial.check(greeting && *greeting == "Welcome back: table 7 is yours, Ada", "Ada is greeted");
  };
  const Findings explored = explore(scenario);
  INFO(explored.str());
  CHECK(explored.none());
  CHECK(explored.crashes > 20);
  const Findings simulated = simulate(scenario, {.worlds = 200});
  INFO(simulated.str());
  CHECK(simulated.none());
}
