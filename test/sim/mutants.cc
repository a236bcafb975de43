// Proves that the simulator has teeth: plants one bug after the other and runs seeds until one of
// them fails. A bug that survives says that a workload or a checker is missing.
// usage: sim_mutants [--seeds N] [--only NAME] [--list]

#include "scenario.h"

#include <restate/testing/mutation.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

// Every name stands in exactly one RESTATE_MUTATION in lib/.
constexpr const char* kMutations[] = {
    "bifrost/appends-behind-a-refused-one",
    "bifrost/catch-up-skips-a-record",
    "ingress/kafka-offset-too-far",
    "ingress/kafka-without-dedup",
    "ingress/scope-not-in-the-key",
    "invoker/memory-waiter-forgotten",
    "invoker/retry-before-stored",
    "invoker/scope-not-in-the-key",
    "partition/applied-lsn-not-in-batch",
    "partition/dedup-accepts-equal",
    "partition/dedup-mark-not-stored",
    "partition/delayed-send-at-once",
    "partition/delayed-send-never",
    "partition/end-not-told",
    "partition/first-waiter-only",
    "partition/inbox-out-of-order",
    "partition/incarnation-not-checked",
    "partition/journal-length-not-advanced",
    "partition/journal-not-erased",
    "partition/kill-spares-children",
    "partition/lock-not-released",
    "partition/old-leader-not-fenced",
    "partition/outbox-truncated-too-far",
    "partition/permit-not-returned",
    "partition/promise-listener-forgotten",
    "partition/response-sink-dropped",
    "partition/rule-book-not-stored",
    "partition/self-dedup-accepts-equal",
    "partition/sleep-completion-dropped",
    "partition/start-told-again",
    "partition/state-mutation-lost",
    "partition/state-not-erased",
    "partition/suspended-not-resumed",
    "partition/suspends-on-what-arrived",
    "partition/taken-id-runs-again",
    "partition/timer-row-kept",
    "storage/durable-too-early",
    "storage/log-sync-skipped",
    "worker/actions-before-commit",
    "worker/attempts-not-restarted",
    "worker/blocked-group-forgotten",
    "worker/effects-of-another-life",
    "worker/lost-ingestion-acknowledged",
    "worker/parked-requests-forgotten",
    "worker/permit-too-many",
    "worker/proposals-reordered",
    "worker/queue-scan-skips-a-row",
    "worker/reader-never-resumes",
    "worker/reader-skips-a-record",
    "worker/rules-not-proposed",
    "worker/running-not-taken-back",
    "worker/start-scan-skips-a-row",
    "worker/timer-fires-early",
    "worker/timers-not-loaded",
    "worker/trims-beyond-durable",
    "worker/unloaded-timers-forgotten",
    "worker/waiters-not-loaded",
};

/// So many pass without a planted bug before the first one is planted.
constexpr std::uint64_t kSoundSeeds = 100;

/// A seed that takes longer than this hangs; sound ones take milliseconds.
constexpr unsigned kSecondsPerSeed = 60;

struct Verdict {
  bool caught = false;
  unsigned long long seed = 0;
  unsigned long long hits = 0;  ///< how often the last seed came by the planted bug
  std::string how;
};

/// In the child; null plants nothing. What it has to say goes through the pipe, line by line.
void run_seeds(const char* mutation, std::uint64_t seeds, std::FILE* report) {
  std::uint64_t hits = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    std::fprintf(report, "seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(report);
    alarm(kSecondsPerSeed);
    restate::testing::set_mutation(mutation);
    const sim::Outcome outcome = sim::run_scenario(seed, {});
    hits += restate::testing::mutation_hits();
    if (outcome.problem) {
      std::string text = *outcome.problem;
      for (char& c : text) {
        if (c == '\n') c = ' ';
      }
      std::fprintf(report, "problem %s\n", text.c_str());
      break;
    }
  }
  std::fprintf(report, "hits %llu\n", static_cast<unsigned long long>(hits));
  std::fflush(report);
}

Verdict judge(const char* mutation, std::uint64_t seeds) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::fflush(stdout);
  const pid_t child = fork();
  if (child < 0) std::abort();
  if (child == 0) {
    close(ends[0]);
    dup2(ends[1], STDERR_FILENO);  // an assertion speaks there before it aborts
    run_seeds(mutation, seeds, fdopen(ends[1], "w"));
    _exit(0);
  }
  close(ends[1]);
  Verdict verdict;
  std::string error;
  std::FILE* report = fdopen(ends[0], "r");
  char buffer[4096];
  while (std::fgets(buffer, sizeof buffer, report) != nullptr) {
    std::string line = buffer;
    if (line.ends_with('\n')) line.pop_back();
    if (line.starts_with("seed ")) {
      verdict.seed = std::strtoull(line.c_str() + 5, nullptr, 10);
    } else if (line.starts_with("hits ")) {
      verdict.hits = std::strtoull(line.c_str() + 5, nullptr, 10);
    } else if (line.starts_with("problem ")) {
      verdict.caught = true;
      verdict.how = line.substr(8);
    } else if (error.empty()) {
      error = line;
    }
  }
  std::fclose(report);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) {
    verdict.caught = true;
    verdict.how = WTERMSIG(status) == SIGALRM ? "hangs" : "aborts: " + error;
  } else if (WEXITSTATUS(status) != 0) {
    verdict.caught = true;
    verdict.how = "exits: " + error;
  }
  return verdict;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 1000;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--list") {
      for (const char* name : kMutations) std::printf("%s\n", name);
      return 0;
    }
    if (i + 1 < argc && flag == "--seeds")
      seeds = std::strtoull(argv[++i], nullptr, 10);
    else if (i + 1 < argc && flag == "--only")
      only = argv[++i];
    else {
      std::fprintf(stderr, "usage: %s [--seeds N] [--only NAME] [--list]\n", argv[0]);
      return 2;
    }
  }
  // What fails without a planted bug proves nothing with one.
  if (const Verdict sound = judge(nullptr, kSoundSeeds); sound.caught) {
    std::printf("seed %llu fails without a planted bug: %s\n", sound.seed, sound.how.c_str());
    return 1;
  }
  int survivors = 0, run = 0;
  std::printf("%-44s %8s  %s\n", "mutation", "seed", "how it was caught");
  for (const char* name : kMutations) {
    if (!only.empty() && only != name) continue;
    ++run;
    const Verdict verdict = judge(name, seeds);
    if (verdict.caught) {
      std::printf("%-44s %8llu  %s\n", name, verdict.seed, verdict.how.substr(0, 140).c_str());
    } else {
      ++survivors;
      std::printf("%-44s %8s  SURVIVED %llu seeds, reached %llu times\n", name, "-", verdict.seed,
                  verdict.hits);
    }
    std::fflush(stdout);
  }
  std::printf("%d mutations, %d survived\n", run, survivors);
  return survivors == 0 && run > 0 ? 0 : 1;
}
