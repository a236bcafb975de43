// Handlers in a process of their own: `endpoint [port]`, then tell a server where it is, with
// `restate deployments register http://localhost:9080`. The server keeps the journal: kill this process
// while the handler sleeps and start it again, and the server calls the handler again.

#include <restate/context.h>
#include <restate/endpoint.h>
#include <restate/uv/runtime.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

using namespace std::chrono_literals;
using restate::Context, restate::Endpoint, restate::Result, restate::Service;

static Result<std::string> book(Context& ctx, std::string guest) {
  RESTATE_TRY(const std::string table, ctx.run("book", [&] {
    std::cout << "booking a table for " << guest << std::endl;
    return std::string("table 7");
  }));
  RESTATE_TRY_VOID(ctx.sleep(1s));
  return table + " is yours, " + guest;
}

int main(int argc, char** argv) {
  const auto port = static_cast<std::uint16_t>(argc > 1 ? std::atoi(argv[1]) : 9080);
  restate::uv::Runtime runtime{{}};
  std::unique_ptr<Endpoint> endpoint;
  runtime.run_on(0, [&] {  // it lives on a shard, and is called there
    endpoint = std::make_unique<Endpoint>(runtime.shard(0));
    if (auto served = endpoint->serve(Service("Tables").handler("book", book)); !served) {
      return runtime.request_stop(report(served.error()));
    }
    const auto bound = endpoint->listen({"127.0.0.1", port, ""});
    if (!bound) return runtime.request_stop(report(bound.error()));
    std::cout << "serving on " << bound->str() << std::endl;
  });
  const int code = runtime.run();  // until `request_stop`; a kill is all right, too
  runtime.begin_shutdown();
  runtime.run_on(0, [&] { endpoint.reset(); });
  return code;
}
