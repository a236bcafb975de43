// A reminder that comes back: each one sends the next. Between two of them nothing runs and nothing
// waits; there is a message that is not due yet, in the log like any other.

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/json.h>

#include <chrono>
#include <iostream>
#include <latch>
#include <string>

using namespace std::chrono_literals;
using restate::Context, restate::Engine, restate::Object, restate::Result;

struct Plan {
  std::string text;
  int times = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Plan, text, times)

static std::latch told(3);

static Result<void> remind(Context& ctx, Plan plan) {
  RESTATE_TRY_VOID(ctx.run("tell", [&] {
    std::cout << plan.text << std::endl;
    told.count_down();
  }));
  if (--plan.times == 0) return {};
  RESTATE_TRY(const auto next, ctx.send("Reminder", "remind", plan, {{.key = ctx.key()}, 50ms}));
  ctx.log(restate::LogLevel::kInfo, "reminds again", {{"as", next.str()}});
  return {};
}

int main() {
  auto engine = Engine::open();  // in memory; with a `.data_dir` it reminds after a restart, too
  if (!engine) return restate::report(engine.error());
  auto served = engine->serve(Object("Reminder").handler("remind", remind));
  if (!served) return restate::report(served.error());

  const Plan plan{"drink some water", 3};
  auto sent = engine->send("Reminder", "remind", plan, {.key = "ada"}).get();
  if (!sent) return restate::report(sent.error());
  told.wait();
  std::cout << "that is enough" << std::endl;
}
