#include <restate/testing/explore.h>

#include "trial/trial_state.h"

#include <restate/assert.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace restate::testing {
namespace {

/// What one world came to.
struct Outcome {
  std::vector<std::string> problems, lines, answers;
  std::vector<Position> positions;
  std::map<InvocationId, InvocationView> invocations;
  std::uint64_t crashes = 0;
  bool plan_struck = false;
};

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

Outcome run(const Scenario& scenario, Seed seed, const Faults& faults,
            std::optional<CrashPlan> plan, const std::shared_ptr<native::BatonPool>& pool) {
  auto owned = std::make_unique<TrialState>(seed, faults, plan, pool);
  TrialState& state = *owned;
  Trial trial(std::move(owned));
  scenario(trial);
  Outcome outcome;
  outcome.problems = state.problems();
  outcome.lines = state.lines();
  outcome.answers = state.answers();
  outcome.positions = state.positions();
  outcome.invocations = state.invocations();
  outcome.crashes = state.crashes();
  outcome.plan_struck = state.plan_struck();
  return outcome;
}

/// What two runs of one seed disagree about first; nothing if they agree.
std::optional<std::string> difference(const std::vector<std::string>& one,
                                      const std::vector<std::string>& other) {
  const auto [a, b] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  if (a == one.end() && b == other.end()) return std::nullopt;
  return "two runs of one seed differ, so something of them comes from outside: once `" +
         (a == one.end() ? std::string("the end") : *a) + "`, once `" +
         (b == other.end() ? std::string("the end") : *b) + "`";
}

std::string command_of(const InvocationView& invocation, std::size_t index) {
  return index < invocation.commands.size() ? "`" + invocation.commands[index] + "`" : "nothing";
}

std::optional<std::string> compare_answers(const Outcome& calm, const Outcome& crashed) {
  for (std::size_t i = 0; i < calm.answers.size(); ++i) {
    const std::string other = i < crashed.answers.size() ? crashed.answers[i] : "not made";
    if (calm.answers[i] == other) continue;
    return "request " + std::to_string(i + 1) + " is answered with " + other +
           ", and without a crash with " + calm.answers[i];
  }
  return std::nullopt;
}

std::optional<std::string> compare_journal(const InvocationView& calm,
                                           const InvocationView& crashed) {
  if (!calm.ended || !crashed.ended) return std::nullopt;  // nobody has waited for it
  const auto [a, b] = std::mismatch(calm.commands.begin(), calm.commands.end(),
                                    crashed.commands.begin(), crashed.commands.end());
  if (a == calm.commands.end() && b == crashed.commands.end()) return std::nullopt;
  const auto index = static_cast<std::size_t>(a - calm.commands.begin());
  return "the journal of " + calm.target + " is another one: command " + std::to_string(index) +
         " is " + command_of(crashed, index) + ", and without a crash " + command_of(calm, index);
}

/// Ids of what requests begin are the same in every run; ids of what handlers call need not be, and
/// those are told apart by their targets.
using ByTarget = std::map<std::string, std::vector<const InvocationView*>>;
ByTarget strangers(const Outcome& of, const Outcome& to) {
  ByTarget found;
  for (const auto& [id, invocation] : of.invocations) {
    if (to.invocations.count(id) == 0) found[invocation.target].push_back(&invocation);
  }
  return found;
}

std::optional<std::string> compare_journals(const Outcome& calm, const Outcome& crashed) {
  for (const auto& [id, invocation] : calm.invocations) {
    const auto same = crashed.invocations.find(id);
    if (same == crashed.invocations.end()) continue;
    if (auto differs = compare_journal(invocation, same->second)) return differs;
  }
  const ByTarget others = strangers(crashed, calm);
  for (const auto& [target, invocations] : strangers(calm, crashed)) {
    const auto same = others.find(target);
    // Of several nobody knows which is which, and some may just not have begun yet.
    if (same == others.end() || same->second.size() != 1 || invocations.size() != 1) continue;
    if (auto differs = compare_journal(*invocations.front(), *same->second.front())) return differs;
  }
  return std::nullopt;
}

std::string describe_crash(const Position& position, Verdict verdict) {
  if (verdict == Verdict::kSaid) return "while the engine writes " + position.what;
  if (verdict == Verdict::kDurable) return "as soon as the log has " + position.what;
  switch (position.kind) {
    case Position::Kind::kSaid: return "before the engine hears of " + position.what;
    case Position::Kind::kHeard: return "before the handler hears of " + position.what;
    case Position::Kind::kCalled: return "before " + position.what + " arrives";
  }
  RESTATE_UNREACHABLE();
}

class Search {
 public:
  explicit Search(std::size_t most) : most_(most) {}

  void add(const Outcome& outcome, Seed seed, std::string crash, std::string problem) {
    findings.found.push_back({seed, std::move(crash), std::move(problem), joined(outcome.lines)});
  }
  void count(const Outcome& outcome) {
    ++findings.worlds;
    findings.crashes += outcome.crashes;
  }
  bool enough() const { return findings.found.size() >= most_; }

  Findings findings;

 private:
  const std::size_t most_;
};

}  // namespace

std::string Findings::str() const {
  std::string text = std::to_string(worlds) + " worlds, " + std::to_string(crashes) +
                     " crashes, " + std::to_string(found.size()) +
                     (found.size() == 1 ? " finding\n" : " findings\n");
  for (const Finding& finding : found) {
    text += "\nseed " + std::to_string(finding.seed.value);
    if (!finding.crash.empty()) text += ", crash " + finding.crash;
    text += "\n" + finding.problem + "\n" + finding.story;
  }
  return text;
}

Findings explore(const Scenario& scenario, ExploreOptions options) {
  const auto pool = std::make_shared<native::BatonPool>();
  Search search(std::max<std::size_t>(options.most_findings, 1));
  const Outcome calm = run(scenario, options.seed, {}, std::nullopt, pool);
  search.count(calm);
  if (!calm.problems.empty()) {
    search.add(calm, options.seed, {}, calm.problems.front());
    return search.findings;
  }
  const Outcome again = run(scenario, options.seed, {}, std::nullopt, pool);
  search.count(again);
  if (const auto differs = difference(calm.lines, again.lines)) {
    search.add(again, options.seed, {}, *differs);
    return search.findings;
  }
  for (std::size_t position = 0; position < calm.positions.size(); ++position) {
    for (const Verdict verdict : {Verdict::kLost, Verdict::kSaid, Verdict::kDurable}) {
      const bool said = calm.positions[position].kind == Position::Kind::kSaid;
      if (!said && verdict != Verdict::kLost) continue;
      const Outcome crashed =
          run(scenario, options.seed, {}, CrashPlan{position, verdict}, pool);
      search.count(crashed);
      std::optional<std::string> problem;
      if (!crashed.problems.empty()) problem = crashed.problems.front();
      if (!problem && !crashed.plan_struck) {
        problem = "the run took another way before its crash: something in it comes from outside";
      }
      if (!problem && options.same_answers) problem = compare_answers(calm, crashed);
      if (!problem && options.same_journals) problem = compare_journals(calm, crashed);
      if (!problem) continue;
      search.add(crashed, options.seed, describe_crash(calm.positions[position], verdict),
                 *problem);
      if (search.enough()) return search.findings;
    }
  }
  return search.findings;
}

Faults faults_of(Seed seed) {
  SplitMix64 draw(seed.value * 4 + 4);
  Faults faults;
  constexpr std::uint32_t kCrashes[] = {0, 30'000, 100'000, 300'000};
  faults.crash = kCrashes[draw.below(4)];
  faults.most_crashes = 1 + static_cast<std::uint32_t>(draw.below(4));
  if (draw.below(3) == 0) faults.lost_request = 100'000;
  if (draw.below(3) == 0) faults.lost_reply = 100'000;
  if (draw.below(2) == 0) faults.slow_call = 300'000;
  if (draw.below(8) == 0) faults.clock_jump = 50'000;
  faults.impatient = draw.below(2) == 0;
  return faults;
}

Findings simulate(const Scenario& scenario, SimulateOptions options) {
  const auto pool = std::make_shared<native::BatonPool>();
  Search search(std::max<std::size_t>(options.most_findings, 1));
  for (std::uint64_t i = 0; i < options.worlds; ++i) {
    const Seed seed{options.first_seed + i};
    const Outcome outcome = run(scenario, seed, faults_of(seed), std::nullopt, pool);
    search.count(outcome);
    if (outcome.problems.empty()) continue;
    search.add(outcome, seed, {}, outcome.problems.front());
    if (search.enough()) break;
  }
  return search.findings;
}

}  // namespace restate::testing
