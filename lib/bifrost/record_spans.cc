#include "bifrost/record_spans.h"

#include "bifrost/limits.h"

#include <restate/assert.h>

#include <algorithm>

namespace restate::bifrost {

std::size_t weight(const Record& record) {
  const std::size_t bytes = sizeof(Record) + record.body.size();
  // What it was made from may be held apart from what it was encoded to.
  return record.decoded ? bytes + kDecodedBytes + record.body.size() : bytes;
}

std::size_t weight(const RecordBatch& batch) {
  std::size_t bytes = 0;
  for (const Record& record : batch) bytes += weight(record);
  return bytes;
}

void RecordSpans::push(LogletOffset first, SharedBatch batch) {
  RESTATE_ASSERT(spans_.empty() || spans_.back().end() == first.value,
                 "a batch does not follow the one before it");
  const std::size_t bytes = weight(*batch);
  bytes_ += bytes;
  spans_.push_back({first.value, std::move(batch), bytes});
}

std::span<const Record> RecordSpans::find(LogletOffset from) const {
  // Readers follow the tail closely: what they want is nearly always in the last batch.
  auto after = spans_.end();
  if (!spans_.empty() && from.value < spans_.back().first) {
    after = std::upper_bound(
        spans_.begin(), spans_.end(), from.value,
        [](std::uint64_t offset, const Span& span) { return offset < span.first; });
  }
  if (after == spans_.begin()) return {};
  const Span& span = *std::prev(after);
  if (from.value >= span.end()) return {};
  return std::span(*span.batch).subspan(from.value - span.first);
}

void RecordSpans::shrink(std::size_t bytes) {
  while (bytes_ > bytes && spans_.size() > 1) drop_front();
}

void RecordSpans::clear_above(std::size_t bytes) {
  while (bytes_ > bytes) drop_front();
}

void RecordSpans::trim(LogletOffset upto) {
  while (!spans_.empty() && spans_.front().end() <= std::uint64_t{upto.value} + 1) drop_front();
}

void RecordSpans::drop_front() {
  bytes_ -= spans_.front().bytes;
  spans_.pop_front();
}

}  // namespace restate::bifrost
