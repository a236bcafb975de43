// What an embedder writes first: a durable function, called twice under one key. The second call gets
// the answer of the first, from the log of the folder that is the only argument.

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/version.h>

#include <chrono>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using restate::Bytes, restate::Context, restate::Engine, restate::Result, restate::Service;

#if RESTATE_VERSION < 100
#error "the headers are not those of version 0.1 or newer"
#endif

static int bookings = 0;

static Result<Bytes> greet(Context& ctx, Bytes guest) {
  RESTATE_TRY(const Bytes booking, ctx.run("book", [] { return std::to_string(++bookings); }));
  RESTATE_TRY_VOID(ctx.sleep(10ms));
  return "Hello " + guest.str() + ", booking " + booking.str();
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (restate::version() != RESTATE_VERSION_STRING) return 3;
  auto engine = Engine::open({.data_dir = argv[1]});
  if (!engine) return restate::report(engine.error());
  auto served = engine->serve(Service("Greeter").handler("greet", greet));
  if (!served) return restate::report(served.error());
  for (int i = 0; i < 2; ++i) {
    auto reply = engine->call("Greeter", "greet", "Ada", {.idempotency_key = "ada"}).get();
    if (!reply) return restate::report(reply.error());
    std::cout << reply->view() << '\n';
  }
}
