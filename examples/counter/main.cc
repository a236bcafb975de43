// A counter per key: state that belongs to an object, and handlers with types of their own. Calls of
// one key run one after another, so nothing is lost between the `get` and the `set`.

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/json.h>

#include <cstdint>
#include <iostream>

using restate::Context, restate::Engine, restate::Object, restate::Result;

static Result<std::int64_t> add(Context& ctx, std::int64_t amount) {
  RESTATE_TRY(std::int64_t count, ctx.get_or<std::int64_t>("count", 0));
  count += amount;
  RESTATE_TRY_VOID(ctx.set("count", count));
  return count;
}

static Result<std::int64_t> get(Context& ctx) { return ctx.get_or<std::int64_t>("count", 0); }

int main() {
  auto engine = Engine::open();  // in memory; with a `.data_dir` it counts on after a restart
  if (!engine) return restate::report(engine.error());

  auto served = engine->serve(Object("Counter").handler("add", add).shared("get", get));
  if (!served) return restate::report(served.error());

  for (const int amount : {3, 5}) {
    auto count = engine->call<std::int64_t>("Counter", "add", amount, {.key = "apples"}).get();
    if (!count) return restate::report(count.error());
    std::cout << amount << " more apples: " << *count << '\n';
  }
  auto pears = engine->call<std::int64_t>("Counter", "get", {}, {.key = "pears"}).get();
  if (!pears) return restate::report(pears.error());
  std::cout << "pears: " << *pears << '\n';

  // What is no number never reaches the handler.
  auto refused = engine->call("Counter", "add", "many", {.key = "apples"}).get();
  if (refused) return 1;
  std::cout << "\"many\" apples: refused with " << refused.error().status << '\n';
}
