#include "partition/machine/live.h"

#include <algorithm>

namespace restate::partition {

namespace {

auto lower(const std::vector<Announced>& rows, std::uint32_t completion) {
  return std::lower_bound(
      rows.begin(), rows.end(), completion,
      [](const Announced& row, std::uint32_t wanted) { return row.completion < wanted; });
}

auto lower(const std::vector<Arrival>& rows, const wire::NotificationId& id) {
  return std::lower_bound(
      rows.begin(), rows.end(), id,
      [](const Arrival& row, const wire::NotificationId& wanted) { return row.id < wanted; });
}

/// Ids of the next decades that begin with a time; of those that are hashes, one in 64 looks the same.
bool begins_with_time(const Uuid& uuid) { return uuid.bytes[0] < 0x04; }

/// Behind all of them.
Uuid end_of_time() {
  Uuid end;
  end.bytes[0] = 0x04;
  return end;
}

}  // namespace

const Announced* Live::find_announced(std::uint32_t completion) const {
  const auto at = lower(announced, completion);
  return at != announced.end() && at->completion == completion ? &*at : nullptr;
}

const Arrival* Live::find_arrival(const wire::NotificationId& notification) const {
  const auto at = lower(arrivals, notification);
  return at != arrivals.end() && at->id == notification ? &*at : nullptr;
}

void Live::insert(const Announced& row) {
  const auto at = lower(announced, row.completion);
  if (at == announced.end() || at->completion != row.completion) {
    announced.insert(at, row);
  } else {
    announced[static_cast<std::size_t>(at - announced.begin())] = row;
  }
}

void Live::insert(Arrival row) {
  const auto at = lower(arrivals, row.id);
  if (at == arrivals.end() || at->id != row.id) {
    arrivals.insert(at, std::move(row));
  } else {
    arrivals[static_cast<std::size_t>(at - arrivals.begin())] = std::move(row);
  }
}

Result<Live*> Invocations::find(const InvocationId& id) {
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) {
    Live& live = *found->second;
    by_use_.splice(by_use_.begin(), by_use_, found->second);
    return live.exists ? &live : nullptr;
  }
  RESTATE_TRY(const bool latest, is_latest(id));
  if (latest) return nullptr;
  RESTATE_TRY(auto status, rows_.find_invocation(id));
  if (!status) return nullptr;
  Live& live = by_use_.emplace_front();
  by_id_.emplace(id, by_use_.begin());
  live.id = id;
  live.exists = true;
  live.stored = true;
  live.status = std::move(*status);
  weigh(live);
  return &live;
}

Result<bool> Invocations::is_latest(const InvocationId& id) {
  if (!begins_with_time(id.uuid)) return false;
  Newest& newest = newest_[id.key.value];
  if (newest.known) return newest.uuid < id.uuid;
  if (++newest.asked < kNewestAfter) return false;
  RESTATE_TRY(const auto stored, rows_.find_last_uuid(id.key, end_of_time()));
  if (stored) newest.uuid = *stored;
  // Those of this batch are in no row yet.
  for (const Live* live : touched_) {
    const bool counts = live->id.key == id.key && begins_with_time(live->id.uuid);
    if (counts && newest.uuid < live->id.uuid) newest.uuid = live->id.uuid;
  }
  newest.known = true;
  return newest.uuid < id.uuid;
}

Live& Invocations::create(const InvocationId& id) {
  if (const auto newest = newest_.find(id.key.value);
      newest != newest_.end() && begins_with_time(id.uuid) && newest->second.uuid < id.uuid) {
    newest->second.uuid = id.uuid;
  }
  auto found = by_id_.find(id);
  if (found == by_id_.end()) {
    by_use_.emplace_front();
    found = by_id_.emplace(id, by_use_.begin()).first;
  }
  Live& live = *found->second;
  RESTATE_ASSERT(!live.exists, "an invocation is created under an id that is free");
  live.id = id;
  live.exists = true;
  live.status = {};
  live.indexed = true;  // there is nothing to read
  live.announced.clear();
  live.arrivals.clear();
  live.last_output.reset();
  touch(live);
  return live;
}

void Invocations::erase(Live& live) {
  live.exists = false;
  touch(live);
}

void Invocations::touch(Live& live) {
  live.encoded = false;
  if (live.touched) return;
  live.touched = true;
  touched_.push_back(&live);
}

Result<void> Invocations::index(Live& live) {
  if (live.indexed) return {};
  // A journal that is nothing but its Input has announced nothing.
  if (live.status.journal.commands > 1) {
    RESTATE_TRY_VOID(rows_.scan_announced(live.id, [&](const Announced& row) {
      live.announced.push_back(row);
      return true;
    }));
  }
  if (live.status.journal.length > live.status.journal.commands) {
    RESTATE_TRY_VOID(rows_.scan_arrivals(live.id, [&](Arrival&& row) {
      live.arrivals.push_back(std::move(row));
      return true;
    }));
  }
  live.indexed = true;
  return {};
}

bool Invocations::is_long(const Live& live) {
  // A call announces two completions, and no command more.
  const JournalMetadata& journal = live.status.journal;
  return 2 * std::size_t{journal.commands} > kLongestIndex ||
         journal.length - journal.commands > kLongestIndex;
}

Result<std::optional<Announced>> Invocations::find_announced(Live& live,
                                                             std::uint32_t completion) {
  if (!live.indexed && is_long(live)) return rows_.find_announced(live.id, completion);
  RESTATE_TRY_VOID(index(live));
  const Announced* found = live.find_announced(completion);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

Result<std::optional<Arrival>> Invocations::find_arrival(
    Live& live, const wire::NotificationId& notification) {
  if (!live.indexed && is_long(live)) return rows_.find_arrival(live.id, notification);
  RESTATE_TRY_VOID(index(live));
  const Arrival* found = live.find_arrival(notification);
  return found == nullptr ? std::nullopt : std::optional(*found);
}

void Invocations::committed() {
  const auto drop = [&](Live& live) {
    bytes_ -= live.weight;
    const auto found = by_id_.find(live.id);
    by_use_.erase(found->second);
    by_id_.erase(found);
  };
  for (Live* live : touched_) {
    live->touched = false;
    live->stored = live->exists;
    if (is_long(*live)) {
      live->indexed = false;
      live->announced.clear();
      live->arrivals.clear();
    }
    weigh(*live);
    if (!live->exists || live->status.status == Status::kCompleted) drop(*live);
  }
  touched_.clear();
  if (newest_.size() > kNewest) {
    // What was asked for once mostly is not asked for again.
    std::erase_if(newest_, [](const auto& entry) { return !entry.second.known; });
    if (newest_.size() > kNewest) newest_.clear();
  }
  while (by_use_.size() > kCapacity || (bytes_ > limit_ && !by_use_.empty())) {
    drop(by_use_.back());
  }
}

void Invocations::weigh(Live& live) {
  const InvocationStatus& status = live.status;
  std::size_t bytes = sizeof(Live) + 64;  // and its place in list and table
  bytes += status.target.service.size() + status.target.handler.size() + status.target.key.size();
  bytes += status.sinks.size() * sizeof(wire::ResponseSink);
  bytes += live.announced.size() * sizeof(Announced) + live.arrivals.size() * sizeof(Arrival);
  if (live.last_output) bytes += live.last_output->size();
  bytes_ += bytes - live.weight;
  live.weight = bytes;
}

}  // namespace restate::partition
