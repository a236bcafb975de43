#include "worker/queue_scan.h"

#include "partition/tables.h"
#include "worker/limits.h"
#include "worker/scheduler.h"

#include <restate/testing/mutation.h>

#include <utility>

namespace restate::worker {

using partition::QueueStage;

/// What travels between the shard and the pool.
struct QueueScan::Pass {
  struct Row {
    wire::QueuePlace place;
    std::string scope, limit_key;
  };

  std::unique_ptr<const storage::Snapshot> snapshot;
  Stage stage = Stage::kQueues;
  std::optional<wire::QueueId> last_queue;     ///< of the stage, in the steps so far
  std::optional<wire::QueuePlace> last_place;
  std::vector<wire::QueueId> paused;
  std::vector<Row> rows;
  bool more = false;  ///< of this stage
  Result<void> outcome;
};

namespace {

std::string_view table_of(bool running) {
  return running ? partition::keys::kQueueRunning : partition::keys::kQueueInbox;
}

}  // namespace

QueueScan::QueueScan(Shard& shard, storage::PartitionSpace& space, PartitionId partition,
                     KeyRange keys, Scheduler& scheduler, Host host)
    : shard_(shard),
      space_(space),
      partition_(partition),
      keys_(keys),
      scheduler_(scheduler),
      host_(std::move(host)) {}

void QueueScan::start() {
  stage_ = Stage::kQueues;
  auto pass = std::make_shared<Pass>();
  pass->snapshot = space_.snapshot();
  step(std::move(pass));
}

void QueueScan::resume() {
  if (waits_for_room_ && host_.has_room()) step(std::exchange(waits_for_room_, nullptr));
}

// --- Reading -------------------------------------------------------------------------------------

void QueueScan::step(std::shared_ptr<Pass> pass) {
  const std::size_t limit =
      shard_.fault("worker/queue-scan/short-step") ? 1 : limits::kQueueScanRows;
  shard_.run_blocking(
      [pass, partition = partition_, keys = keys_, limit] {
        pass->outcome = read(*pass, partition, keys, limit);
        if (!pass->outcome) pass->snapshot.reset();
      },
      scope_.bind([this, pass] { on_step(pass); }));
}

Result<void> QueueScan::read(Pass& pass, PartitionId partition, KeyRange keys, std::size_t limit) {
  pass.more = false;
  pass.paused.clear();
  pass.rows.clear();
  const partition::Tables tables(partition, *pass.snapshot);
  std::size_t count = 0;
  const auto full = [&] {
    pass.more = count == limit;
    ++count;
    return pass.more;
  };
  if (pass.stage == Stage::kQueues) {
    return tables.scan_queues(keys, pass.last_queue,
                              [&](const wire::QueueId& id, partition::QueueMeta&& queue) {
                                if (full()) return false;
                                pass.last_queue = id;
                                if (queue.paused) pass.paused.push_back(id);
                                return true;
                              });
  }
  // Rows come queue by queue: what is the same for a whole queue is read once.
  std::optional<wire::QueueId> current;
  partition::QueueMeta queue;
  Result<void> damage;
  RESTATE_TRY_VOID(tables.scan_queue_places(
      table_of(pass.stage == Stage::kRunning), keys, pass.last_place,
      [&](const wire::QueuePlace& place) {
        if (full()) {
          if (RESTATE_MUTATION("worker/queue-scan-skips-a-row")) pass.last_place = place;
          return false;
        }
        if (current != place.id()) {
          auto found = tables.find_queue(place.id());
          if (!found) damage = std::move(found).error();
          else if (!*found) damage = Error{Code::kCorrupt, "reading queues: an entry has none"};
          if (!damage) return false;
          current = place.id();
          queue = std::move(**found);
        }
        pass.last_place = place;
        pass.rows.push_back({place, queue.scope, queue.limit_key});
        return true;
      }));
  return damage;
}

void QueueScan::on_step(std::shared_ptr<Pass> pass) {
  if (!pass->outcome) {
    moved_.clear();
    return host_.on_failed(pass->outcome.error());
  }
  for (const wire::QueueId& queue : pass->paused) {
    if (!paused_.contains(queue)) scheduler_.on(partition::QueuePaused{queue, true});
  }
  const bool running = stage_ == Stage::kRunning;
  std::vector<wire::QueuePlace> left;
  for (Pass::Row& row : pass->rows) {
    if (!running && RESTATE_MUTATION("worker/waiters-not-loaded")) break;
    if (moved_.contains(row.place.invocation)) continue;
    scheduler_.on(partition::QueueMoved{row.place.invocation, row.place.queue,
                                        std::move(row.scope), std::move(row.limit_key),
                                        QueueStage::kNone,
                                        running ? QueueStage::kRunning : QueueStage::kInbox,
                                        {}, row.place.at});
    if (running) left.push_back(row.place);
  }
  if (!pass->rows.empty()) {
    read_upto_ = partition::keys::queue_place(table_of(running), pass->rows.back().place);
  }
  if (!pass->more) {
    stage_ = static_cast<Stage>(static_cast<std::uint8_t>(stage_) + 1);
    pass->stage = stage_;
    pass->last_place.reset();
    read_upto_.clear();
  }
  if (!left.empty() && !RESTATE_MUTATION("worker/running-not-taken-back")) {
    host_.take_back(std::move(left));
  }
  if (done()) {
    moved_.clear();
    paused_.clear();
    return host_.on_done();
  }
  if (host_.has_room()) return step(std::move(pass));
  waits_for_room_ = std::move(pass);
}

// --- What happens meanwhile ----------------------------------------------------------------------

void QueueScan::on(partition::QueueMoved moved) {
  if (!done() && moved_.insert(moved.invocation).second && !counted(moved)) {
    // The scheduler has not been told of the row that goes now, and will not be.
    moved.from = QueueStage::kNone;
    moved.was = {};
  }
  scheduler_.on(moved);
}

void QueueScan::on(const partition::QueuePaused& paused) {
  if (!done()) paused_.insert(paused.queue);
  scheduler_.on(paused);
}

// Where nothing newer has moved it, its row in the snapshot is what the move begins with.
bool QueueScan::counted(const partition::QueueMoved& moved) const {
  const bool running = moved.from == QueueStage::kRunning;
  if (!running && moved.from != QueueStage::kInbox) return true;  // such rows are not read
  const Stage row_stage = running ? Stage::kRunning : Stage::kInbox;
  if (row_stage != stage_) return row_stage < stage_;
  const wire::QueuePlace place{moved.invocation, moved.queue, moved.was};
  return partition::keys::queue_place(table_of(running), place) <= read_upto_;
}

}  // namespace restate::worker
