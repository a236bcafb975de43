// Does not compile, and says why in one sentence: compile_errors.cmake.
// error: this type has no Serde. Include <restate/json.h>

#ifdef WITH_json
#include <restate/json.h>
#endif

#include <restate/context.h>
#include <restate/engine.h>

using namespace restate;

struct Money {
  long cents = 0;
};

ServiceDefinition shop() {
  return Service("Shop").handler("price", [](Context& ctx, const Money& most) -> Result<Money> {
    RESTATE_TRY(Money price, ctx.run("ask", [] { return Money{}; }));
    RESTATE_TRY_VOID(ctx.set("price", price));
    return ctx.call<Money>("Shop", "round", most);
  });
}

Reply<Money> price(Engine& engine) { return engine.call<Money>("Shop", "price", Money{}); }
