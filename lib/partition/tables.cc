#include "partition/tables.h"

#include "partition/rows.h"

#include <utility>

namespace restate::partition {

namespace {

// Scans rows until `visit` is done or a row does not decode. `visit` says which it was.
enum class Row : std::uint8_t { kNext, kDone, kCorrupt };

template <class F>
Result<void> scan(const storage::View& rows, std::string_view table, std::string_view lower,
                  std::string_view upper, F visit) {
  std::optional<Error> damage;
  storage::RowCallback row([&](std::string_view key, std::string_view value) {
    switch (visit(key, value)) {
      case Row::kNext:
        return true;
      case Row::kDone:
        return false;
      case Row::kCorrupt:
        damage = rows::corrupt(table, key);
        return false;
    }
    RESTATE_UNREACHABLE();
  });
  RESTATE_TRY_VOID(rows.scan(lower, upper, row));
  if (damage) return std::move(*damage);
  return {};
}

template <class F>
Result<void> scan_prefix(const storage::View& rows, std::string_view table,
                         const std::string& prefix, F visit) {
  return scan(rows, table, prefix, storage::prefix_end(prefix), std::move(visit));
}

// Rows of a table whose keys begin with a partition key.
template <class F>
Result<void> scan_keys(const storage::View& rows, std::string_view table, KeyRange range,
                       F visit) {
  return scan(rows, table, keys::of_partition_key(table, PartitionKey{range.first}),
              storage::prefix_end(keys::of_partition_key(table, PartitionKey{range.last})),
              std::move(visit));
}

// The same from behind the row with `key` on. Keys of one table have one length, so nothing lies
// between a key and the same with a zero byte.
template <class F>
Result<void> scan_keys_behind(const storage::View& rows, std::string_view table, std::string key,
                              KeyRange range, F visit) {
  return scan(rows, table, key.append(1, '\0'),
              storage::prefix_end(keys::of_partition_key(table, PartitionKey{range.last})),
              std::move(visit));
}

Row more(bool wanted) { return wanted ? Row::kNext : Row::kDone; }

std::optional<EventRow> event_of(std::string_view key, std::string_view row) {
  const auto at = keys::decode_event(key);
  auto event = rows::decode_event(Bytes(row));
  if (!at || !event) return std::nullopt;
  event->event.type = at->type;
  event->at = at->at;
  event->lsn = at->lsn;
  return event;
}

// Reads one row and decodes it with `decode`.
template <class F>
auto find(const storage::View& rows, std::string_view table, const std::string& key, F decode)
    -> Result<decltype(decode(std::declval<const Bytes&>()))> {
  RESTATE_TRY(auto value, rows.get(key));
  if (!value) return decltype(decode(*value)){};
  auto decoded = decode(*value);
  if (!decoded) return rows::corrupt(table, key);
  return decoded;
}

}  // namespace

Result<std::optional<InvocationStatus>> Tables::find_invocation(const InvocationId& id) const {
  return find(*rows_, keys::kStatus, keys::status(id), rows::decode_status);
}

Result<std::optional<Uuid>> Tables::find_last_uuid(PartitionKey key, const Uuid& end) const {
  std::optional<Uuid> last;
  std::optional<Error> damage;
  storage::RowCallback row([&](std::string_view at, std::string_view) {
    if (const auto id = keys::decode_status(at)) {
      last = id->uuid;
    } else {
      damage = rows::corrupt(keys::kStatus, at);
    }
    return false;
  });
  RESTATE_TRY_VOID(rows_->scan_reverse(keys::of_partition_key(keys::kStatus, key),
                                       keys::status({key, end}), row));
  if (damage) return std::move(*damage);
  return last;
}

Result<void> Tables::scan_invocations(
    KeyRange range, Visit<const InvocationId&, const StatusHeader&, std::string_view> visit) const {
  return scan_invocations(range, std::nullopt, visit);
}

Result<void> Tables::scan_invocations(
    KeyRange range, const std::optional<InvocationId>& after,
    Visit<const InvocationId&, const StatusHeader&, std::string_view> visit) const {
  // Keys of one table have one length, so nothing lies between a key and the same with a zero byte.
  const std::string lower =
      after ? keys::status(*after).append(1, '\0')
            : keys::of_partition_key(keys::kStatus, PartitionKey{range.first});
  const std::string upper =
      storage::prefix_end(keys::of_partition_key(keys::kStatus, PartitionKey{range.last}));
  return scan(*rows_, keys::kStatus, lower, upper, [&](std::string_view key, std::string_view row) {
    const auto id = keys::decode_status(key);
    const auto header = rows::decode_status_header(row);
    if (!id || !header) return Row::kCorrupt;
    return more(visit(*id, *header, row));
  });
}

Result<std::optional<wire::JournalEntry>> Tables::find_entry(const InvocationId& id,
                                                             std::uint32_t index) const {
  return find(*rows_, keys::kJournal, keys::journal(id, index), rows::decode_entry);
}

Result<void> Tables::scan_journal(const InvocationId& id, std::uint32_t from, std::uint32_t to,
                                  Visit<std::uint32_t, wire::JournalEntry&&> visit) const {
  return scan(*rows_, keys::kJournal, keys::journal(id, from), keys::journal(id, to),
              [&](std::string_view key, std::string_view row) {
                const auto at = keys::decode_journal(key);
                auto entry = rows::decode_entry(Bytes(row));
                if (!at || !entry) return Row::kCorrupt;
                return more(visit(at->index, std::move(*entry)));
              });
}

Result<void> Tables::scan_entries(const InvocationId& id, std::uint32_t from, std::uint32_t to,
                                  Visit<wire::EntryType, std::string_view> visit) const {
  return scan(*rows_, keys::kJournal, keys::journal(id, from), keys::journal(id, to),
              [&](std::string_view, std::string_view row) {
                const auto entry = rows::decode_entry(Bytes::literal(row));
                if (!entry) return Row::kCorrupt;
                return more(visit(entry->type, entry->body.view()));
              });
}

Result<std::optional<Announced>> Tables::find_announced(const InvocationId& id,
                                                        std::uint32_t completion) const {
  return find(*rows_, keys::kAnnounced, keys::announced(id, completion),
              [&](const Bytes& row) { return rows::decode_announced(completion, row); });
}

Result<void> Tables::scan_announced(const InvocationId& id, Visit<const Announced&> visit) const {
  return scan_prefix(*rows_, keys::kAnnounced, keys::of_invocation(keys::kAnnounced, id),
                     [&](std::string_view key, std::string_view row) {
                       const auto at = keys::decode_journal(key);
                       if (!at) return Row::kCorrupt;
                       const auto announced =
                           rows::decode_announced(at->index, Bytes::literal(row));
                       if (!announced) return Row::kCorrupt;
                       return more(visit(*announced));
                     });
}

Result<std::optional<Arrival>> Tables::find_arrival(
    const InvocationId& id, const wire::NotificationId& notification) const {
  return find(*rows_, keys::kArrivals, keys::arrival(id, notification),
              [&](const Bytes& row) { return rows::decode_arrival(notification, row); });
}

Result<void> Tables::scan_arrivals(const InvocationId& id, Visit<Arrival&&> visit) const {
  return scan_prefix(*rows_, keys::kArrivals, keys::of_invocation(keys::kArrivals, id),
                     [&](std::string_view key, std::string_view row) {
                       auto at = keys::decode_arrival(key);
                       if (!at) return Row::kCorrupt;
                       auto arrival =
                           rows::decode_arrival(std::move(at->notification), Bytes::literal(row));
                       if (!arrival) return Row::kCorrupt;
                       return more(visit(std::move(*arrival)));
                     });
}

Result<void> Tables::scan_events(const InvocationId& id, Visit<EventRow&&> visit) const {
  return scan_prefix(*rows_, keys::kEvents, keys::of_invocation(keys::kEvents, id),
                     [&](std::string_view key, std::string_view row) {
                       auto event = event_of(key, row);
                       if (!event) return Row::kCorrupt;
                       return more(visit(std::move(*event)));
                     });
}

Result<std::optional<EventRow>> Tables::newest_event(const InvocationId& id) const {
  const std::string first = keys::of_invocation(keys::kEvents, id);
  std::string end = storage::prefix_end(first);
  std::optional<EventRow> newest;
  // From the last row of one type to the last one of the type before.
  for (bool found = true; found;) {
    found = false;
    std::optional<Error> damage;
    storage::RowCallback last([&](std::string_view key, std::string_view row) {
      auto event = event_of(key, row);
      if (!event) {
        damage = rows::corrupt(keys::kEvents, key);
        return false;
      }
      found = true;
      end = keys::event(id, event->event.type, WallTime{0}, 0);
      if (!newest || newest->lsn < event->lsn) newest = std::move(*event);
      return false;
    });
    const std::string below = end;
    RESTATE_TRY_VOID(rows_->scan_reverse(first, below, last));
    if (damage) return std::move(*damage);
  }
  return newest;
}

Result<std::optional<Lock>> Tables::find_lock(const keys::ObjectRef& object) const {
  return find(*rows_, keys::kLocks, keys::lock(object), rows::decode_lock);
}

Result<void> Tables::scan_inbox(const keys::ObjectRef& object, std::uint64_t from,
                                Visit<InboxRow&&> visit) const {
  return scan(*rows_, keys::kInbox, keys::inbox(object, from),
              storage::prefix_end(keys::of_object(keys::kInbox, object)),
              [&](std::string_view key, std::string_view row) {
                auto at = keys::decode_inbox(key);
                auto entry = rows::decode_inbox(Bytes(row));
                if (!at || !entry) return Row::kCorrupt;
                return more(visit({std::move(at->object), at->sequence, std::move(*entry)}));
              });
}

Result<std::optional<Bytes>> Tables::find_state(const keys::ObjectRef& object,
                                                std::string_view key) const {
  return find(*rows_, keys::kState, keys::state(object, key), rows::decode_state);
}

Result<void> Tables::scan_state(const keys::ObjectRef& object,
                                Visit<std::string_view, Bytes&&> visit) const {
  const std::string prefix = keys::of_object(keys::kState, object);
  return scan_prefix(*rows_, keys::kState, prefix, [&](std::string_view key, std::string_view row) {
    auto value = rows::decode_state(Bytes(row));
    if (!value) return Row::kCorrupt;
    return more(visit(key.substr(prefix.size()), std::move(*value)));
  });
}

Result<std::optional<Promise>> Tables::find_promise(const keys::ObjectRef& object,
                                                    std::string_view key) const {
  return find(*rows_, keys::kPromises, keys::promise(object, key), rows::decode_promise);
}

Result<void> Tables::scan_promises(const keys::ObjectRef& object,
                                   Visit<std::string_view, Promise&&> visit) const {
  const std::string prefix = keys::of_object(keys::kPromises, object);
  return scan_prefix(*rows_, keys::kPromises, prefix,
                     [&](std::string_view key, std::string_view row) {
                       auto promise = rows::decode_promise(Bytes(row));
                       if (!promise) return Row::kCorrupt;
                       return more(visit(key.substr(prefix.size()), std::move(*promise)));
                     });
}

Result<std::optional<QueueEntry>> Tables::find_queue_entry(const InvocationId& id) const {
  return find(*rows_, keys::kQueueEntries, keys::queue_entry(id), rows::decode_queue_entry);
}

Result<std::optional<QueueMeta>> Tables::find_queue(const wire::QueueId& id) const {
  return find(*rows_, keys::kQueues, keys::queue(id), rows::decode_queue);
}

Result<void> Tables::scan_queues(KeyRange range,
                                 Visit<const wire::QueueId&, QueueMeta&&> visit) const {
  return scan_queues(range, std::nullopt, visit);
}

Result<void> Tables::scan_queues(KeyRange range, const std::optional<wire::QueueId>& after,
                                 Visit<const wire::QueueId&, QueueMeta&&> visit) const {
  const auto on_row = [&](std::string_view key, std::string_view row) {
    const auto id = keys::decode_queue(key);
    auto queue = rows::decode_queue(Bytes::literal(row));
    if (!id || !queue) return Row::kCorrupt;
    return more(visit(*id, std::move(*queue)));
  };
  if (after) return scan_keys_behind(*rows_, keys::kQueues, keys::queue(*after), range, on_row);
  return scan_keys(*rows_, keys::kQueues, range, on_row);
}

Result<void> Tables::scan_queue_entries(KeyRange range,
                                        Visit<const InvocationId&, QueueEntry&&> visit) const {
  return scan_keys(*rows_, keys::kQueueEntries, range,
                   [&](std::string_view key, std::string_view row) {
                     const auto id = keys::decode_queue_entry(key);
                     auto entry = rows::decode_queue_entry(Bytes::literal(row));
                     if (!id || !entry) return Row::kCorrupt;
                     return more(visit(*id, std::move(*entry)));
                   });
}

Result<void> Tables::scan_queue_places(std::string_view tag, KeyRange range,
                                       Visit<const wire::QueuePlace&> visit) const {
  return scan_queue_places(tag, range, std::nullopt, visit);
}

Result<void> Tables::scan_queue_places(std::string_view tag, KeyRange range,
                                       const std::optional<wire::QueuePlace>& after,
                                       Visit<const wire::QueuePlace&> visit) const {
  const auto on_row = [&](std::string_view key, std::string_view) {
    const auto place = keys::decode_queue_place(key);
    if (!place) return Row::kCorrupt;
    return more(visit(*place));
  };
  if (after) return scan_keys_behind(*rows_, tag, keys::queue_place(tag, *after), range, on_row);
  return scan_keys(*rows_, tag, range, on_row);
}

Result<void> Tables::scan_queue_inbox(const wire::QueueId& id, bool fresh,
                                      const std::optional<wire::QueuePlace>& after,
                                      Visit<const wire::QueuePlace&> visit) const {
  const std::string prefix = keys::of_queue(keys::kQueueInbox, id, fresh);
  // Keys of one table have one length: behind a key is the key and a zero.
  const std::string lower =
      after ? keys::queue_place(keys::kQueueInbox, *after) + std::string(1, '\0') : prefix;
  return scan(*rows_, keys::kQueueInbox, lower, storage::prefix_end(prefix),
              [&](std::string_view key, std::string_view) {
                const auto place = keys::decode_queue_place(key);
                if (!place) return Row::kCorrupt;
                return more(visit(*place));
              });
}

Result<void> Tables::scan_timers(const std::optional<wire::TimerKey>& from,
                                 Visit<TimerRow&&> visit) const {
  const std::string prefix = keys::of_partition(keys::kTimers, partition_);
  return scan(*rows_, keys::kTimers, from ? keys::timer(partition_, *from) : prefix,
              storage::prefix_end(prefix), [&](std::string_view key, std::string_view row) {
                const auto at = keys::decode_timer(key);
                auto timer = rows::decode_timer(Bytes::literal(row));
                if (!at || !timer || timer->key.invocation.key != at->invocation.key) {
                  return Row::kCorrupt;
                }
                timer->key = *at;
                return more(visit(std::move(*timer)));
              });
}

Result<void> Tables::scan_outbox(std::uint64_t from,
                                 Visit<std::uint64_t, wire::OutboxMessage&&> visit) const {
  return scan(*rows_, keys::kOutbox, keys::outbox(partition_, from),
              storage::prefix_end(keys::of_partition(keys::kOutbox, partition_)),
              [&](std::string_view key, std::string_view row) {
                const auto sequence = keys::decode_outbox(key);
                auto message = rows::decode_outbox(Bytes(row));
                if (!sequence || !message) return Row::kCorrupt;
                return more(visit(*sequence, std::move(*message)));
              });
}

Result<std::optional<std::uint64_t>> Tables::number(keys::Variable variable) const {
  return find(*rows_, keys::kFsm, keys::variable(partition_, variable), rows::decode_number);
}

Result<std::uint64_t> Tables::outbox_head() const {
  RESTATE_TRY(const auto head, number(keys::Variable::kOutboxHead));
  return head.value_or(0);
}

Result<std::uint64_t> Tables::outbox_tail() const {
  RESTATE_TRY(const auto tail, number(keys::Variable::kOutboxSequence));
  return tail.value_or(0);
}

Result<std::optional<std::uint64_t>> Tables::applied_lsn() const {
  return number(keys::Variable::kAppliedLsn);
}

Result<std::optional<Barrier>> Tables::barrier() const {
  return find(*rows_, keys::kFsm, keys::variable(partition_, keys::Variable::kBarrier),
              rows::decode_barrier);
}

Result<std::optional<wire::UpdateDurability>> Tables::durability() const {
  return find(*rows_, keys::kFsm, keys::variable(partition_, keys::Variable::kDurability),
              rows::decode_durability);
}

Result<std::optional<Seal>> Tables::seal() const {
  return find(*rows_, keys::kFsm, keys::variable(partition_, keys::Variable::kSeal),
              rows::decode_seal);
}

Result<std::optional<StoredSchema>> Tables::schema() const {
  return find(*rows_, keys::kFsm, keys::variable(partition_, keys::Variable::kSchema),
              rows::decode_schema);
}

Result<std::optional<StoredRuleBook>> Tables::rule_book() const {
  return find(*rows_, keys::kFsm, keys::variable(partition_, keys::Variable::kRuleBook),
              rows::decode_rule_book);
}

Result<std::optional<wire::AnnounceLeader>> Tables::leader() const {
  return find(*rows_, keys::kFsm, keys::variable(partition_, keys::Variable::kLeader),
              rows::decode_leader);
}

Result<Features> Tables::features() const {
  RESTATE_TRY(const auto bits, number(keys::Variable::kFeatures));
  return bits ? Features::from_bits(*bits) : Features();
}

}  // namespace restate::partition
