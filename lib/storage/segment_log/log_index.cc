#include "storage/segment_log/log_index.h"

#include <restate/assert.h>

#include <algorithm>

namespace restate::storage {
namespace {

// Neighbours are joined up to this size: one read of the disk, and one buffer that its records keep
// alive.
constexpr std::size_t kMaxExtent = 64 * 1024;

}  // namespace

std::deque<Extent>::const_iterator LogletIndex::find(std::uint32_t offset) const {
  auto behind = std::upper_bound(
      extents.begin(), extents.end(), offset,
      [](std::uint32_t wanted, const Extent& extent) { return wanted < extent.first; });
  RESTATE_ASSERT(behind != extents.begin(), "no extent holds this offset");
  return std::prev(behind);
}

const LogletIndex* LogIndex::find(LogletKey key) const {
  auto found = loglets_.find(key);
  return found == loglets_.end() ? nullptr : &found->second;
}

LogletState LogIndex::state(LogletKey key) const {
  const LogletIndex* loglet = find(key);
  return loglet == nullptr ? LogletState{} : loglet->state;
}

void LogIndex::add(const Records& records) {
  LogletIndex& loglet = loglets_[records.loglet];
  RESTATE_ASSERT(records.first == loglet.state.next, "records must continue the loglet");
  loglet.state.next += records.count;
  if (!loglet.extents.empty()) {
    Extent& last = loglet.extents.back();
    if (last.segment == records.segment && last.position() + last.size == records.position &&
        last.size + records.size <= kMaxExtent) {
      last.size += static_cast<std::uint32_t>(records.size);
      return;
    }
  }
  loglet.extents.push_back({records.first, records.segment,
                            static_cast<std::uint32_t>(records.position / 8),
                            static_cast<std::uint32_t>(records.size)});
  ++live_[records.segment];
}

void LogIndex::seal(LogletKey key) { loglets_[key].state.sealed = true; }

void LogIndex::trim(LogletKey key, std::uint32_t upto) {
  LogletIndex& loglet = loglets_[key];
  loglet.state.trim_point = std::max(loglet.state.trim_point, upto);
  while (!loglet.extents.empty()) {
    const std::uint32_t end =
        loglet.extents.size() > 1 ? loglet.extents[1].first : loglet.state.next;
    if (end > loglet.state.trim_point + 1) return;
    drop_front(loglet);
  }
}

void LogIndex::remove(LogletKey key) {
  auto found = loglets_.find(key);
  if (found == loglets_.end()) return;
  drop_all(found->second);
  loglets_.erase(found);
}

void LogIndex::skip_to(LogletKey key, const LogletState& state) {
  LogletIndex& loglet = loglets_[key];
  if (state.next != loglet.state.next) {
    // Seen less: segments in between were given back. Seen more: so was the one in which the loglet
    // was removed, before somebody began it anew.
    drop_all(loglet);
    loglet.missing_upto = state.next - 1;
    loglet.state = {state.next, 0, false};
  }
  loglet.state.sealed = state.sealed;
  trim(key, state.trim_point);
}

void LogIndex::keep_only(const std::vector<LogletKey>& keys) {
  for (auto at = loglets_.begin(); at != loglets_.end();) {
    if (std::binary_search(keys.begin(), keys.end(), at->first)) {
      ++at;
      continue;
    }
    drop_all(at->second);
    at = loglets_.erase(at);
  }
}

std::uint32_t LogIndex::live(std::uint32_t segment) const {
  auto found = live_.find(segment);
  return found == live_.end() ? 0 : found->second;
}

void LogIndex::drop_front(LogletIndex& loglet) {
  auto live = live_.find(loglet.extents.front().segment);
  if (--live->second == 0) live_.erase(live);
  loglet.extents.pop_front();
}

void LogIndex::drop_all(LogletIndex& loglet) {
  while (!loglet.extents.empty()) drop_front(loglet);
}

}  // namespace restate::storage
