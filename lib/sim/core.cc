#include "sim/core.h"

#include <bit>

namespace restate::sim {

Core::Core(testing::Seed seed, Logger& logger)
    : seed_(seed), logger_(logger), random_(seed.value), fault_random_(random_.fork()) {}

Duration Core::between(Duration shortest, Duration longest) {
  const auto spread = static_cast<std::uint64_t>((longest - shortest).count());
  return shortest + Duration(static_cast<std::int64_t>(random_.below(spread + 1)));
}

EventKey Core::schedule(Instant at, std::uint32_t node, Task task) {
  return queue_.add(at < now_ ? now_ : at, random_.next(), {node, std::move(task)});
}

bool Core::step(Instant limit) {
  RESTATE_ASSERT(!running_event_, "the world was run from inside one of its events");
  if (queue_.empty() || limit < queue_.next_at()) return false;
  {
    auto [key, event] = queue_.pop();
    now_ = key.at;
    ++events_run_;
    mix(static_cast<std::uint64_t>(key.at.ns));
    mix(key.sequence << 8 ^ event.node);
    running_event_ = true;
    event.run();
  }
  running_event_ = false;
  while (!after_event_.empty()) {
    std::vector<Task> tasks;
    tasks.swap(after_event_);
    for (Task& task : tasks) task();
  }
  return true;
}

void Core::advance_to(Instant at) {
  if (now_ < at) now_ = at;
}

void Core::after_this_event(Task task) {
  if (running_event_) {
    after_event_.push_back(std::move(task));
  } else {
    task();
  }
}

bool Core::fault(std::string_view name) {
  std::string key(name);
  auto chance = fault_chances_.find(key);
  if (chance == fault_chances_.end()) chance = fault_chances_.find("");
  testing::FaultCount& count = counts_[std::move(key)];
  ++count.asked;
  if (chance == fault_chances_.end() || chance->second == 0) return false;
  if (fault_random_.below(1000000) >= chance->second) return false;
  ++count.fired;
  mix(count.fired);
  return true;
}

void Core::set_fault(const std::string& name, std::uint32_t per_million) {
  fault_chances_[name] = per_million;
}

void Core::mix(std::uint64_t value) {
  trace_ = std::rotl((trace_ ^ value) * 0x9e3779b97f4a7c15, 29);
}

}  // namespace restate::sim
