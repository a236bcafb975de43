#include <restate/testing/trial.h>

#include "trial/trial_state.h"

#include <utility>

namespace restate::testing {

Result<void> Outside::request(std::string_view what) { return state_.request(what); }
Result<void> Outside::reply(std::string_view what) { return state_.reply(what); }

Trial::Trial(Seed seed, Faults faults)
    : Trial(std::make_unique<TrialState>(seed, faults, std::nullopt,
                                         std::make_shared<native::BatonPool>())) {}
Trial::Trial(std::unique_ptr<TrialState> state) : state_(std::move(state)), outside_(*state_) {}
Trial::~Trial() = default;

World& Trial::world() { return state_->world(); }
Outside& Trial::outside() { return outside_; }
Random& Trial::random() { return state_->scenario(); }
Seed Trial::seed() const { return state_->world().seed(); }

bool Trial::check(bool holds, std::string_view what) {
  if (!holds) state_->fail(std::string(what));
  return holds;
}

void Trial::note(std::string_view line) { state_->note(line); }
bool Trial::failed() const { return !state_->problems().empty(); }
const std::vector<std::string>& Trial::problems() const { return state_->problems(); }

std::string Trial::story() const {
  std::string text;
  for (const std::string& line : state_->lines()) text += line + "\n";
  return text;
}

}  // namespace restate::testing
