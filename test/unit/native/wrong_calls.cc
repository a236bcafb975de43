// Does not compile, and says why in a sentence each: compile_errors.cmake.
// error: this is no argument for the handler
// error: this handler takes no argument
// error: this handler takes one argument
// error: this function takes something else than its declaration says
// error: this function gives something else than its declaration says
// error: this handler is declared for another kind

#include <restate/context.h>
#include <restate/engine.h>

using namespace restate;

struct Phrases {
  static constexpr ObjectHandler<std::string(std::string)> add{"Phrases", "add"};
  static constexpr ObjectHandler<std::string()> get{"Phrases", "get"};
};

Result<std::string> add(Context&, std::string phrase) { return phrase; }
Result<Bytes> get(Context&) { return Bytes(); }

void calls(Context& ctx, Engine& engine) {
  static_cast<void>(ctx.call(Phrases::add("a", 5)));
  static_cast<void>(ctx.send(Phrases::get("a", "b")));
  static_cast<void>(engine.call(Phrases::add("a")));
}

void definitions() {
  static_cast<void>(Object("Phrases").handler(Phrases::add, [](Context&) { return std::string(); }));
  static_cast<void>(Object("Phrases").handler(Phrases::get, get));
  static_cast<void>(Service("Phrases").handler(Phrases::add, add));
}
