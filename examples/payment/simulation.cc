// Payments in simulated worlds: `payment_simulation [worlds]`.

#include "payments.h"

#include <restate/testing/application.h>
#include <restate/testing/explore.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>
#include <utility>

using namespace std::chrono_literals;
using namespace restate::testing;
using restate::Result;

// [model]
// The provider's books. Its orders come over a network that `outside` stands for; its customers are the
// test, which pays and then calls the webhook.
class ModelProvider final : public Provider {
 public:
  explicit ModelProvider(Outside& outside) : outside_(outside) {}

  Result<void> order(const std::string& key, const Payment& payment,
                     const std::string& answer_to) override {
    return outside_.call("order", [&] { orders.try_emplace(key, payment.item, answer_to); });
  }
  Result<bool> take_back(const std::string& key) override {
    return outside_.call("take back", [&] {
      Order& order = orders.at(key);
      order.open = false;
      return order.paid;
    });
  }

  struct Order {
    Order(std::string i, std::string a) : item(std::move(i)), answer_to(std::move(a)) {}
    std::string item, answer_to;
    bool open = true, paid = false;
  };
  /// What a customer sees of an item: nothing until it is ordered.
  Order* find(const std::string& item) {
    for (auto& [key, order] : orders) {
      if (order.item == item) return &order;
    }
    return nullptr;
  }
  std::map<std::string, Order> orders;

 private:
  Outside& outside_;
};
// [/model]

// [pay]
/// Waits for the page, pays if that still goes, and lets the webhook tell.
static void pay(Trial& trial, Application& app, ModelProvider& provider, const std::string& item) {
  trial.world().run_until([&] { return provider.find(item) != nullptr || trial.failed(); });
  ModelProvider::Order* order = provider.find(item);
  if (!trial.check(order != nullptr, item + " is ordered") || !order->open) return;
  order->paid = true;
  order->open = false;
  trial.check(app.resolve_awakeable(order->answer_to, true).has_value(), "the webhook is heard");
}
// [/pay]

// [scenario]
static void two_carts(Trial& trial) {
  ModelProvider provider(trial.outside());
  Application app(trial, {payments(provider)});

  const Payment bicycle{"a bicycle", 19900}, bell{"a bell", 900};
  const Request first = app.start("Payments", "pay", bicycle, {.idempotency_key = "cart-7"});
  const Request again = app.start("Payments", "pay", bicycle, {.idempotency_key = "cart-7"});
  const Request nobody = app.start("Payments", "pay", bell, {.idempotency_key = "cart-8"});
  pay(trial, app, provider, "a bicycle");

  const std::string paid = "a bicycle is paid";
  trial.check(app.wait<std::string>(first) == paid, "who has paid is told so");
  trial.check(app.wait<std::string>(again) == paid, "as often as he asks");
  const auto refused = app.wait<std::string>(nobody);
  trial.check(!refused && refused.error().status == 402, "who never pays gets nothing");
  trial.check(provider.orders.size() == 2, "each cart is ordered once");
  const ModelProvider::Order* order = provider.find("a bell");
  trial.check(order != nullptr && !order->open && !order->paid, "and cannot pay later");
}
// [/scenario]

// [race]
// The customer pays within the minute in which the handler stops waiting. Who wins is not for a test to
// say, only that both sides agree on it.
static void at_the_last_minute(Trial& trial) {
  ModelProvider provider(trial.outside());
  Application app(trial, {payments(provider)});

  const Request request = app.start("Payments", "pay", Payment{"a bicycle", 19900});
  const int seconds_late = static_cast<int>(trial.random().below(120));
  trial.world().run_for(59min + std::chrono::seconds(seconds_late));
  pay(trial, app, provider, "a bicycle");
  const auto answer = app.wait<std::string>(request);
  const ModelProvider::Order* order = provider.find("a bicycle");
  trial.check(order != nullptr && order->paid == answer.has_value(), "both sides say the same");
}
// [/race]

int main(int argc, char** argv) {
  const std::uint64_t worlds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300;
  const Findings explored = explore(two_carts);
  const Findings simulated = simulate(two_carts, {.worlds = worlds});
  const Findings raced = simulate(at_the_last_minute, {.worlds = worlds});
  std::cout << "explored: " << explored.str() << "simulated: " << simulated.str()
            << "at the last minute: " << raced.str();
  return explored.none() && simulated.none() && raced.none() ? 0 : 1;
}
