// Reminds Ada three times.

#include "reminder.h"

#include <restate/engine.h>

#include <iostream>
#include <latch>
#include <mutex>
#include <set>

using restate::Engine, restate::Result;

class PrintedPhone final : public Phone {
 public:
  Result<void> show(const std::string& id, const std::string& text) override {
    const std::lock_guard lock(mutex_);
    if (!shown_.insert(id).second) return {};
    std::cout << text << std::endl;
    told.count_down();
    return {};
  }
  std::latch told{3};

 private:
  std::mutex mutex_;  // handlers of two keys may run at once
  std::set<std::string> shown_;
};

int main() {
  PrintedPhone phone;
  auto engine = Engine::open();  // in memory; with a `.data_dir` it reminds after a restart, too
  if (!engine) return restate::report(engine.error());
  if (auto served = engine->serve(reminders(phone)); !served) return restate::report(served.error());

  const Plan plan{.text = "drink some water", .times = 3, .every_ms = 50};
  auto sent = engine->send("Reminder", "remind", plan, {.key = "ada"}).get();
  if (!sent) return restate::report(sent.error());
  phone.told.wait();
  std::cout << "that is enough" << std::endl;
}
