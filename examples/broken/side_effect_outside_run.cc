// The bug: a table is drawn outside of the journal. A handler that is called again draws another one.

#include "verdict.h"

#include <restate/context.h>
#include <restate/testing/application.h>

#include <chrono>
#include <map>
#include <string>

using namespace std::chrono_literals;
using namespace restate::testing;
using restate::Bytes, restate::Context, restate::Result, restate::Service;

struct Restaurant {
  Bytes draw_table() { return Bytes(std::to_string(++last_table)); }

  int last_table = 0;
  std::map<Bytes, Bytes> seats;
};

// [broken]
static Result<Bytes> broken(Context& ctx, Restaurant& restaurant, const Bytes& guest) {
  const Bytes table = restaurant.draw_table();
  RESTATE_TRY_VOID(ctx.run("seat", [&] { restaurant.seats[guest] = table; }));
  RESTATE_TRY_VOID(ctx.sleep(1min));
  return table;
}
// [/broken]

// [repaired]
static Result<Bytes> repaired(Context& ctx, Restaurant& restaurant, const Bytes& guest) {
  RESTATE_TRY(const Bytes table, ctx.run("draw", [&] { return restaurant.draw_table(); }));
  RESTATE_TRY_VOID(ctx.run("seat", [&] { restaurant.seats[guest] = table; }));
  RESTATE_TRY_VOID(ctx.sleep(1min));
  return table;
}
// [/repaired]

using Handler = Result<Bytes> (*)(Context&, Restaurant&, const Bytes&);

static Scenario evening(Handler handler) {
  return [handler](Trial& trial) {
    Restaurant restaurant;
    Application app(trial, {Service("Tables").handler("book", [&](Context& ctx, Bytes guest) {
      return handler(ctx, restaurant, guest);
    })});
    const auto table = app.call("Tables", "book", "Ada");
    trial.check(table && *table == restaurant.seats["Ada"], "the guest is told where she sits");
  };
}

int main() {
  // A table that is drawn twice stays empty, which is fine; but the answer is another one then.
  return verdict(explore(evening(broken)), explore(evening(repaired), {.same_answers = false}));
}
