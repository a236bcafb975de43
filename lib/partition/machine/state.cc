#include "partition/machine/state.h"

#include "partition/migration.h"
#include "partition/row_codec.h"
#include "partition/rows.h"

#include <restate/storage/view.h>
#include <restate/testing/mutation.h>

#include <algorithm>
#include <utility>

namespace restate::partition {

namespace {

// Producers are few: partitions, and the partitions of topics. Beyond this they are read again.
constexpr std::size_t kMostMarks = 10'000;

std::string encode_self(const wire::SelfDedup& dedup) {
  return RowWriter(16).u64(dedup.epoch.value).u64(dedup.sequence).take();
}

}  // namespace

State::State(PartitionId partition, const storage::View& rows)
    : invocations(Tables(partition, overlay_)),
      partition_(partition),
      overlay_(rows),
      tables_(partition, overlay_) {}

Result<void> State::open() {
  RESTATE_TRY(const auto format, tables_.number(keys::Variable::kStorageFormat));
  if (format.value_or(kStorageFormat) != kStorageFormat) {
    return Error{Code::kUnsupported, "opening partition " + std::to_string(partition_.value) +
                                         ": its tables have storage format " +
                                         std::to_string(*format) + ", this program has format " +
                                         std::to_string(kStorageFormat)};
  }
  RESTATE_TRY(const auto applied, tables_.applied_lsn());
  fresh_ = !applied.has_value();
  applied_ = applied.value_or(0);
  if (fresh_) {
    RESTATE_TRY(const bool rows, holds_rows());
    if (rows) {
      return Error{Code::kCorrupt, "opening partition " + std::to_string(partition_.value) +
                                       ": it has rows, but no applied LSN"};
    }
  }
  RESTATE_TRY(const auto inbox, tables_.number(keys::Variable::kInboxSequence));
  inbox_sequence_ = inbox.value_or(0);
  RESTATE_TRY(outbox_sequence_, tables_.outbox_tail());
  RESTATE_TRY(outbox_head_, tables_.outbox_head());
  RESTATE_TRY(features_, tables_.features());
  for (std::uint16_t id = 0; id < 64; ++id) {
    if (!features_.has(id) || Features::known(id)) continue;
    return Error{Code::kUnsupported, "opening partition " + std::to_string(partition_.value) +
                                         ": it uses feature " + std::to_string(id) +
                                         ", which this version does not know"};
  }
  RESTATE_TRY(barrier_, tables_.barrier());
  RESTATE_TRY(durability_, tables_.durability());
  RESTATE_TRY(leader_, tables_.leader());
  RESTATE_TRY(const auto schema, tables_.schema());
  schema_version_ = schema ? schema->version : 0;
  RESTATE_TRY(const auto rules, tables_.rule_book());
  rule_book_version_ = rules ? rules->version : 0;

  const std::string self = keys::dedup_self(partition_);
  RESTATE_TRY(const auto mark, overlay_.get(self));
  if (mark) {
    RowReader from(*mark);
    wire::SelfDedup dedup;
    dedup.epoch.value = from.u64();
    dedup.sequence = from.u64();
    if (from.failed()) return rows::corrupt(keys::kDedup, self);
    self_ = dedup;
  }
  return {};
}

Result<bool> State::holds_rows() const {
  // A sealed partition may never have applied anything, and a migration writes the format.
  const std::string seal = keys::variable(partition_, keys::Variable::kSeal);
  const std::string format = keys::variable(partition_, keys::Variable::kStorageFormat);
  bool found = false;
  storage::RowCallback look([&](std::string_view key, std::string_view) {
    found = key != seal && key != format;
    return !found;
  });
  RESTATE_TRY_VOID(overlay_.scan({}, {}, look));
  return found;
}

// --- Journals
// -------------------------------------------------------------------------------------

void State::put_entry(const InvocationId& id, std::uint32_t index,
                      const wire::JournalEntry& entry) {
  overlay_.put(keys::journal(id, index), rows::encode(entry));
}

void State::put_announced(Live& live, const Announced& row) {
  overlay_.put(keys::announced(live.id, row.completion), rows::encode(row));
  if (live.indexed) live.insert(row);
}

void State::put_arrival(Live& live, const Arrival& row) {
  overlay_.put(keys::arrival(live.id, row.id), rows::encode(row));
  if (live.indexed) live.insert(row);
}

void State::put_event(const InvocationId& id, const EventRow& row) {
  overlay_.put(keys::event(id, row.event.type, row.at, row.lsn), rows::encode(row));
}

Result<void> State::erase_journal(Live& live) {
  if (live.status.journal.length == 0) return {};
  if (RESTATE_MUTATION("partition/journal-not-erased")) return {};
  RESTATE_TRY_VOID(invocations.index(live));
  for (std::uint32_t i = 0; i < live.status.journal.length; ++i) {
    overlay_.erase(keys::journal(live.id, i));
  }
  for (const auto& row : live.announced) overlay_.erase(keys::announced(live.id, row.completion));
  for (const auto& row : live.arrivals) overlay_.erase(keys::arrival(live.id, row.id));
  live.announced.clear();
  live.arrivals.clear();
  live.last_output.reset();
  if (live.status.journal.events == 0) return {};
  std::vector<EventRow> events;
  RESTATE_TRY_VOID(tables_.scan_events(live.id, [&](EventRow&& row) {
    events.push_back(std::move(row));
    return true;
  }));
  for (const auto& row : events) {
    overlay_.erase(keys::event(live.id, row.event.type, row.at, row.lsn));
  }
  return {};
}

// --- Objects
// --------------------------------------------------------------------------------------

void State::put_lock(const keys::ObjectRef& object, const Lock& lock) {
  overlay_.put(keys::lock(object), rows::encode(lock));
}

void State::erase_lock(const keys::ObjectRef& object) { overlay_.erase(keys::lock(object)); }

void State::put_inbox(const keys::ObjectRef& object, std::uint64_t sequence,
                      const InboxEntry& entry) {
  overlay_.put(keys::inbox(object, sequence), rows::encode(entry));
}

void State::erase_inbox(const keys::ObjectRef& object, std::uint64_t sequence) {
  overlay_.erase(keys::inbox(object, sequence));
}

void State::put_state(const keys::ObjectRef& object, std::string_view key, const Bytes& value) {
  overlay_.put(keys::state(object, key), rows::encode_state(value));
}

void State::erase_state(const keys::ObjectRef& object, std::string_view key) {
  overlay_.erase(keys::state(object, key));
}

Result<void> State::erase_all_state(const keys::ObjectRef& object) {
  std::vector<std::string> names;
  RESTATE_TRY_VOID(tables_.scan_state(object, [&](std::string_view name, Bytes&&) {
    names.emplace_back(name);
    return true;
  }));
  if (RESTATE_MUTATION("partition/state-not-erased")) return {};
  for (const auto& name : names) overlay_.erase(keys::state(object, name));
  return {};
}

void State::put_promise(const keys::ObjectRef& object, std::string_view key,
                        const Promise& promise) {
  overlay_.put(keys::promise(object, key), rows::encode(promise));
}

Result<void> State::erase_all_promises(const keys::ObjectRef& object) {
  std::vector<std::string> names;
  RESTATE_TRY_VOID(tables_.scan_promises(object, [&](std::string_view name, Promise&&) {
    names.emplace_back(name);
    return true;
  }));
  for (const auto& name : names) overlay_.erase(keys::promise(object, name));
  return {};
}

// --- Queues
// ---------------------------------------------------------------------------------------

void State::put_queue(const wire::QueueId& id, const QueueMeta& queue) {
  overlay_.put(keys::queue(id), rows::encode(queue));
}

void State::erase_queue(const wire::QueueId& id) { overlay_.erase(keys::queue(id)); }

void State::put_queue_entry(const InvocationId& id, const QueueEntry& entry) {
  overlay_.put(keys::queue_entry(id), rows::encode(entry));
}

void State::erase_queue_entry(const InvocationId& id) { overlay_.erase(keys::queue_entry(id)); }

void State::put_place(std::string_view tag, const wire::QueuePlace& place) {
  overlay_.put(keys::queue_place(tag, place), rows::encode_place());
}

void State::erase_place(std::string_view tag, const wire::QueuePlace& place) {
  overlay_.erase(keys::queue_place(tag, place));
}

// --- Timers and outbox
// ----------------------------------------------------------------------------

void State::put_timer(const TimerRow& timer) {
  overlay_.put(keys::timer(partition_, timer.key), rows::encode(timer));
}

void State::erase_timer(const wire::TimerKey& key) { overlay_.erase(keys::timer(partition_, key)); }

Result<bool> State::has_timer(const TimerRow& timer) const {
  const std::string key = keys::timer(partition_, timer.key);
  RESTATE_TRY(const auto value, overlay_.get(key));
  if (!value) return false;
  const auto row = rows::decode_timer(*value);
  if (!row) return rows::corrupt(keys::kTimers, key);
  return row->incarnation == timer.incarnation;
}

std::uint64_t State::push_outbox(const wire::OutboxMessage& message) {
  counters_changed_ = true;
  overlay_.put(keys::outbox(partition_, outbox_sequence_), rows::encode(message));
  return outbox_sequence_++;
}

void State::truncate_outbox(std::uint64_t index) {
  // Nobody can have sent what is not there yet.
  const std::uint64_t end = index < outbox_sequence_ ? index + 1 : outbox_sequence_;
  if (end <= outbox_head_) return;
  counters_changed_ = true;
  for (; outbox_head_ < end; ++outbox_head_) {
    overlay_.erase(keys::outbox(partition_, outbox_head_));
  }
}

std::uint64_t State::next_inbox_sequence() {
  counters_changed_ = true;
  return inbox_sequence_++;
}

// --- Dedup
// ----------------------------------------------------------------------------------------

Result<State::Mark*> State::find_mark(std::string key) {
  const auto found = marks_.find(key);
  if (found != marks_.end()) return &found->second;
  RESTATE_TRY(const auto value, overlay_.get(key));
  Mark mark;
  if (value) {
    mark.sequence = rows::decode_number(*value);
    if (!mark.sequence) return rows::corrupt(keys::kDedup, key);
  }
  return &marks_.emplace(std::move(key), mark).first->second;
}

Result<bool> State::seen(const wire::Dedup& dedup) {
  if (const auto* self = std::get_if<wire::SelfDedup>(&dedup)) {
    if (self_ == *self && RESTATE_MUTATION("partition/self-dedup-accepts-equal")) return false;
    const bool old = self_ && self_->epoch > self->epoch;
    if (old && RESTATE_MUTATION("partition/old-leader-not-fenced")) return false;
    return self_ && *self_ >= *self;
  }
  if (const auto* from = std::get_if<wire::PartitionDedup>(&dedup)) {
    RESTATE_TRY(const Mark* mark, find_mark(keys::dedup_partition(partition_, from->from)));
    const bool equal = mark->sequence == from->sequence;
    if (equal && RESTATE_MUTATION("partition/dedup-accepts-equal")) return false;
    return mark->sequence && *mark->sequence >= from->sequence;
  }
  if (const auto* from = std::get_if<wire::ProducerDedup>(&dedup)) {
    RESTATE_TRY(const Mark* mark, find_mark(keys::dedup_producer(partition_, from->producer)));
    return mark->sequence && *mark->sequence >= from->sequence;
  }
  return false;
}

void State::remember(const wire::Dedup& dedup) {
  if (const auto* self = std::get_if<wire::SelfDedup>(&dedup)) {
    self_ = *self;
    self_changed_ = true;
  } else if (const auto* from = std::get_if<wire::PartitionDedup>(&dedup)) {
    marks_[keys::dedup_partition(partition_, from->from)] = {from->sequence, true};
  } else if (const auto* producer = std::get_if<wire::ProducerDedup>(&dedup)) {
    marks_[keys::dedup_producer(partition_, producer->producer)] = {producer->sequence, true};
  }
}

// --- Variables
// ------------------------------------------------------------------------------------

void State::put_variable(keys::Variable variable, std::string value) {
  overlay_.put(keys::variable(partition_, variable), std::move(value));
}

void State::put_number(keys::Variable variable, std::uint64_t value) {
  put_variable(variable, rows::encode_number(value));
}

void State::set_applied(std::uint64_t lsn) {
  applied_ = lsn;
  applied_changed_ = true;
}

void State::set_features(Features features) {
  features_ = features;
  put_number(keys::Variable::kFeatures, features.bits());
}

void State::set_barrier(Barrier barrier) {
  put_variable(keys::Variable::kBarrier, rows::encode(barrier));
  barrier_ = std::move(barrier);
}

void State::set_schema(const StoredSchema& schema) {
  put_variable(keys::Variable::kSchema, rows::encode(schema));
  schema_version_ = schema.version;
}

void State::set_rule_book(const StoredRuleBook& rules) {
  put_variable(keys::Variable::kRuleBook, rows::encode(rules));
  rule_book_version_ = rules.version;
}

void State::set_durability(const wire::UpdateDurability& durability) {
  put_variable(keys::Variable::kDurability, rows::encode(durability));
  durability_ = durability;
}

void State::set_leader(const wire::AnnounceLeader& leader) {
  put_variable(keys::Variable::kLeader, rows::encode(leader));
  leader_ = leader;
}

// --- Batches
// --------------------------------------------------------------------------------------

void State::encode() {
  invocations.encode([&](const Live& live) {
    // A row that came and went within the batch was never there.
    if (live.exists) {
      overlay_.put(keys::status(live.id), rows::encode(live.status));
    } else if (live.stored) {
      overlay_.erase(keys::status(live.id));
    } else {
      overlay_.forget(keys::status(live.id));
    }
  });
  if (fresh_) put_number(keys::Variable::kStorageFormat, kStorageFormat);
  if (applied_changed_ && !RESTATE_MUTATION("partition/applied-lsn-not-in-batch")) {
    put_number(keys::Variable::kAppliedLsn, applied_);
  }
  if (counters_changed_) {
    put_number(keys::Variable::kInboxSequence, inbox_sequence_);
    put_number(keys::Variable::kOutboxSequence, outbox_sequence_);
    put_number(keys::Variable::kOutboxHead, outbox_head_);
  }
  if (self_changed_) overlay_.put(keys::dedup_self(partition_), encode_self(*self_));
  for (auto& [key, mark] : marks_) {
    if (!mark.changed) continue;
    if (RESTATE_MUTATION("partition/dedup-mark-not-stored")) continue;
    overlay_.put(key, rows::encode_number(*mark.sequence));
    mark.changed = false;
  }
  applied_changed_ = counters_changed_ = self_changed_ = false;
}

void State::take_batch(storage::Batch& batch) {
  encode();
  overlay_.copy_to(batch);
}

void State::committed() {
  fresh_ = false;
  overlay_.clear();
  invocations.committed();
  if (marks_.size() > kMostMarks) marks_.clear();
}

}  // namespace restate::partition
