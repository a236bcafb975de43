#include "runtime/split_mix.h"
#include "storage/memory/image.h"

#include <algorithm>

namespace restate::storage {
namespace {

// More crash points than this only cost memory: what a crash takes is a suffix either way.
constexpr std::size_t kMaxCrashPoints = 512;

}  // namespace

void SpaceImage::commit(const Batch& batch, Position position, bool crashes) {
  for (const Batch::Operation& op : batch.operations()) {
    if (op.erase) {
      rows.erase(batch.key(op));
    } else {
      rows.put(batch.key(op), batch.value(op));
    }
  }
  committed = position;
  if (!crashes) {
    durable = {position, RowTree(), 0};
    return;
  }
  unflushed.push_back({position, rows, batch.bytes()});
  if (unflushed.size() <= kMaxCrashPoints) return;
  std::deque<Version> kept;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < unflushed.size(); ++i) {
    bytes += unflushed[i].bytes;
    if (i % 2 == 0 && i + 1 != unflushed.size()) continue;
    kept.push_back(std::move(unflushed[i]));
    kept.back().bytes = std::exchange(bytes, 0);
  }
  unflushed = std::move(kept);
}

void SpaceImage::flushed(Position upto) {
  while (!unflushed.empty() && unflushed.front().position <= upto) {
    durable = std::move(unflushed.front());
    unflushed.pop_front();
  }
}

void SpaceImage::crash(Random& random) {
  const std::uint64_t survivors = random.below(unflushed.size() + 1);
  if (survivors > 0) durable = std::move(unflushed[survivors - 1]);
  unflushed.clear();
  rows = durable.rows;
  committed = durable.position;
  open = false;
}

void LogImage::synced() {
  LogChange change = std::move(unsynced.front());
  unsynced.pop_front();
  LogletImage& loglet = loglets[change.loglet];
  switch (change.kind) {
    case LogChange::Kind::kAppend:
      loglet.durable.next += static_cast<std::uint32_t>(change.records.size());
      for (Bytes& record : change.records) loglet.records.push_back(std::move(record));
      return;
    case LogChange::Kind::kSeal:
      loglet.durable.sealed = true;
      return;
    case LogChange::Kind::kTrim:
      while (loglet.durable.trim_point < change.upto) {
        ++loglet.durable.trim_point;
        loglet.corrupt.erase(loglet.durable.trim_point);
        loglet.records.pop_front();
      }
      return;
    case LogChange::Kind::kRemove:
      loglet.durable = {};
      loglet.records.clear();
      loglet.corrupt.clear();
      // Somebody may be writing to it anew already.
      if (loglet.accepted == loglet.durable) loglets.erase(change.loglet);
      return;
  }
  RESTATE_UNREACHABLE();
}

void LogImage::crash(Random& random) {
  std::uint64_t survivors = random.below(unsynced.size() + 1);
  if (survivors < unsynced.size() && unsynced[survivors].records.size() > 1) {
    // The last write was cut in the middle of an append: its first records may be there.
    LogChange& change = unsynced[survivors];
    change.records.resize(random.below(change.records.size()));
    ++survivors;
  }
  unsynced.resize(survivors);
  while (!unsynced.empty()) synced();
  for (auto& [key, loglet] : loglets) loglet.accepted = loglet.durable;
}

Result<void> MemoryDisk::Image::sync(std::string_view what) {
  const bool strikes = failing_sync > 0 && --failing_sync == 0;
  if (full || strikes) {
    return Error{Code::kFailed,
                 std::string(what) + (full ? ": the disk is full" : ": the disk does not answer")};
  }
  ++syncs;
  return {};
}

Duration MemoryDisk::Image::sync_time(Random& random) const {
  const auto spread = static_cast<std::uint64_t>((options.sync_max - options.sync_min).count());
  if (options.sync_max.count() == 0) return Duration{0};
  return options.sync_min + Duration(static_cast<std::int64_t>(random.below(spread + 1)));
}

MemoryDisk::MemoryDisk(MemoryDiskOptions options) : image_(std::make_shared<Image>()) {
  image_->options = options;
}

MemoryDisk::~MemoryDisk() = default;

void MemoryDisk::crash(std::uint64_t seed) {
  const std::lock_guard lock(image_->mutex);
  SplitMix64 random(seed);
  for (auto& [partition, space] : image_->spaces) {
    if (image_->options.crashes) space->crash(random);
  }
  image_->log.crash(random);
  image_->full = false;
  image_->failing_sync = 0;
}

bool MemoryDisk::corrupt(LogletKey loglet, std::uint32_t offset) {
  const std::lock_guard lock(image_->mutex);
  auto found = image_->log.loglets.find(loglet);
  if (found == image_->log.loglets.end()) return false;
  const LogletState& state = found->second.durable;
  if (offset <= state.trim_point || offset >= state.next) return false;
  found->second.corrupt.insert(offset);
  return true;
}

void MemoryDisk::fail_sync(std::uint32_t nth) {
  const std::lock_guard lock(image_->mutex);
  image_->failing_sync = nth;
}

void MemoryDisk::set_full(bool full) {
  const std::lock_guard lock(image_->mutex);
  image_->full = full;
}

void MemoryDisk::set_sync_time(Duration min, Duration max) {
  const std::lock_guard lock(image_->mutex);
  image_->options.sync_min = min;
  image_->options.sync_max = std::max(min, max);
}

std::uint64_t MemoryDisk::syncs() const {
  const std::lock_guard lock(image_->mutex);
  return image_->syncs;
}

}  // namespace restate::storage
