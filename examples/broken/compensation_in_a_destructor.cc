// The bug: a guard gives the room back when it dies without a payment. But stacks are unwound all the
// time: whenever a handler suspends, or its process is about to end, and it goes on later.

#include "verdict.h"

#include <restate/context.h>
#include <restate/testing/application.h>

#include <chrono>
#include <set>

using namespace std::chrono_literals;
using namespace restate::testing;
using restate::Bytes, restate::Code, restate::Context, restate::Result, restate::Service;

using Rooms = std::set<Bytes>;  ///< reserved, by guest

static Result<void> charge(const Bytes& guest) {
  if (guest == "Bob") return restate::terminal("the card is declined", 402);
  return {};
}

// [broken]
struct Guard {
  ~Guard() {
    if (!paid) rooms.erase(guest);
  }
  Rooms& rooms;
  const Bytes guest;
  bool paid = false;
};

static Result<void> broken(Context& ctx, Rooms& rooms, const Bytes& guest) {
  RESTATE_TRY_VOID(ctx.run("reserve", [&] { rooms.insert(guest); }));
  Guard guard{rooms, guest};
  RESTATE_TRY_VOID(ctx.sleep(1min, "wait for the card"));
  RESTATE_TRY_VOID(ctx.run("charge", [&] { return charge(guest); }));
  guard.paid = true;
  return {};
}
// [/broken]

// [repaired]
static Result<void> repaired(Context& ctx, Rooms& rooms, const Bytes& guest) {
  RESTATE_TRY_VOID(ctx.run("reserve", [&] { rooms.insert(guest); }));
  RESTATE_TRY_VOID(ctx.sleep(1min, "wait for the card"));
  const Result<void> charged = ctx.run("charge", [&] { return charge(guest); });
  if (!charged && charged.error().code == Code::kTerminal) {
    RESTATE_TRY_VOID(ctx.run("give back", [&] { rooms.erase(guest); }));
  }
  return charged;
}
// [/repaired]

using Handler = Result<void> (*)(Context&, Rooms&, const Bytes&);

static Scenario night(Handler handler) {
  return [handler](Trial& trial) {
    Rooms rooms;
    Application app(trial, {Service("Hotel").handler("book", [&](Context& ctx, Bytes guest) {
      return handler(ctx, rooms, guest);
    })});
    trial.check(app.call("Hotel", "book", "Ada").has_value(), "Ada pays");
    trial.check(!app.call("Hotel", "book", "Bob").has_value(), "Bob's card is declined");
    trial.check(rooms == Rooms{"Ada"}, "who has paid has a room, and nobody else");
  };
}

int main() { return verdict(explore(night(broken)), explore(night(repaired))); }
