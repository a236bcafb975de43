#include "sim/event_queue.h"

#include <vector>

namespace restate::sim {

void EventQueue::remove_of(std::uint32_t node) {
  // Destroying a task may add or remove events, so first they leave the map, then they die.
  std::vector<Task> dropped;
  for (auto at = events_.begin(); at != events_.end();) {
    if (at->second.node == node) {
      dropped.push_back(std::move(at->second.run));
      at = events_.erase(at);
    } else {
      ++at;
    }
  }
}

void EventQueue::clear() {
  while (!events_.empty()) {
    std::map<EventKey, Event> dropped;
    dropped.swap(events_);
  }
}

}  // namespace restate::sim
