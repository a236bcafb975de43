// The services of the end-to-end tests as a C++ endpoint: what services.mjs serves with the official
// TypeScript SDK, under the same names and in the same JSON, and what only this endpoint's test asks.
//
// usage: e2e-endpoint PORT [--protocol MIN MAX] [--threads N] [--key PUBLICKEY]...

#include <restate/context.h>
#include <restate/endpoint.h>
#include <restate/uv/runtime.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

using nlohmann::json;
using namespace restate;

namespace {

Bytes bytes_of(const json& value) { return Bytes(value.dump()); }
json json_of(const Bytes& bytes) {
  return bytes.empty() ? json() : json::parse(bytes.view());
}
milliseconds ms_of(const json& value) { return milliseconds(value.get<std::int64_t>()); }

const HandlerOptions kJson{.accept = "application/json", .content_type = "application/json"};
const HandlerOptions kNoInput{.content_type = "application/json"};

// --- Greeter ---

Result<Bytes> greet(Context&, Bytes name) {
  return bytes_of("Hello " + json_of(name).get<std::string>() + "!");
}

Result<Bytes> binary(Context&, Bytes data) {
  std::string reversed = data.str();
  std::reverse(reversed.begin(), reversed.end());
  return Bytes(std::move(reversed));
}

Result<Bytes> size(Context&, Bytes text) { return bytes_of(json_of(text).get<std::string>().size()); }
Result<Bytes> echo(Context&, Bytes value) { return value; }

// --- Runner ---

Result<Bytes> steps(Context& ctx, Bytes count) {
  int sum = 0;
  for (int i = 0; i < json_of(count).get<int>(); ++i) {
    RESTATE_TRY(const Bytes value, ctx.run("step " + std::to_string(i), [&] { return bytes_of(i); }));
    sum += json_of(value).get<int>();
  }
  return bytes_of(sum);
}

Result<Bytes> flaky(Context& ctx, Bytes failures) {
  static std::mutex mutex;
  static std::map<std::string, int> seen;
  return ctx.run("flaky", [&]() -> Result<Bytes> {
    const std::lock_guard lock(mutex);
    const int attempt = ++seen[ctx.id().str()];
    if (attempt > json_of(failures).get<int>()) return bytes_of(attempt);
    return Error{Code::kUnavailable, "attempt " + std::to_string(attempt) + " fails"};
  });
}

Result<Bytes> exhausted(Context& ctx) {
  const auto never = ctx.run(
      "never", []() -> Result<Bytes> { return Error{Code::kUnavailable, "always"}; },
      {.max_attempts = 3, .initial_interval = milliseconds(10)});
  if (never) return bytes_of("impossible");
  if (never.error().code != Code::kTerminal) return never.error();
  return bytes_of("terminal: " + never.error().message);
}

Result<Bytes> fail(Context&) { return terminal("no such luck", 418); }

Result<Bytes> nap(Context& ctx, Bytes ms) {
  RESTATE_TRY_VOID(ctx.sleep(ms_of(json_of(ms))));
  return bytes_of("slept");
}

Result<Bytes> call(Context& ctx, Bytes name) {
  return ctx.call("Greeter", "greet", std::move(name),
                  {.headers = {{"content-type", "application/json"}}});
}

Result<void> sends(Context& ctx, Bytes argument) {
  const json what = json_of(argument);
  for (int i = 0; i < what["count"].get<int>(); ++i) {
    SendOptions options;
    options.key = what["key"].get<std::string>();
    RESTATE_TRY_VOID(ctx.send("Counter", "add", bytes_of(1), options));
  }
  return {};
}

Result<void> send_later(Context& ctx, Bytes argument) {
  const json what = json_of(argument);
  SendOptions options;
  options.key = what["key"].get<std::string>();
  options.delay = ms_of(what["ms"]);
  RESTATE_TRY_VOID(ctx.send("Counter", "add", bytes_of(1), options));
  return {};
}

Result<Bytes> awakeable(Context& ctx, Bytes key) {
  RESTATE_TRY(const Awakeable waiting, ctx.awakeable());
  SendOptions options;
  options.key = json_of(key).get<std::string>();
  RESTATE_TRY_VOID(ctx.send("Counter", "remember", bytes_of(waiting.id), options));
  return ctx.await(waiting.result);
}

Result<Bytes> caught(Context& ctx) {
  const auto slept = ctx.sleep(std::chrono::hours(1));
  if (slept) return bytes_of("impossible");
  if (slept.error().code != Code::kTerminal) return slept.error();
  return bytes_of("caught: " + slept.error().message);
}

Result<Bytes> parallel(Context& ctx) {
  RESTATE_TRY(const auto greeting, ctx.start_call("Greeter", "greet", bytes_of("c")));
  RESTATE_TRY(const auto timer, ctx.timer(milliseconds(5)));
  RESTATE_TRY(const Bytes a, ctx.run("a", [] { return bytes_of("a"); }));
  RESTATE_TRY_VOID(ctx.all({greeting, timer}));
  RESTATE_TRY(const Bytes c, ctx.await(greeting));
  return bytes_of(json_of(a).get<std::string>() + " b " + json_of(c).get<std::string>());
}

Result<Bytes> random(Context& ctx) {
  std::string first;
  for (const std::uint8_t byte : ctx.random_uuid().bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    if (first.size() == 8 || first.size() == 13 || first.size() == 18 || first.size() == 23) first += '-';
    first += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  RESTATE_TRY_VOID(ctx.sleep(milliseconds(50)));
  return bytes_of(first);
}

/// Leaves a line in a file, sleeps, and tells how many lines there are: whoever does the step twice,
/// in whatever process, gives itself away.
Result<Bytes> book(Context& ctx, Bytes argument) {
  const json what = json_of(argument);
  const auto file = what["file"].get<std::string>();
  RESTATE_TRY_VOID(ctx.run("book", [&] { std::ofstream(file, std::ios::app) << "booked" << std::endl; }));
  RESTATE_TRY_VOID(ctx.sleep(ms_of(what["ms"])));
  std::ifstream lines(file);
  return bytes_of(std::count(std::istreambuf_iterator<char>(lines), {}, '\n'));
}

/// Whichever is there first, a timer or a signal; and the other runner is told by one.
Result<Bytes> race(Context& ctx, Bytes ms) {
  RESTATE_TRY(const auto timer, ctx.timer(ms_of(json_of(ms))));
  RESTATE_TRY(const auto bell, ctx.signal("bell"));
  RESTATE_TRY(const std::size_t first, ctx.any({timer, bell}));
  return first == 0 ? Result<Bytes>(bytes_of("time is up")) : ctx.await(bell);
}

Result<void> ring(Context& ctx, Bytes argument) {
  const json what = json_of(argument);
  RESTATE_TRY(const auto id, InvocationId::parse(what["id"].get<std::string>()));
  return ctx.send_signal(id, "bell", bytes_of(what["with"]));
}

/// Starts a sleeper and takes it back.
Result<Bytes> take_back(Context& ctx) {
  RESTATE_TRY(const auto sleeper, ctx.send("Runner", "caught", {}));
  RESTATE_TRY_VOID(ctx.cancel(sleeper));
  return ctx.attach(sleeper);
}

// --- Counter ---

Result<Bytes> add(Context& ctx, Bytes amount) {
  RESTATE_TRY(const auto before, ctx.get("value"));
  const int next = (before ? json_of(*before).get<int>() : 0) + json_of(amount).get<int>();
  RESTATE_TRY_VOID(ctx.set("value", bytes_of(next)));
  return bytes_of(next);
}

Result<Bytes> get(Context& ctx) {
  RESTATE_TRY(const auto value, ctx.get("value"));
  return value.value_or(bytes_of(0));
}

Result<void> clear(Context& ctx) { return ctx.clear_all(); }

Result<Bytes> keys(Context& ctx) {
  RESTATE_TRY(const auto names, ctx.keys());
  return bytes_of(names);
}

Result<Bytes> hold(Context& ctx, Bytes ms) {
  RESTATE_TRY_VOID(ctx.set("held", bytes_of(true)));
  RESTATE_TRY_VOID(ctx.sleep(ms_of(json_of(ms))));
  RESTATE_TRY_VOID(ctx.clear("held"));
  return bytes_of("held");
}

Result<void> remember(Context& ctx, Bytes id) { return ctx.set("awakeable", std::move(id)); }

Result<Bytes> remembered(Context& ctx) {
  RESTATE_TRY(const auto id, ctx.get("awakeable"));
  return id.value_or(bytes_of(nullptr));
}

Result<void> resolve(Context& ctx, Bytes value) {
  RESTATE_TRY(const auto id, ctx.get("awakeable"));
  if (!id) return terminal("nobody waits", 404);
  return ctx.resolve_awakeable(json_of(*id).get<std::string>(), std::move(value));
}

// --- Signup ---

Result<Bytes> signup(Context& ctx, Bytes email) {
  RESTATE_TRY_VOID(ctx.set("stage", bytes_of("waiting")));
  RESTATE_TRY(const Bytes code, ctx.promise("code"));
  RESTATE_TRY_VOID(ctx.set("stage", bytes_of("done")));
  return bytes_of(json_of(email).get<std::string>() + ": " + json_of(code).get<std::string>());
}

Result<Bytes> confirm(Context& ctx, Bytes code) {
  RESTATE_TRY_VOID(ctx.resolve_promise("code", std::move(code)));
  return bytes_of("thanks");
}

Result<Bytes> stage(Context& ctx) {
  RESTATE_TRY(const auto at, ctx.get("stage"));
  return at.value_or(bytes_of(nullptr));
}

Result<Bytes> peek(Context& ctx) {
  RESTATE_TRY(const auto code, ctx.peek_promise("code"));
  return code.value_or(bytes_of(nullptr));
}

std::vector<ServiceDefinition> services() {
  return {
      Service("Greeter")
          .handler("greet", greet, kJson)
          .handler("binary", binary)
          .handler("size", size, kJson)
          .handler("echo", echo, kJson),
      Service("Runner")
          .handler("steps", steps, kJson)
          .handler("flaky", flaky, kJson)
          .handler("exhausted", exhausted, kNoInput)
          .handler("terminal", fail, kNoInput)
          .handler("sleep", nap, kJson)
          .handler("call", call, kJson)
          .handler("sends", sends, kJson)
          .handler("sendLater", send_later, kJson)
          .handler("awakeable", awakeable, kJson)
          .handler("caught", caught, kNoInput)
          .handler("parallel", parallel, kNoInput)
          .handler("random", random, kNoInput)
          .handler("book", book, kJson)
          .handler("race", race, kJson)
          .handler("ring", ring, kJson)
          .handler("takeBack", take_back, kNoInput),
      Object("Counter")
          .handler("add", add, kJson)
          .handler("clear", clear, kNoInput)
          .handler("hold", hold, kJson)
          .handler("remember", remember, kJson)
          .handler("resolve", resolve, kJson)
          .shared("get", get, kNoInput)
          .shared("keys", keys, kNoInput)
          .shared("remembered", remembered, kNoInput),
      Workflow("Signup")
          .run(signup, kJson)
          .shared("confirm", confirm, kJson)
          .shared("stage", stage, kNoInput)
          .shared("peek", peek, kNoInput),
  };
}

uv::Runtime* stopped_by_signal = nullptr;

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  EndpointOptions options;
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--protocol") {
      options.min_protocol = static_cast<std::uint16_t>(std::stoi(words.at(++i)));
      options.max_protocol = static_cast<std::uint16_t>(std::stoi(words.at(++i)));
    } else if (words[i] == "--threads") {
      options.handler_threads = static_cast<std::uint32_t>(std::stoi(words.at(++i)));
    } else if (words[i] == "--key") {
      options.identity_keys.push_back(words.at(++i));
    }
  }
  const auto port = static_cast<std::uint16_t>(std::stoi(words.at(0)));

  uv::Runtime runtime{{}};
  stopped_by_signal = &runtime;
  std::signal(SIGTERM, [](int) { stopped_by_signal->request_stop(); });
  std::unique_ptr<Endpoint> endpoint;
  runtime.run_on(0, [&] {
    endpoint = std::make_unique<Endpoint>(runtime.shard(0), options);
    for (ServiceDefinition& service : services()) {
      if (const auto served = endpoint->serve(std::move(service)); !served) {
        return runtime.request_stop(report(served.error()));
      }
    }
    const auto bound = endpoint->listen({"127.0.0.1", port, ""});
    if (!bound) return runtime.request_stop(report(bound.error()));
    std::cout << "ready" << std::endl;
  });
  const int code = runtime.run();
  runtime.begin_shutdown();
  runtime.run_on(0, [&] { endpoint.reset(); });
  return code;
}
