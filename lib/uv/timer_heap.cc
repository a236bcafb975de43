#include "uv/timer_heap.h"

namespace restate::uv {

void TimerHeap::arm(Entry& entry, Instant at) {
  entry.at = at;
  entry.sequence = next_sequence_++;
  if (entry.index == kOut) {
    entry.index = heap_.size();
    heap_.push_back(&entry);
  }
  // One of the two does nothing.
  sift_up(entry.index);
  sift_down(entry.index);
}

void TimerHeap::remove(Entry& entry) {
  if (entry.index == kOut) return;
  const std::size_t hole = entry.index;
  Entry* last = heap_.back();
  heap_.pop_back();
  entry.index = kOut;
  if (last == &entry) return;
  place(last, hole);
  sift_up(hole);
  sift_down(last->index);
}

void TimerHeap::clear() {
  for (Entry* entry : heap_) entry->index = kOut;
  heap_.clear();
}

void TimerHeap::place(Entry* entry, std::size_t index) {
  heap_[index] = entry;
  entry->index = index;
}

void TimerHeap::sift_up(std::size_t index) {
  Entry* entry = heap_[index];
  while (index > 0) {
    const std::size_t parent = (index - 1) / 2;
    if (!before(*entry, *heap_[parent])) break;
    place(heap_[parent], index);
    index = parent;
  }
  place(entry, index);
}

void TimerHeap::sift_down(std::size_t index) {
  Entry* entry = heap_[index];
  for (;;) {
    std::size_t child = 2 * index + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && before(*heap_[child + 1], *heap_[child])) ++child;
    if (!before(*heap_[child], *entry)) break;
    place(heap_[child], index);
    index = child;
  }
  place(entry, index);
}

}  // namespace restate::uv
