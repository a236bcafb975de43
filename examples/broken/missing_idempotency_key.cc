// The bug: a step is recorded once, but what it does may happen twice, if the process dies in between.
// Whoever is asked to do it must be able to tell that he is asked again.

#include "verdict.h"

#include <restate/context.h>
#include <restate/testing/application.h>

#include <map>
#include <string>

using namespace restate::testing;
using restate::Bytes, restate::Context, restate::Result, restate::Service;

/// Charges once per key, as payment providers do.
struct Provider {
  explicit Provider(Outside& o) : outside(o) {}

  Result<void> charge(int amount, const std::string& key) {
    return outside.call("charge", [&] { charges[key] = amount; });
  }
  Result<void> charge(int amount) {
    return charge(amount, "no key, number " + std::to_string(charges.size()));
  }
  int total() const {
    int sum = 0;
    for (const auto& [key, amount] : charges) sum += amount;
    return sum;
  }

  Outside& outside;
  std::map<std::string, int> charges;
};

// [broken]
static Result<void> broken(Context& ctx, Provider& provider) {
  return ctx.run("charge", [&] { return provider.charge(20); });
}
// [/broken]

// [repaired]
static Result<void> repaired(Context& ctx, Provider& provider) {
  const std::string key = ctx.id().str();  // the same in every attempt
  return ctx.run("charge", [&] { return provider.charge(20, key); });
}
// [/repaired]

using Handler = Result<void> (*)(Context&, Provider&);

static Scenario sale(Handler handler) {
  return [handler](Trial& trial) {
    Provider provider(trial.outside());
    Application app(trial, {Service("Shop").handler("buy", [&](Context& ctx) {
      return handler(ctx, provider);
    })});
    trial.check(app.call("Shop", "buy", {}).has_value(), "the sale is made");
    trial.check(provider.total() == 20, "the customer pays once");
  };
}

int main() { return verdict(explore(sale(broken)), explore(sale(repaired))); }
