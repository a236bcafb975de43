#include "trips.h"

#include <restate/context.h>

#include <chrono>
#include <functional>
#include <vector>

using namespace std::chrono_literals;
using restate::Bytes, restate::Code, restate::Context, restate::Result, restate::Service;

// [saga]
struct Undo {
  std::string name;
  std::function<Result<void>()> step;
};

// What would undo a step is noted before the step is taken: if it fails, it may have happened all the
// same.
static Result<void> book_all(Context& ctx, Agency& agency, const std::string& trip,
                             const std::string& card, std::vector<Undo>& undo) {
  undo.push_back({"cancel flight", [&] { return agency.cancel_flight(trip); }});
  RESTATE_TRY_VOID(ctx.run("book flight", [&] { return agency.book_flight(trip); }));
  undo.push_back({"cancel hotel", [&] { return agency.cancel_hotel(trip); }});
  RESTATE_TRY_VOID(ctx.run("book hotel", [&] { return agency.book_hotel(trip); }));
  RESTATE_TRY_VOID(ctx.sleep(10min));  // to think it over
  return ctx.run("charge", [&] { return agency.charge(trip, card); });
}

static Result<Bytes> book(Context& ctx, Agency& agency, const Bytes& card) {
  const std::string trip = ctx.id().str();
  std::vector<Undo> undo;
  const Result<void> booked = book_all(ctx, agency, trip, card.str(), undo);
  if (booked) return Bytes("booked");
  // Only a terminal failure decides anything. Any other error, `kSuspended` above all, means that this
  // function will be called again.
  if (booked.error().code != Code::kTerminal) return booked.error();
  ctx.set_cancellable(false);  // whoever cancels now must not keep us from it
  for (auto last = undo.rbegin(); last != undo.rend(); ++last) {
    RESTATE_TRY_VOID(ctx.run(last->name, last->step));
  }
  return booked.error();
}
// [/saga]

restate::ServiceDefinition trips(Agency& agency) {
  return Service("Trips").handler(
      "book", [&agency](Context& ctx, Bytes card) { return book(ctx, agency, card); });
}
