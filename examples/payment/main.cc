// Sells a bicycle: the same cart is paid for twice, and the customer pays once.

#include "payments.h"

#include <restate/engine.h>

#include <future>
#include <iostream>
#include <set>
#include <string>

using restate::Engine, restate::Result;

/// Its page is this program, and its customer pays at once.
class PrintedProvider final : public Provider {
 public:
  Result<void> order(const std::string& key, const Payment& payment,
                     const std::string& answer_to) override {
    if (!known_.insert(key).second) return {};  // a second try of the same order
    std::cout << "provider: " << payment.cents << " cents for " << payment.item << '\n';
    webhook.set_value(answer_to);
    return {};
  }
  Result<bool> take_back(const std::string&) override { return false; }

  std::promise<std::string> webhook;

 private:
  std::set<std::string> known_;
};

int main() {
  PrintedProvider provider;
  auto engine = Engine::open();  // in memory; with a `.data_dir` it waits on after a restart
  if (!engine) return restate::report(engine.error());
  if (auto served = engine->serve(payments(provider)); !served) return restate::report(served.error());

  const Payment payment{"a bicycle", 19900};
  auto first = engine->call<std::string>("Payments", "pay", payment, {.idempotency_key = "cart-7"});
  auto again = engine->call<std::string>("Payments", "pay", payment, {.idempotency_key = "cart-7"});
  auto resolved = engine->resolve_awakeable(provider.webhook.get_future().get(), true).get();
  if (!resolved) return restate::report(resolved.error());
  for (const auto& reply : {first, again}) {
    auto text = reply.get();
    if (!text) return restate::report(text.error());
    std::cout << *text << '\n';
  }
}
