// Counts apples and pears, each under a key of its own.

#include "counter.h"

#include <restate/engine.h>

#include <cstdint>
#include <iostream>

using restate::Engine;

int main() {
  auto engine = Engine::open();  // in memory; with a `.data_dir` it counts on after a restart
  if (!engine) return restate::report(engine.error());

  if (auto served = engine->serve(counter()); !served) return restate::report(served.error());

  for (const int amount : {3, 5}) {
    auto count = engine->call(Counter::add("apples", amount)).get();
    if (!count) return restate::report(count.error());
    std::cout << amount << " more apples: " << *count << '\n';
  }
  auto pears = engine->call(Counter::get("pears")).get();
  if (!pears) return restate::report(pears.error());
  std::cout << "pears: " << *pears << '\n';

  // Who calls by name may send anything. What is no number never reaches the handler.
  auto refused = engine->call("Counter", "add", "many", {.key = "apples"}).get();
  if (refused) return 1;
  std::cout << "\"many\" apples: refused with " << refused.error().status << '\n';
}
