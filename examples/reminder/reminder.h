#pragma once

// A reminder that comes back: each one sends the next. Between two of them nothing runs and nothing
// waits; there is a message that is not due yet, in the log like any other.

#include <restate/context.h>
#include <restate/json.h>
#include <restate/service.h>

#include <chrono>
#include <string>
#include <utility>

struct Plan {
  std::string text;
  int times = 0, every_ms = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Plan, text, times, every_ms)

/// What reminders appear on. What is shown twice under one id is shown once.
class Phone {
 public:
  virtual ~Phone() = default;
  virtual restate::Result<void> show(const std::string& id, const std::string& text) = 0;
};

inline restate::Result<void> remind(restate::Context& ctx, Phone& phone, Plan plan) {
  const std::string id = ctx.id().str();
  RESTATE_TRY_VOID(ctx.run("show", [&] { return phone.show(id, plan.text); }));
  if (--plan.times == 0) return {};
  const std::chrono::milliseconds delay(plan.every_ms);
  RESTATE_TRY(const auto next, ctx.send("Reminder", "remind", plan, {{.key = ctx.key()}, delay}));
  ctx.log(restate::LogLevel::kInfo, "reminds again", {{"as", next.str()}});
  return {};
}

/// The object `Reminder`, one per owner of a phone.
inline restate::ServiceDefinition reminders(Phone& phone) {
  return restate::Object("Reminder").handler("remind", [&phone](restate::Context& ctx, Plan plan) {
    return remind(ctx, phone, std::move(plan));
  });
}
