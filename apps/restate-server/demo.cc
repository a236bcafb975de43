#include "demo.h"

#include <restate/context.h>

#include <charconv>

namespace server {
namespace {

using namespace restate;
using namespace std::chrono_literals;

/// The text of a JSON string, or the input as it is: a demo takes both.
std::string text_of(const Bytes& argument) {
  std::string_view text = argument.view();
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  return std::string(text);
}

std::string quoted(const std::string& text) { return '"' + text + "\"\n"; }

Result<Bytes> greet(Context&, Bytes name) {
  return Bytes(quoted("Hello " + text_of(name) + "!"));
}

/// Kill the server while it sleeps: it goes on after the restart, with the same greeting.
Result<Bytes> greet_slowly(Context& ctx, Bytes name) {
  RESTATE_TRY(const Bytes greeting,
              ctx.run("choose", [&] { return Bytes("Good day, " + text_of(name) + "."); }));
  RESTATE_TRY_VOID(ctx.sleep(10s));
  return Bytes(quoted(greeting.str()));
}

Result<Bytes> add(Context& ctx, Bytes argument) {
  const std::string text = text_of(argument);
  long long delta = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), delta);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) {
    return terminal("expected a whole number, found '" + text + "'", 400);
  }
  RESTATE_TRY(const auto stored, ctx.get("count"));
  const long long count = (stored ? std::stoll(stored->str()) : 0) + delta;
  RESTATE_TRY_VOID(ctx.set("count", Bytes(std::to_string(count))));
  return Bytes(std::to_string(count) + "\n");
}

Result<Bytes> get(Context& ctx) {
  RESTATE_TRY(const auto stored, ctx.get("count"));
  return Bytes((stored ? stored->str() : "0") + "\n");
}

}  // namespace

std::vector<ServiceDefinition> demo_services() {
  HandlerOptions json;
  json.content_type = "application/json";
  return {
      Service("Greeter").handler("greet", greet, json).handler("greetSlowly", greet_slowly, json),
      Object("DemoCounter").handler("add", add, json).shared("get", get, json),
  };
}

}  // namespace server
