#include <restate/bifrost/chain.h>

#include <algorithm>

namespace restate::bifrost {
namespace {

Error moved(SegmentIndex expected, SegmentIndex found) {
  return Error{Code::kFailedPrecondition, "the last segment is " + std::to_string(found.value) +
                                              ", expected " + std::to_string(expected.value)};
}

Error conflict(Lsn base, const Segment& last) {
  return Error{Code::kInvalidArgument, "a segment cannot begin at " + std::to_string(base.value) +
                                           ": the last one begins at " +
                                           std::to_string(last.base.value)};
}

}  // namespace

LogletOffset Segment::offset_of(Lsn lsn) const {
  RESTATE_ASSERT(lsn >= base, "a position before the segment has no offset in it");
  const std::uint64_t offset = lsn.value - base.value;
  return {offset >= UINT32_MAX ? UINT32_MAX : static_cast<std::uint32_t>(offset + 1)};
}

Chain Chain::make(std::string kind, std::string params,
                  std::optional<metadata::HybridTime> created_at) {
  return Chain{{Segment{kOldestLsn, SegmentIndex{0}, std::move(kind), std::move(params), created_at}}};
}

Result<void> Chain::check() const {
  if (segments.empty()) return Error{Code::kCorrupt, "a chain without segments"};
  if (segments.front().base < kOldestLsn) return Error{Code::kCorrupt, "a segment that begins at 0"};
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const Segment& segment = segments[i];
    if (segment.is_marker() && i + 1 != segments.size()) {
      return Error{Code::kCorrupt, "a seal marker inside a chain"};
    }
    if (i == 0) continue;
    const Segment& before = segments[i - 1];
    const bool index_grows =
        segment.is_marker() ? segment.index >= before.index : segment.index > before.index;
    if (segment.base <= before.base || !index_grows) {
      return Error{Code::kCorrupt,
                   "segment " + std::to_string(segment.index.value) + " is out of order"};
    }
  }
  return {};
}

SegmentView Chain::find(Lsn lsn) const {
  for (std::size_t i = segments.size(); i-- > 0;) {
    if (segments[i].base > lsn) continue;
    SegmentView view{&segments[i], std::nullopt};
    if (i + 1 < segments.size()) view.end = segments[i + 1].base;
    return view;
  }
  return {};
}

SegmentView Chain::find(SegmentIndex index) const {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (segments[i].index != index || segments[i].is_marker()) continue;
    SegmentView view{&segments[i], std::nullopt};
    if (i + 1 < segments.size()) view.end = segments[i + 1].base;
    return view;
  }
  return {};
}

Result<SegmentIndex> Chain::extend(SegmentIndex expected, Lsn base, std::string kind,
                                   std::string params,
                                   std::optional<metadata::HybridTime> created_at) {
  const Segment& tail = last();
  if (tail.index != expected) return moved(expected, tail.index);
  const bool misses_marker = tail.is_marker() && base != tail.base;
  if (base < tail.base || misses_marker) return conflict(base, tail);
  if (tail.is_marker() && SealMarker::parse(tail.params).permanent) {
    return Error{Code::kFailedPrecondition, "the log is sealed for good"};
  }
  const SegmentIndex index{tail.index.value + 1};
  // The marker, and a segment that never got a record, give way.
  if (base == tail.base) segments.pop_back();
  segments.push_back({base, index, std::move(kind), std::move(params), created_at});
  return index;
}

Result<Lsn> Chain::seal(SegmentIndex expected, Lsn tail, const SealMarker& marker) {
  if (last().index != expected) return moved(expected, last().index);
  if (last().is_marker()) return last().base;
  if (tail < last().base) return conflict(tail, last());
  if (tail == last().base) segments.pop_back();
  segments.push_back({tail, expected, kSealMarkerKind, marker.to_params(), std::nullopt});
  return tail;
}

std::vector<Segment> Chain::trim_prefix(Lsn until) {
  std::size_t count = 0;
  while (count + 1 < segments.size() && segments[count + 1].base.prev() <= until) ++count;
  const auto end = segments.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Segment> dropped(segments.begin(), end);
  segments.erase(segments.begin(), end);
  return dropped;
}

}  // namespace restate::bifrost
