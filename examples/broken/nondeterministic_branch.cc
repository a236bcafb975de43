// The bug: a decision hangs on what this process remembers. A handler that is called again finds that it
// has been here before, and takes another way than its journal.

#include "verdict.h"

#include <restate/context.h>
#include <restate/testing/application.h>

#include <chrono>
#include <set>

using namespace std::chrono_literals;
using namespace restate::testing;
using restate::Bytes, restate::Context, restate::Object, restate::Result;

struct Shop {
  std::set<Bytes> cache;  ///< of whom we have met
  int letters = 0;
};

// [broken]
static Result<void> broken(Context& ctx, Shop& shop) {
  if (shop.cache.insert(ctx.key()).second) {
    RESTATE_TRY_VOID(ctx.run("introduce ourselves", [&] { ++shop.letters; }));
  }
  return ctx.sleep(1min, "wait for an order");
}
// [/broken]

// [repaired]
static Result<void> repaired(Context& ctx, Shop& shop) {
  RESTATE_TRY(const auto met, ctx.get("met"));
  if (!met) {
    RESTATE_TRY_VOID(ctx.set("met", Bytes("yes")));
    RESTATE_TRY_VOID(ctx.run("introduce ourselves", [&] { ++shop.letters; }));
  }
  return ctx.sleep(1min, "wait for an order");
}
// [/repaired]

using Handler = Result<void> (*)(Context&, Shop&);

static Scenario visits(Handler handler) {
  return [handler](Trial& trial) {
    Shop shop;
    Application app(trial, {Object("Customer").handler("visit", [&](Context& ctx) {
      return handler(ctx, shop);
    })});
    trial.check(app.call("Customer", "visit", {}, {.key = "Ada"}).has_value(), "Ada comes");
    trial.check(app.call("Customer", "visit", {}, {.key = "Ada"}).has_value(), "and comes again");
    trial.check(shop.letters >= 1, "we have introduced ourselves");
  };
}

int main() { return verdict(explore(visits(broken)), explore(visits(repaired))); }
