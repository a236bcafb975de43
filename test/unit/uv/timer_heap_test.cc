#include "uv/timer_heap.h"

#include "runtime/split_mix.h"
#include "support/catch.h"

#include <map>
#include <utility>
#include <vector>

using restate::Instant, restate::SplitMix64, restate::uv::TimerHeap;

TEST_CASE("the heap agrees with a sorted map under random use", "[uv][timer]") {
  const auto seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  SplitMix64 random(seed);
  TimerHeap heap;
  std::vector<TimerHeap::Entry> entries(64);
  std::map<std::pair<std::int64_t, std::uint64_t>, TimerHeap::Entry*> model;
  const auto forget = [&](TimerHeap::Entry& entry) {
    if (entry.index != TimerHeap::kOut) model.erase({entry.at.ns, entry.sequence});
  };

  for (int step = 0; step < 5000; ++step) {
    TimerHeap::Entry& entry = entries[random.below(entries.size())];
    if (random.below(3) == 0) {
      forget(entry);
      heap.remove(entry);
    } else {
      forget(entry);
      heap.arm(entry, Instant{static_cast<std::int64_t>(random.below(50))});
      model[{entry.at.ns, entry.sequence}] = &entry;
    }
    REQUIRE(heap.empty() == model.empty());
    if (!model.empty()) REQUIRE(heap.top() == model.begin()->second);
  }
  while (!heap.empty()) {
    REQUIRE(heap.top() == model.begin()->second);
    model.erase(model.begin());
    heap.remove(*heap.top());
  }
  CHECK(model.empty());
}

TEST_CASE("a cleared heap leaves its entries free", "[uv][timer]") {
  TimerHeap heap;
  TimerHeap::Entry entry;
  heap.arm(entry, Instant{5});
  heap.clear();
  CHECK(heap.empty());
  heap.remove(entry);
  heap.arm(entry, Instant{7});
  CHECK(heap.top() == &entry);
}
