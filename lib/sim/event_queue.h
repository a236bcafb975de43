#pragma once

/// \file
/// What will happen in a simulated world, in order of virtual time; events of one instant go by a
/// seeded coin.

#include <restate/runtime.h>

#include <compare>
#include <cstdint>
#include <map>
#include <optional>

namespace restate::sim {

/// Who an event belongs to: a crash drops the events of its node.
inline constexpr std::uint32_t kNoNode = UINT32_MAX;

struct EventKey {
  Instant at;
  std::uint64_t coin = 0;
  std::uint64_t sequence = 0;
  auto operator<=>(const EventKey&) const = default;
};

struct Event {
  std::uint32_t node = kNoNode;
  Task run;
};

class EventQueue {
 public:
  EventKey add(Instant at, std::uint64_t coin, Event event) {
    const EventKey key{at, coin, ++sequence_};
    events_.emplace(key, std::move(event));
    return key;
  }
  /// Keys of events that have run are ignored.
  void remove(const EventKey& key) { events_.erase(key); }
  void remove_of(std::uint32_t node);
  void clear();

  bool empty() const { return events_.empty(); }
  Instant next_at() const { return events_.begin()->first.at; }
  std::pair<EventKey, Event> pop() {
    auto first = events_.extract(events_.begin());
    return {first.key(), std::move(first.mapped())};
  }

 private:
  std::map<EventKey, Event> events_;
  std::uint64_t sequence_ = 0;
};

}  // namespace restate::sim
