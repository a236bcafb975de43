// A payment that happens once, however often it is asked for or tried. The provider answers some day,
// through a webhook, under an id that waits for it.

#include <restate/context.h>
#include <restate/engine.h>
#include <restate/json.h>

#include <chrono>
#include <future>
#include <iostream>
#include <set>
#include <string>

using namespace std::chrono_literals;
using restate::Context, restate::Engine, restate::Result, restate::Service;

// [payment]
struct Payment {
  std::string item;
  int cents = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Payment, item, cents)
// [/payment]

static std::promise<std::string> webhook;  // stands in for the provider, who has a page to show first

static void order(const std::string& key, const Payment& payment, const std::string& answer_to) {
  static std::set<std::string> known;
  if (!known.insert(key).second) return;  // a second try of the same order
  std::cout << "provider: " << payment.cents << " cents for " << payment.item << '\n';
  webhook.set_value(answer_to);
}

static Result<std::string> pay(Context& ctx, const Payment& payment) {
  RESTATE_TRY(const auto paid, ctx.awakeable<bool>());
  const std::string key = ctx.id().str();
  RESTATE_TRY_VOID(ctx.run("order", [&] { order(key, payment, paid.id); }, {.max_attempts = 5}));

  RESTATE_TRY(const auto answer, ctx.await(paid.result, 1h));
  if (!answer || !*answer) return restate::terminal("no money for " + payment.item, 402);
  return payment.item + " is paid";
}

int main() {
  auto engine = Engine::open();  // in memory; with a `.data_dir` it waits on after a restart
  if (!engine) return restate::report(engine.error());
  auto served = engine->serve(Service("Payments").handler("pay", pay));
  if (!served) return restate::report(served.error());

  const Payment payment{"a bicycle", 19900};
  auto first = engine->call<std::string>("Payments", "pay", payment, {.idempotency_key = "cart-7"});
  auto again = engine->call<std::string>("Payments", "pay", payment, {.idempotency_key = "cart-7"});
  auto resolved = engine->resolve_awakeable(webhook.get_future().get(), true).get();
  if (!resolved) return restate::report(resolved.error());
  for (const auto& reply : {first, again}) {
    auto text = reply.get();
    if (!text) return restate::report(text.error());
    std::cout << *text << '\n';
  }
}
