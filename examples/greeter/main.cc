// A durable function inside an ordinary process. Kill it at any line and start it again: it goes
// on where it stopped. Only a kill inside `book_table` itself may book twice.

#include <restate/context.h>
#include <restate/engine.h>

#include <chrono>
#include <iostream>

using namespace std::chrono_literals;
using restate::Bytes, restate::Context, restate::Engine, restate::Result, restate::Service;

static Bytes book_table(const Bytes& guest) {
  std::cout << "booking a table for " << guest.view() << " ..." << std::endl;
  return "table 7 is yours, " + guest;
}

static Result<Bytes> greet(Context& ctx, Bytes guest) {
  RESTATE_TRY(auto booking, ctx.run("book", [&] { return book_table(guest); }));
  RESTATE_TRY_VOID(ctx.sleep(5s));  // could be a year: unwinds now and replays then
  return "Welcome back: " + booking;
}

int main() {
  auto engine = Engine::open({.data_dir = "greeter-data"});  // no data_dir: all in memory
  if (!engine) return restate::report(engine.error());

  auto served = engine->serve(Service("Greeter").handler("greet", greet));
  if (!served) return restate::report(served.error());

  // The key makes the second start wait for the first booking instead of making another one.
  auto reply = engine->call("Greeter", "greet", "Ada", {.idempotency_key = "ada"}).get();
  if (!reply) return restate::report(reply.error());
  std::cout << reply->view() << '\n';
}
