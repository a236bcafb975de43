// Ada signs up: she gets a mail, types the code that is in it, and is welcome.

#include "signup.h"

#include <restate/engine.h>

#include <future>
#include <iostream>

using restate::Engine, restate::Result;

/// Stands in for the mail server, and for the one mailbox that it serves.
class Mailbox final : public MailServer {
 public:
  Result<void> send(const std::string&, const std::string& text) override {
    mail.set_value(text);
    return {};
  }
  std::promise<std::string> mail;
};

int main() {
  Mailbox mailbox;
  auto engine = Engine::open();  // in memory; with a `.data_dir` it waits on after a restart
  if (!engine) return restate::report(engine.error());
  if (auto served = engine->serve(sign_ups(mailbox)); !served) return restate::report(served.error());

  auto id = engine->send("SignUp", "run", User{"Ada", "ada@example.com"}, {.key = "ada"}).get();
  if (!id) return restate::report(id.error());
  const std::string code = mailbox.mail.get_future().get();
  std::cout << "Ada has mail\n";

  auto confirmed = engine->call<void>("SignUp", "confirm", code, {.key = "ada"}).get();
  if (!confirmed) return restate::report(confirmed.error());
  auto greeting = engine->attach<std::string>(*id).get();
  if (!greeting) return restate::report(greeting.error());
  std::cout << *greeting << '\n';
}
