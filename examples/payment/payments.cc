#include "payments.h"

#include <restate/context.h>

#include <chrono>

using namespace std::chrono_literals;
using restate::Context, restate::Result, restate::Service;

static Result<std::string> pay(Context& ctx, Provider& provider, const Payment& payment) {
  RESTATE_TRY(const auto paid, ctx.awakeable<bool>());
  const std::string key = ctx.id().str();  // the same in every attempt
  RESTATE_TRY_VOID(ctx.run("order", [&] { return provider.order(key, payment, paid.id); },
                           {.initial_interval = 200ms, .max_interval = 1min}));

  RESTATE_TRY(auto answer, ctx.await(paid.result, 1h));
  if (!answer) {  // nobody pays any more; but somebody may have done so just now
    RESTATE_TRY(answer, ctx.run("take back", [&] { return provider.take_back(key); }));
  }
  if (!*answer) return restate::terminal("no money for " + payment.item, 402);
  return payment.item + " is paid";
}

restate::ServiceDefinition payments(Provider& provider) {
  return Service("Payments").handler("pay", [&provider](Context& ctx, const Payment& payment) {
    return pay(ctx, provider, payment);
  });
}
