#include "worker/start_scan.h"

#include "partition/rows.h"
#include "partition/tables.h"
#include "worker/limits.h"

#include <restate/testing/mutation.h>

#include <utility>

namespace restate::worker {

/// What travels between the shard and the pool.
struct StartScan::Pass {
  std::unique_ptr<const storage::Snapshot> snapshot;
  std::optional<InvocationId> last;  ///< the last row read
  std::vector<Found> found;
  bool more = false;
  Result<void> outcome;
};

StartScan::StartScan(Shard& shard, storage::PartitionSpace& space, PartitionId partition,
                     KeyRange keys, OnFound on_found, OnFailed on_failed)
    : shard_(shard),
      space_(space),
      partition_(partition),
      keys_(keys),
      on_found_(std::move(on_found)),
      on_failed_(std::move(on_failed)) {}

void StartScan::start() {
  auto pass = std::make_shared<Pass>();
  pass->snapshot = space_.snapshot();
  step(std::move(pass));
}

void StartScan::overtaken(const InvocationId& invocation) {
  if (done_) return;
  if (!reported_ || *reported_ < invocation) overtaken_.insert(invocation);
}

void StartScan::step(std::shared_ptr<Pass> pass) {
  shard_.run_blocking(
      [pass, partition = partition_, keys = keys_,
       limit = shard_.fault("worker/start-scan/short-step") ? 1 : limits::kStartScanRows] {
        pass->found.clear();
        pass->more = false;
        std::size_t rows = 0;
        std::optional<Error> damage;
        const partition::Tables tables(partition, *pass->snapshot);
        auto scanned = tables.scan_invocations(
                               keys, pass->last,
                               [&](const InvocationId& id, const partition::StatusHeader& header,
                                   std::string_view row) {
                                 if (rows == limit) {
                                   pass->more = true;
                                   if (RESTATE_MUTATION("worker/start-scan-skips-a-row")) {
                                     pass->last = id;
                                   }
                                   return false;
                                 }
                                 ++rows;
                                 pass->last = id;
                                 if (header.status != partition::Status::kInvoked) return true;
                                 auto status = partition::rows::decode_status(Bytes(row));
                                 if (!status) {
                                   damage = partition::rows::corrupt(partition::keys::kStatus,
                                                                    partition::keys::status(id));
                                   return false;
                                 }
                                 if (status->target.scope) {
                                   // What passes a gate comes back through it.
                                   auto entry = tables.find_queue_entry(id);
                                   if (!entry) damage = std::move(entry).error();
                                   if (damage) return false;
                                   if (*entry) return true;
                                 }
                                 pass->found.push_back(
                                     {id, std::move(status->target), header.incarnation});
                                 return true;
                               });
        pass->outcome = std::move(scanned);
        if (damage) pass->outcome = std::move(*damage);
        if (!pass->more || !pass->outcome) pass->snapshot.reset();
      },
      scope_.bind([this, pass] { on_step(pass); }));
}

void StartScan::on_step(std::shared_ptr<Pass> pass) {
  if (!pass->outcome) {
    done_ = true;
    overtaken_.clear();
    return on_failed_(pass->outcome.error());
  }
  reported_ = pass->last;
  const bool more = pass->more;
  auto found = std::exchange(pass->found, {});
  auto overtaken = std::exchange(overtaken_, {});
  if (more) {
    // The next rows are read while these are started.
    overtaken_.insert(overtaken.upper_bound(*reported_), overtaken.end());
    step(std::move(pass));
  } else {
    done_ = true;
  }
  for (Found& one : found) {
    if (!overtaken.contains(one.invocation)) on_found_(std::move(one));
  }
}

}  // namespace restate::worker
