#include "worker/cleaner.h"

#include "partition/tables.h"
#include "worker/limits.h"

#include <algorithm>

namespace restate::worker {
namespace {

/// What one completed invocation is due for at `now`; nothing if it stays as it is.
std::optional<wire::Command> due(const InvocationId& id, const partition::StatusHeader& header,
                                 WallTime now) {
  if (header.status != partition::Status::kCompleted || header.completed.ms == 0) return {};
  if (header.completed.plus(header.retention.completion_ms) <= now) {
    return wire::Purge{id, header.incarnation, {}};
  }
  if (header.journal_length != 0 && header.completed.plus(header.retention.journal_ms) <= now) {
    return wire::PurgeJournal{id, header.incarnation, {}};
  }
  return {};
}

}  // namespace

Cleaner::Cleaner(Shard& shard, storage::PartitionSpace& space, PartitionId partition,
                 KeyRange keys, Duration interval, Propose propose)
    : shard_(shard),
      space_(space),
      partition_(partition),
      keys_(keys),
      interval_(interval),
      propose_(std::move(propose)),
      timer_(shard.make_timer([this] { run(); })) {}

void Cleaner::start() {
  const auto fifth = static_cast<std::uint64_t>(interval_.count() / 5);
  timer_->arm(shard_.now() +
              Duration(static_cast<std::int64_t>(fifth / 2 + shard_.random().below(fifth / 2 + 1))));
}

void Cleaner::run() {
  struct Pass {
    std::unique_ptr<const storage::Snapshot> snapshot;
    std::vector<wire::Command> found;
  };
  auto pass = std::make_shared<Pass>();
  pass->snapshot = space_.snapshot();
  shard_.run_blocking(
      [pass, partition = partition_, keys = keys_, now = shard_.wall_now()] {
        // A failed read ends the pass early; the next one looks again, and whoever needs the row to
        // live stops on the error.
        static_cast<void>(partition::Tables(partition, *pass->snapshot)
                              .scan_invocations(keys, [&](const InvocationId& id,
                                                          const partition::StatusHeader& header,
                                                          std::string_view) {
                                if (auto command = due(id, header, now)) {
                                  pass->found.push_back(std::move(*command));
                                }
                                return pass->found.size() < limits::kCleanerRows;
                              }));
        pass->snapshot.reset();
      },
      scope_.bind([this, pass] {
        const bool more = pass->found.size() == limits::kCleanerRows;
        timer_->arm(shard_.now() + (more ? Duration(std::chrono::seconds(1)) : interval_));
        // What the pass before has left is due still, so it was found again.
        found_ = std::move(pass->found);
        std::ranges::reverse(found_);
        propose();
      }));
}

void Cleaner::propose() {
  while (!found_.empty() && propose_(found_.back())) found_.pop_back();
}

}  // namespace restate::worker
