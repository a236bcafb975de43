#pragma once

// A sign-up that waits for a person. It may wait for a day and live through any number of restarts;
// `confirm` reaches it through a promise that both of them name.

#include <restate/json.h>
#include <restate/result.h>
#include <restate/service.h>

#include <string>

struct User {
  std::string name, mail;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(User, name, mail)

/// How users are written to. The same letter may arrive twice; people can live with that.
class MailServer {
 public:
  virtual ~MailServer() = default;
  virtual restate::Result<void> send(const std::string& to, const std::string& text) = 0;
};

/// The workflow `SignUp`, one per user. `run` takes a `User`, `confirm` the code from the mail.
restate::ServiceDefinition sign_ups(MailServer& mails);
