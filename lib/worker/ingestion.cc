#include "worker/ingestion.h"

#include "worker/limits.h"
#include "worker/router.h"

#include <restate/testing/mutation.h>

#include <algorithm>

namespace restate::worker {

Ingestion::Ingestion(Shard& shard, const IngestionOptions& options, Owner owner, Append append)
    : shard_(shard), options_(options), owner_(std::move(owner)), append_(std::move(append)) {}

Ingestion::Ingestion(Shard& shard, const IngestionOptions& options, Router& router)
    : Ingestion(
          shard, options, [&router](PartitionKey key) { return router.find(key).partition; },
          [&router, &shard](PartitionId partition, std::vector<wire::Envelope> records,
                            Completion<void> durable) {
            router.deliver(shard, partition, std::move(records), std::move(durable));
          }) {}

Ingestion::~Ingestion() {
  for (auto& [partition, lane] : lanes_) {
    for (Item& item : lane.queue) {
      item.durable(Error{Code::kShutdown, "the engine is closing"});
    }
  }
}

bool Ingestion::has_room(std::size_t bytes) const {
  return (waking_ || waiters_.empty()) && fits(bytes);
}

void Ingestion::ingest(wire::Envelope record, std::size_t bytes, Completion<void> durable) {
  const auto key = wire::destination(record.command);
  RESTATE_ASSERT(key, "records go to the partition of their key");
  bytes_ += cost(bytes);
  lanes_[owner_(*key)].queue.push_back({std::move(record), bytes, std::move(durable)});
  schedule();
}

void Ingestion::forget(Waiter& waiter) {
  std::erase_if(waiters_, [&](const Waiting& waiting) { return waiting.waiter == &waiter; });
}

void Ingestion::schedule() {
  if (scheduled_) return;
  // What comes up in one turn goes together.
  scheduled_ = true;
  shard_.post(scope_.bind([this] {
    scheduled_ = false;
    flush();
  }));
}

void Ingestion::flush() {
  for (auto& [partition, lane] : lanes_) {
    const bool pausing = lane.retry && lane.retry->armed();
    if (!lane.busy && !pausing && !lane.queue.empty()) send(partition, lane);
  }
}

void Ingestion::send(PartitionId partition, Lane& lane) {
  if (lane.sending == 0) {
    std::size_t bytes = 0;
    while (lane.sending < lane.queue.size() &&
           (lane.sending == 0 ||
            bytes + lane.queue[lane.sending].bytes <= options_.batch_bytes)) {
      bytes += lane.queue[lane.sending++].bytes;
    }
  }
  std::vector<wire::Envelope> batch;
  batch.reserve(lane.sending);
  // Copies: the batch may have to go once more.
  for (std::size_t i = 0; i < lane.sending; ++i) batch.push_back(lane.queue[i].record);
  lane.busy = true;
  append_(partition, std::move(batch),
          Completion<void>(shard_, scope_.bind([this, partition](const Result<void>& result) {
            on_appended(partition, result);
          })));
}

void Ingestion::on_appended(PartitionId partition, const Result<void>& result) {
  Lane& lane = lanes_[partition];
  lane.busy = false;
  if (!result && !RESTATE_MUTATION("worker/lost-ingestion-acknowledged")) {
    // Refused, or nobody knows: the same records once more. Who has seen them drops them.
    if (!lane.retry) lane.retry = shard_.make_timer([this] { flush(); });
    lane.wait = std::clamp(lane.wait * 2, limits::kFirstIngestionWait, limits::kLongestIngestionWait);
    lane.retry->arm(shard_.now() + lane.wait);
    return;
  }
  lane.wait = Duration{0};
  std::vector<Item> arrived;
  for (; lane.sending > 0; --lane.sending) {
    bytes_ -= cost(lane.queue.front().bytes);
    arrived.push_back(std::move(lane.queue.front()));
    lane.queue.pop_front();
  }
  if (!lane.queue.empty()) schedule();
  for (Item& item : arrived) item.durable(Result<void>());
  wake();
}

void Ingestion::wake() {
  while (!waiters_.empty() && fits(waiters_.front().bytes)) {
    Waiter* waiter = waiters_.front().waiter;
    waiters_.pop_front();
    waking_ = true;
    waiter->on_room();
    waking_ = false;
  }
}

}  // namespace restate::worker
