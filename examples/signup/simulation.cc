// Sign-ups in simulated worlds: `signup_simulation [worlds]`.

#include "signup.h"

#include <restate/testing/application.h>
#include <restate/testing/explore.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <map>
#include <set>
#include <string>

using namespace std::chrono_literals;
using namespace restate::testing;
using restate::Result;

// [model]
class ModelMailServer final : public MailServer {
 public:
  explicit ModelMailServer(Outside& outside) : outside_(outside) {}

  Result<void> send(const std::string& to, const std::string& text) override {
    return outside_.call("send", [&] { mailboxes[to].insert(text); });
  }
  /// By address. Two letters that say the same count as one.
  std::map<std::string, std::set<std::string>> mailboxes;

 private:
  Outside& outside_;
};
// [/model]

// [scenario]
/// What a person finds in the mailbox who looks until there is something.
static std::string wait_for_mail(Trial& trial, ModelMailServer& mails, const std::string& address) {
  auto& mailbox = mails.mailboxes[address];
  trial.world().run_until([&] { return !mailbox.empty() || trial.failed(); });
  return trial.check(!mailbox.empty(), "there is mail for " + address) ? *mailbox.begin() : "";
}

static void three_people(Trial& trial) {
  ModelMailServer mails(trial.outside());
  // A request may take two days before that counts as a problem: one of them is for waiting.
  Application app(trial, {sign_ups(mails)}, {.patience = 48h});

  const Request ada = app.start("SignUp", "run", User{"Ada", "ada@example.com"}, {.key = "ada"});
  const Request bob = app.start("SignUp", "run", User{"Bob", "bob@example.com"}, {.key = "bob"});
  const Request cyd = app.start("SignUp", "run", User{"Cyd", "cyd@example.com"}, {.key = "cyd"});
  const std::string code = wait_for_mail(trial, mails, "ada@example.com");
  const auto right = app.call<void>("SignUp", "confirm", code, {.key = "ada"});
  const auto wrong = app.call<void>("SignUp", "confirm", "no idea", {.key = "bob"});
  trial.check(right.has_value() && wrong.has_value(), "what was typed arrives");
  const auto twice = app.call<void>("SignUp", "confirm", code, {.key = "ada"});
  trial.check(!twice && twice.error().status == 409, "and counts once");

  trial.check(app.wait<std::string>(ada) == std::string("welcome, Ada"), "Ada is welcome");
  const auto refused = app.wait<std::string>(bob);
  trial.check(!refused && refused.error().status == 403, "Bob has not read his mail");
  const auto late = app.wait<std::string>(cyd);
  trial.check(!late && late.error().status == 408, "Cyd never looks");
  for (const auto& [address, letters] : mails.mailboxes) {
    trial.check(letters.size() == 1, "there is one code for " + address);
  }
}
// [/scenario]

int main(int argc, char** argv) {
  const std::uint64_t worlds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 300;
  const Findings explored = explore(three_people);
  const Findings simulated = simulate(three_people, {.worlds = worlds});
  std::cout << "explored: " << explored.str() << "simulated: " << simulated.str();
  return explored.none() && simulated.none() ? 0 : 1;
}
