// A sign-up that waits for a person. It may wait for a day and live through any number of restarts;
// `confirm` reaches it through a promise that both of them name.

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/json.h>

#include <chrono>
#include <future>
#include <iostream>
#include <string>

using namespace std::chrono_literals;
using restate::Context, restate::Engine, restate::Result, restate::Workflow;

struct User {
  std::string name, mail;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(User, name, mail)

static std::promise<std::string> inbox;  // stands in for the mail server, and for Ada

static Result<std::string> sign_up(Context& ctx, const User& user) {
  const std::string code = std::to_string(ctx.random() % 1'000'000);  // the same in every attempt
  RESTATE_TRY_VOID(ctx.run("mail the code", [&] { inbox.set_value(code); }));

  RESTATE_TRY(const auto answer, ctx.start_promise<std::string>("code"));
  RESTATE_TRY(const auto typed, ctx.await(answer, 24h));
  if (!typed) return restate::terminal("nobody confirmed " + user.mail, 408);
  if (*typed != code) return restate::terminal("this is not the code", 403);
  return "welcome, " + user.name;
}

static Result<void> confirm(Context& ctx, std::string code) {
  return ctx.resolve_promise("code", std::move(code));
}

int main() {
  auto engine = Engine::open();  // in memory; with a `.data_dir` it waits on after a restart
  if (!engine) return restate::report(engine.error());
  auto served = engine->serve(Workflow("SignUp").run(sign_up).shared("confirm", confirm));
  if (!served) return restate::report(served.error());

  auto id = engine->send("SignUp", "run", User{"Ada", "ada@example.com"}, {.key = "ada"}).get();
  if (!id) return restate::report(id.error());
  const std::string code = inbox.get_future().get();
  std::cout << "Ada has mail\n";

  auto confirmed = engine->call<void>("SignUp", "confirm", code, {.key = "ada"}).get();
  if (!confirmed) return restate::report(confirmed.error());
  auto greeting = engine->attach<std::string>(*id).get();
  if (!greeting) return restate::report(greeting.error());
  std::cout << *greeting << '\n';
}
