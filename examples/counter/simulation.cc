// The counter in simulated worlds: `counter_simulation [worlds]`.

#include "counter.h"

#include <restate/testing/application.h>
#include <restate/testing/explore.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>

using namespace restate::testing;

static void apples_and_pears(Trial& trial) {
  Application app(trial, {counter()});

  const Request three = app.start(Counter::add("apples", 3));
  const Request five = app.start(Counter::add("apples", 5));
  const Request pear = app.start(Counter::add("pears", 1));
  const auto after_three = app.wait<std::int64_t>(three);
  const auto after_five = app.wait<std::int64_t>(five);
  trial.check(app.wait<std::int64_t>(pear) == std::int64_t{1}, "a pear is no apple");
  // Either may come first, but not both.
  trial.check(after_three && after_five && *after_three != *after_five &&
                  (*after_three == 8 || *after_five == 8),
              "one is counted on top of the other");

  const auto apples = app.call(Counter::get("apples"));
  trial.check(apples == std::int64_t{8}, "none is lost, and none is counted twice");
}

int main(int argc, char** argv) {
  const std::uint64_t worlds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300;
  const Findings explored = explore(apples_and_pears);
  const Findings simulated = simulate(apples_and_pears, {.worlds = worlds});
  std::cout << "explored: " << explored.str() << "simulated: " << simulated.str();
  return explored.none() && simulated.none() ? 0 : 1;
}
