#include "bench.h"

#include "common/hash.h"
#include "partition/keys.h"
#include "partition/rows.h"

#include <algorithm>

namespace restate::query::testing {
namespace {

namespace keys = partition::keys;
namespace rows = partition::rows;

class CountingView final : public storage::View {
 public:
  CountingView(restate::testing::MapView view, std::shared_ptr<ReadCounts> counts)
      : view_(std::move(view)), counts_(std::move(counts)) {}

  Result<std::optional<Bytes>> get(std::string_view key) const override {
    ++counts_->gets;
    return view_.get(key);
  }
  Result<void> scan(std::string_view lower, std::string_view upper,
                    storage::RowVisitor& visitor) const override {
    storage::RowCallback counted([&](std::string_view key, std::string_view value) {
      ++counts_->scanned;
      return visitor.row(key, value);
    });
    return view_.scan(lower, upper, counted);
  }
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            storage::RowVisitor& visitor) const override {
    return view_.scan_reverse(lower, upper, visitor);
  }

 private:
  restate::testing::MapView view_;
  std::shared_ptr<ReadCounts> counts_;
};

}  // namespace

Bench::Bench() {
  halves_[0].keys = partition_range(0, 2);
  halves_[1].keys = partition_range(1, 2);
}

void Bench::put(const InvocationId& id, const partition::InvocationStatus& status) {
  put_raw(id.key, keys::status(id), Bytes(rows::encode(status)));
}
void Bench::put(const InvocationId& id, std::uint32_t index, const wire::JournalEntry& entry) {
  put_raw(id.key, keys::journal(id, index), Bytes(rows::encode(entry)));
}
void Bench::put(const InvocationId& id, const partition::EventRow& event) {
  put_raw(id.key, keys::event(id, event.event.type, event.at, event.lsn),
          Bytes(rows::encode(event)));
}
void Bench::put_state(const partition::ObjectKey& object, std::string_view name,
                      const Bytes& value) {
  put_raw(object.partition_key, keys::state(object, name), Bytes(rows::encode_state(value)));
}
void Bench::put_promise(const partition::ObjectKey& object, std::string_view name,
                        const partition::Promise& promise) {
  put_raw(object.partition_key, keys::promise(object, name), Bytes(rows::encode(promise)));
}
void Bench::put_inbox(const partition::ObjectKey& object, std::uint64_t sequence,
                      const partition::InboxEntry& entry) {
  put_raw(object.partition_key, keys::inbox(object, sequence), Bytes(rows::encode(entry)));
}
void Bench::put_lock(const partition::ObjectKey& object, const partition::Lock& lock) {
  put_raw(object.partition_key, keys::lock(object), Bytes(rows::encode(lock)));
}
void Bench::put_raw(PartitionKey key, std::string row_key, Bytes value) {
  of(key).rows.put(std::move(row_key), std::move(value));
}
void Bench::put(const InvocationId& id, const partition::QueueEntry& entry) {
  put_raw(id.key, keys::queue_entry(id), Bytes(rows::encode(entry)));
  if (entry.stage != partition::QueueStage::kInbox) return;
  put_raw(id.key, keys::queue_place(keys::kQueueInbox, {id, entry.queue, entry.at}),
          Bytes(rows::encode_place()));
}
void Bench::put(const wire::QueueId& id, const partition::QueueMeta& queue) {
  put_raw(id.key, keys::queue(id), Bytes(rows::encode(queue)));
}
void Bench::put_live(LiveAttempt attempt) {
  auto& live = of(attempt.invocation.key).live;
  live.push_back(std::move(attempt));
  std::sort(live.begin(), live.end(),
            [](const LiveAttempt& a, const LiveAttempt& b) { return a.invocation < b.invocation; });
}

InputsPtr Bench::inputs() const {
  auto inputs = std::make_shared<Inputs>();
  std::uint16_t id = 0;
  for (const Half& half : halves_) {
    PartitionInput& input = inputs->partitions.emplace_back();
    input.partition = PartitionId{id++};
    input.keys = half.keys;
    input.rows = std::make_shared<CountingView>(half.rows, counts_);
    input.live = half.live;
    input.scoped = scoped;
  }
  for (const PermitCounter& counter : permits) {
    inputs->partitions[key_of(counter.scope).value >> 63].permits.push_back(counter);
  }
  inputs->schema = schema::snapshot(schema);
  inputs->rules = schema::snapshot(rules);
  inputs->at = WallTime{10'000};
  return inputs;
}

InvocationId id_of(std::uint64_t key, std::uint8_t n) {
  InvocationId id{PartitionKey{key}, {}};
  id.uuid.bytes[15] = n;
  return id;
}

partition::ObjectKey object_of(std::string service, std::string key) {
  partition::ObjectKey object;
  object.partition_key = key_of(key);
  object.service = std::move(service);
  object.key = std::move(key);
  return object;
}

partition::InvocationStatus invoked_status() {
  partition::InvocationStatus status;
  status.status = partition::Status::kInvoked;
  status.target.service = "Greeter";
  status.target.handler = "greet";
  status.source.kind = wire::Source::Kind::kIngress;
  status.timestamps.created = WallTime{1000};
  status.timestamps.modified = WallTime{2001};
  status.timestamps.running = WallTime{1500};
  status.retention = {86'400'000, 1'500};
  status.journal.length = 1;
  status.journal.commands = 1;
  return status;
}

}  // namespace restate::query::testing
