// The simulator: runs seeds, each twice if asked, and prints the line that replays a failure.
// usage: sim_scenarios [--seeds N] [--from N] [--twice] [--verbose]

#include "scenario.h"

#include <restate/wire/commands.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

template <std::size_t... Index>
std::vector<std::string> names_of(std::index_sequence<Index...>) {
  using restate::wire::Command;
  return {std::string(restate::wire::command_name(Command(std::in_place_index<Index>)))...};
}

std::vector<std::string> all_commands() {
  return names_of(std::make_index_sequence<std::variant_size_v<restate::wire::Command>>());
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t from = 1, count = 100;
  bool twice = false, verbose = false;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--twice")
      twice = true;
    else if (flag == "--verbose")
      verbose = true;
    else if (i + 1 < argc && flag == "--seeds")
      count = std::strtoull(argv[++i], nullptr, 10);
    else if (i + 1 < argc && flag == "--from")
      from = std::strtoull(argv[++i], nullptr, 10);
    else {
      std::fprintf(stderr, "usage: %s [--seeds N] [--from N] [--twice] [--verbose]\n", argv[0]);
      return 2;
    }
  }
  std::uint64_t passed = 0, failed = 0, events = 0;
  std::map<std::string, std::uint64_t> totals, commands;
  for (std::uint64_t seed = from; seed < from + count; ++seed) {
    sim::Outcome outcome = sim::run_scenario(seed, {});
    if (twice && !outcome.problem) {
      const sim::Outcome again = sim::run_scenario(seed, {});
      if (again.trace != outcome.trace) outcome.problem = "two runs of one seed differ";
    }
    events += outcome.events;
    for (const auto& [name, number] : outcome.counts) totals[name] += number;
    for (const auto& [name, number] : outcome.commands) commands[name] += number;
    if (outcome.problem) {
      ++failed;
      std::printf("FAILED seed %llu: %s\n  replay: %s --from %llu --seeds 1\n",
                  static_cast<unsigned long long>(seed), outcome.problem->c_str(), argv[0],
                  static_cast<unsigned long long>(seed));
      std::fflush(stdout);
      if (failed >= 10) break;
    } else {
      ++passed;
      if (verbose) {
        std::printf("ok seed %llu, %llu events, trace %016llx\n",
                    static_cast<unsigned long long>(seed),
                    static_cast<unsigned long long>(outcome.events),
                    static_cast<unsigned long long>(outcome.trace));
        std::fflush(stdout);
      }
    }
  }
  std::printf("%-40s %12s\n", "what happened", "times");
  int unseen = 0;
  for (const auto& [name, number] : totals) {
    std::printf("%-40s %12llu\n", name.c_str(), static_cast<unsigned long long>(number));
    if (number == 0) ++unseen;
  }
  std::printf("%-40s %12s\n", "command in the logs", "records");
  for (const std::string& name : all_commands()) {
    std::printf("%-40s %12llu\n", name.c_str(), static_cast<unsigned long long>(commands[name]));
    if (commands[name] == 0) ++unseen;
  }
  // A fault or an operation that never happens tests nothing.
  if (count >= 200 && unseen > 0) {
    std::printf("%d of these never happened\n", unseen);
    ++failed;
  }
  std::printf("%llu events\n%llu passed, %llu failed\n", static_cast<unsigned long long>(events),
              static_cast<unsigned long long>(passed), static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
