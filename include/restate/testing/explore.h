#pragma once

/// \file
/// Looks for the one crash that a handler does not survive: at every place of its journal in turn, or
/// in thousands of worlds in which anything may go wrong.

#include <restate/testing/trial.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#pragma GCC visibility push(default)

namespace restate::testing {

/// What happens in one trial: a model of the outside, an `Application`, requests, and checks of what
/// must hold in the end. Runs once per world, so everything it uses is made inside.
using Scenario = std::function<void(Trial&)>;

/// A world in which something that must hold did not.
struct Finding {
  Seed seed;            ///< of its world
  std::string crash;    ///< where the explorer let the process die; empty: it did not
  std::string problem;  ///< what was wrong first
  std::string story;    ///< how it came to that
};

/// What an exploration, or a simulation, came to.
struct Findings {
  std::uint64_t worlds = 0;    ///< that were run
  std::uint64_t crashes = 0;   ///< that happened in them
  std::vector<Finding> found;  ///< in the order of the worlds

  bool none() const { return found.empty(); }  ///< nothing was wrong
  /// For people: the figures, and each finding with its story.
  std::string str() const;
};

/// What is looked at.
struct ExploreOptions {
  Seed seed{1};  ///< of every world of the exploration
  /// Requests must be answered as they are without a crash.
  bool same_answers = true;
  /// Journals must have the same commands as without a crash.
  bool same_journals = true;
  std::size_t most_findings = 1;  ///< then it stops
};

/// Runs `scenario` without a crash, twice, and then once for each place where a crash matters: each
/// thing a handler tells the engine is lost with the process, or was just written, or is durable and
/// unheard; each thing the engine tells it never arrives. A step's result that is lost is the crash
/// between a side effect and its record.
///
/// Beside the checks of the scenario, answers and journals must be those of the run without a crash.
Findings explore(const Scenario& scenario, ExploreOptions options = {});

/// How many worlds, and which.
struct SimulateOptions {
  std::uint64_t first_seed = 1;   ///< the others follow
  std::uint64_t worlds = 500;     ///< at most
  std::size_t most_findings = 1;  ///< then it stops
};

/// The faults of a seed: crashes, lost, doubled and slow calls, jumps of the clock; not all of them
/// in every world.
Faults faults_of(Seed seed);

/// Runs `scenario` in one world per seed, each with the faults of its seed. A finding names its seed:
/// with that as `first_seed` it is the first world again.
Findings simulate(const Scenario& scenario, SimulateOptions options = {});

}  // namespace restate::testing

#pragma GCC visibility pop
