#pragma once

// One run of the simulator: an engine, a deployment and clients in a world of their own, faults by
// seed, and checks of everything that must hold.

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace sim {

struct ScenarioOptions {
  std::uint32_t clients = 3;
  std::uint32_t operations = 6;
  std::uint16_t partitions = 3;
  std::uint32_t max_crashes = 3;
};

struct Outcome {
  std::uint64_t trace = 0;
  std::uint64_t events = 0;
  std::optional<std::string> problem;
  std::map<std::string, std::uint64_t> counts;    ///< operations and faults
  std::map<std::string, std::uint64_t> commands;  ///< records of the logs
};

Outcome run_scenario(std::uint64_t seed, const ScenarioOptions& options);

}  // namespace sim
