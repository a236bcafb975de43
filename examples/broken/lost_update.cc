// The bug: two handlers read an account, and both write what they make of it. Each is right by itself.

#include "verdict.h"

#include <restate/context.h>
#include <restate/testing/application.h>

#include <string>

using namespace restate::testing;
using restate::Bytes, restate::Context, restate::Object, restate::Result, restate::Service;

struct Bank {
  explicit Bank(Outside& o) : outside(o) {}

  Result<Bytes> read() {
    return outside.call("read", [&] { return Bytes(std::to_string(balance)); });
  }
  Result<void> write(int value) {
    return outside.call("write", [&] { balance = value; });
  }

  Outside& outside;
  int balance = 0;
};

// [handler]
static Result<void> deposit(Context& ctx, Bank& bank, const Bytes& amount) {
  RESTATE_TRY(const Bytes before, ctx.run("read", [&] { return bank.read(); }));
  const int after = std::stoi(before.str()) + std::stoi(amount.str());
  return ctx.run("write", [&] { return bank.write(after); });
}

// Any number of these at once.
static restate::ServiceDefinition broken(Bank& bank) {
  return Service("Account").handler("deposit", [&](Context& ctx, Bytes amount) {
    return deposit(ctx, bank, amount);
  });
}

// Of an object's handlers one runs at a time.
static restate::ServiceDefinition repaired(Bank& bank) {
  return Object("Account").handler("deposit", [&](Context& ctx, Bytes amount) {
    return deposit(ctx, bank, amount);
  });
}
// [/handler]

using Account = restate::ServiceDefinition (*)(Bank&);

static Scenario two_deposits(Account account) {
  return [account](Trial& trial) {
    Bank bank(trial.outside());
    Application app(trial, {account(bank)});
    const Request salary = app.start("Account", "deposit", "2000", {.key = "ada"});
    const Request gift = app.start("Account", "deposit", "50", {.key = "ada"});
    trial.check(app.wait(salary).has_value() && app.wait(gift).has_value(), "both are accepted");
    trial.check(bank.balance == 2050, "both are on the account");
  };
}

int main() {
  const int crashed = verdict(explore(two_deposits(broken)), explore(two_deposits(repaired)));
  // The bank may also be slow, so that one overtakes the other in the middle of a step.
  const int anything = verdict(simulate(two_deposits(broken)), simulate(two_deposits(repaired)));
  return crashed + anything;
}
