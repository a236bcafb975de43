#pragma once

/// \file
/// What all parts of a simulated world share: time, chance, the event queue and the trace.

#include "runtime/split_mix.h"
#include "sim/event_queue.h"

#include <restate/testing/world.h>

#include <map>
#include <string>
#include <vector>

namespace restate::sim {

class Core {
 public:
  Core(testing::Seed seed, Logger& logger);

  testing::Seed seed() const { return seed_; }
  Logger& logger() { return logger_; }
  Instant now() const { return now_; }
  SplitMix64& random() { return random_; }
  /// Uniform in [shortest, longest].
  Duration between(Duration shortest, Duration longest);

  EventKey schedule(Instant at, std::uint32_t node, Task task);
  EventQueue& queue() { return queue_; }

  /// Runs the next event if it is due by `limit`; what was asked for `after_this_event` follows.
  bool step(Instant limit);
  /// Time passes without an event.
  void advance_to(Instant at);
  /// At once, or after the event that is running.
  void after_this_event(Task task);

  bool fault(std::string_view name);
  void set_fault(const std::string& name, std::uint32_t per_million);
  const std::map<std::string, testing::FaultCount>& fault_counts() const { return counts_; }

  void mix(std::uint64_t value);
  std::uint64_t trace_hash() const { return trace_; }
  std::uint64_t events_run() const { return events_run_; }

 private:
  const testing::Seed seed_;
  Logger& logger_;
  SplitMix64 random_;
  SplitMix64 fault_random_;
  Instant now_;
  EventQueue queue_;
  bool running_event_ = false;
  std::vector<Task> after_event_;
  std::map<std::string, std::uint32_t> fault_chances_;
  std::map<std::string, testing::FaultCount> counts_;
  std::uint64_t trace_ = 0xcbf29ce484222325;
  std::uint64_t events_run_ = 0;
};

}  // namespace restate::sim
