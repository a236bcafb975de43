// Reminders in simulated worlds: `reminder_simulation [worlds]`.

#include "reminder.h"

#include <restate/testing/application.h>
#include <restate/testing/explore.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

using namespace std::chrono_literals;
using namespace restate::testing;
using restate::Result;

// [scenario]
class ModelPhone final : public Phone {
 public:
  explicit ModelPhone(Outside& outside) : outside_(outside) {}

  Result<void> show(const std::string& id, const std::string& text) override {
    return outside_.call("show", [&] { shown[id] = text; });
  }
  std::map<std::string, std::string> shown;

 private:
  Outside& outside_;
};

static void a_week(Trial& trial) {
  ModelPhone phone(trial.outside());
  Application app(trial, {reminders(phone)});

  const Plan plan{.text = "drink some water", .times = 7, .every_ms = 86'400'000};
  const Request first = app.start("Reminder", "remind", plan, {.key = "ada"});
  trial.check(app.wait<void>(first).has_value(), "the first comes at once");
  trial.check(phone.shown.size() == 1, "and is alone");

  // The others come by themselves, one a day. A clock that jumps may shift them by minutes.
  trial.world().run_for(24h * 6 + 1h);
  app.settle();
  trial.check(phone.shown.size() == 7, "each of them comes, and comes once");
}
// [/scenario]

int main(int argc, char** argv) {
  const std::uint64_t worlds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300;
  const Findings explored = explore(a_week);
  const Findings simulated = simulate(a_week, {.worlds = worlds});
  std::cout << "explored: " << explored.str() << "simulated: " << simulated.str();
  return explored.none() && simulated.none() ? 0 : 1;
}
