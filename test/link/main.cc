// The smallest program with an engine in it; and, with LINKED_WITH_ALL, what makes it large.

#include <restate/context.h>
#include <restate/engine.h>

#include <iostream>

using restate::Bytes, restate::Context, restate::Engine, restate::Result, restate::Service;

static Result<Bytes> greet(Context&, Bytes guest) { return "Hello " + guest.str(); }

int main(int argc, char**) {
  restate::EngineOptions options;
#ifdef LINKED_WITH_ALL
  if (argc > 1) options = {.data_dir = "data", .ports = restate::Ports{.ingress = 0, .admin = 0}};
#else
  static_cast<void>(argc);
#endif
  auto engine = Engine::open(options);
  if (!engine) return restate::report(engine.error());
  auto served = engine->serve(Service("Greeter").handler("greet", greet));
  if (!served) return restate::report(served.error());
  auto reply = engine->call("Greeter", "greet", "Ada").get();
  if (!reply) return restate::report(reply.error());
  std::cout << reply->view() << '\n';
}
