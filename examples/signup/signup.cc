#include "signup.h"

#include <restate/context.h>

#include <chrono>
#include <utility>

using namespace std::chrono_literals;
using restate::Context, restate::Result, restate::Workflow;

static Result<std::string> sign_up(Context& ctx, MailServer& mails, const User& user) {
  const std::string code = std::to_string(ctx.random() % 1'000'000);  // the same in every attempt
  RESTATE_TRY_VOID(ctx.run("mail the code", [&] { return mails.send(user.mail, code); }));

  RESTATE_TRY(const auto answer, ctx.start_promise<std::string>("code"));
  RESTATE_TRY(const auto typed, ctx.await(answer, 24h));
  if (!typed) return restate::terminal("nobody confirmed " + user.mail, 408);
  if (*typed != code) return restate::terminal("this is not the code", 403);
  return "welcome, " + user.name;
}

static Result<void> confirm(Context& ctx, std::string code) {
  return ctx.resolve_promise("code", std::move(code));
}

restate::ServiceDefinition sign_ups(MailServer& mails) {
  const auto run = [&mails](Context& ctx, const User& user) { return sign_up(ctx, mails, user); };
  return Workflow("SignUp").run(run).shared("confirm", confirm);
}
