#include "query/fields.h"
#include "query/row_source.h"

#include "partition/keys.h"
#include "partition/rows.h"

#include <restate/assert.h>

#include <algorithm>
#include <array>
#include <map>

namespace restate::query {
namespace {

namespace keys = partition::keys;
namespace rows = partition::rows;
using partition::InvocationStatus;
using partition::QueueEntry;
using partition::QueueMeta;
using partition::QueueStage;

/// An entry with the invocation it stands for; that one only where a column needs it.
struct EntryRow {
  const InvocationId& id;
  const QueueEntry& entry;
  const std::optional<InvocationStatus>& invocation;

  std::string queue() const { return wire::QueueId{id.key, entry.queue}.str(); }
};

using Entry = EntryRow;

constexpr Field<Entry> kQueueEntryFields[] = {
    {"partition_key", [](const Entry& r, Cell c) { c.number(r.id.key.value); }},
    {"id", [](const Entry& r, Cell c) { c.text(r.queue()); }},
    {"vqueue_id", [](const Entry& r, Cell c) { c.text(r.queue()); }},
    {"entry_id", [](const Entry& r, Cell c) { c.text(r.id.str()); }},
    {"entry_kind", [](const Entry&, Cell c) { c.text("invocation"); }},
    {"stage", [](const Entry& r, Cell c) { c.text(partition::to_string(r.entry.stage)); }},
    {"status", [](const Entry& r, Cell c) { c.text(partition::to_string(r.entry.reason)); }},
    {"run_at", [](const Entry& r, Cell c) { c.time(r.entry.at.run_at); }},
    {"next_at",
     [](const Entry& r, Cell c) {
       if (r.entry.stage == QueueStage::kInbox) c.time(r.entry.at.run_at);
     }},
    {"sequence_number", [](const Entry& r, Cell c) { c.number(r.entry.at.sequence); }},
    {"num_attempts", [](const Entry& r, Cell c) { c.number(r.entry.runs); }},
    {"num_errors", [](const Entry& r, Cell c) { c.number(r.entry.retry.failed); }},
    {"retry_attempts", [](const Entry& r, Cell c) { c.number(r.entry.retry.attempts); }},
    {"retry_count_since_last_stored_command",
     [](const Entry& r, Cell c) { c.number(r.entry.retry.retries_since_command); }},
    // An object's lock comes first; only who has it joins a queue.
    {"has_lock",
     [](const Entry& r, Cell c) {
       if (r.invocation) c.boolean(r.invocation->target.exclusive());
     }},
    {"created_at",
     [](const Entry& r, Cell c) {
       if (r.invocation) c.time(r.invocation->timestamps.created);
     }},
    {"transitioned_at",
     [](const Entry& r, Cell c) {
       if (r.invocation) c.time(r.invocation->timestamps.modified);
     }},
    {"first_attempt_at",
     [](const Entry& r, Cell c) {
       if (r.invocation) c.opt_time(r.invocation->timestamps.running);
     }},
    {"deployment",
     [](const Entry& r, Cell c) {
       if (r.invocation && r.invocation->pinned) c.text(r.invocation->pinned->id.str());
     }},
};

bool needs_invocation(std::string_view name) {
  return name == "has_lock" || name == "created_at" || name == "transitioned_at" ||
         name == "first_attempt_at" || name == "deployment";
}

class QueueEntryRows final : public StoredRows {
 public:
  QueueEntryRows(const Table& table, Columns columns)
      : fields_(table, columns, kQueueEntryFields),
        with_invocation_(
            !fields_.all([](std::string_view name) { return !needs_invocation(name); })) {}

  std::string_view tag() const override { return keys::kQueueEntries; }

  Outcome put(const PartitionInput& partition, std::string_view key, std::string_view value,
              RowSink& sink, Memo*) const override {
    const auto id = keys::decode_queue_entry(key);
    const auto entry = rows::decode_queue_entry(Bytes::literal(value));
    if (!id || !entry) return Outcome::kCorrupt;
    std::optional<InvocationStatus> invocation;
    if (with_invocation_) {
      const auto row = partition.rows->get(keys::status(*id));
      if (!row || !*row) return Outcome::kCorrupt;
      invocation = rows::decode_status(**row);
      if (!invocation) return Outcome::kCorrupt;
    }
    fields_.put({*id, *entry, invocation}, sink);
    sink.end_row();
    return Outcome::kRow;
  }

 private:
  const Projection<EntryRow> fields_;
  const bool with_invocation_;
};

/// Entries by stage.
using Counts = std::array<std::uint64_t, 5>;

/// Who is next in a queue.
struct Head {
  InvocationId invocation;
  WallTime run_at;
};

struct QueueRow {
  const wire::QueueId& id;
  const QueueMeta& queue;
  const Counts& counts;
  const std::optional<Head>& head;
  /// The counter without room that it waits for.
  const PermitCounter* full;
  WallTime now;

  std::uint64_t in(QueueStage stage) const { return counts[static_cast<std::size_t>(stage)]; }
};

std::string_view scheduler_word(const QueueRow& row) {
  if (row.queue.paused) return "dormant";
  if (!row.head) return "empty";
  if (row.head->run_at > row.now) return "scheduled";
  return row.full != nullptr ? "blocked" : "ready";
}

using Queue = QueueRow;

constexpr Field<Queue> kQueueFields[] = {
    {"partition_key", [](const Queue& r, Cell c) { c.number(r.id.key.value); }},
    {"id", [](const Queue& r, Cell c) { c.text(r.id.str()); }},
    {"is_active", [](const Queue& r, Cell c) { c.boolean(r.queue.entries > 0); }},
    {"queue_is_paused", [](const Queue& r, Cell c) { c.boolean(r.queue.paused); }},
    {"service_name", [](const Queue& r, Cell c) { c.text(r.queue.service); }},
    {"scope", [](const Queue& r, Cell c) { c.text(r.queue.scope); }},
    {"limit_key",
     [](const Queue& r, Cell c) {
       if (!r.queue.limit_key.empty()) c.text(r.queue.limit_key);
     }},
    {"lock_name",
     [](const Queue& r, Cell c) {
       if (r.queue.object) c.text(r.queue.service + "/" + *r.queue.object);
     }},
    {"created_at", [](const Queue& r, Cell c) { c.time(r.queue.created); }},
    {"num_inbox", [](const Queue& r, Cell c) { c.number(r.in(QueueStage::kInbox)); }},
    {"num_running", [](const Queue& r, Cell c) { c.number(r.in(QueueStage::kRunning)); }},
    {"num_suspended", [](const Queue& r, Cell c) { c.number(r.in(QueueStage::kSuspended)); }},
    {"num_paused", [](const Queue& r, Cell c) { c.number(r.in(QueueStage::kPaused)); }},
    // Whatever is over has left its queue.
    {"num_finished", [](const Queue&, Cell c) { c.number(0); }},
    {"status", [](const Queue& r, Cell c) { c.text(scheduler_word(r)); }},
    {"head_entry_id",
     [](const Queue& r, Cell c) {
       if (r.head) c.text(r.head->invocation.str());
     }},
    {"scheduled_at",
     [](const Queue& r, Cell c) {
       if (r.head && r.head->run_at > r.now) c.time(r.head->run_at);
     }},
    {"blocked_on",
     [](const Queue& r, Cell c) {
       if (scheduler_word(r) == "blocked") c.text("concurrency rule " + r.full->rule.value_or(""));
     }},
};

bool is_in_queue_row(std::string_view name) {
  return name == "partition_key" || name == "id" || name == "is_active" ||
         name == "queue_is_paused" || name == "service_name" || name == "scope" ||
         name == "limit_key" || name == "lock_name" || name == "created_at" ||
         name == "num_finished";
}

/// The entries of all queues with one partition key, counted once: their rows lie together.
struct QueueMemo final : StoredRows::Memo {
  std::optional<PartitionKey> key;
  std::map<Uuid, Counts> queues;
};

class QueueRows final : public StoredRows {
 public:
  QueueRows(const Table& table, Columns columns, WallTime now)
      : fields_(table, columns, kQueueFields),
        row_is_enough_(fields_.all(is_in_queue_row)),
        now_(now) {}

  std::string_view tag() const override { return keys::kQueues; }
  std::unique_ptr<Memo> make_memo() const override { return std::make_unique<QueueMemo>(); }

  Outcome put(const PartitionInput& partition, std::string_view key, std::string_view value,
              RowSink& sink, Memo* memo) const override {
    const auto id = keys::decode_queue(key);
    const auto queue = rows::decode_queue(Bytes::literal(value));
    if (!id || !queue) return Outcome::kCorrupt;
    Counts counts{};
    std::optional<Head> head;
    const PermitCounter* full = nullptr;
    if (!row_is_enough_) {
      auto& known = static_cast<QueueMemo&>(*memo);
      if (known.key != id->key && !count(partition, id->key, known)) return Outcome::kCorrupt;
      const auto found = known.queues.find(id->digest);
      if (found != known.queues.end()) counts = found->second;
      if (!find_head(partition, *id, head)) return Outcome::kCorrupt;
      full = find_full(partition, *queue);
    }
    fields_.put({*id, *queue, counts, head, full, now_}, sink);
    sink.end_row();
    return Outcome::kRow;
  }

 private:
  /// False: a row is corrupt, or cannot be read.
  static bool count(const PartitionInput& partition, PartitionKey key, QueueMemo& memo) {
    memo.key = key;
    memo.queues.clear();
    bool good = true;
    const std::string lower = keys::of_partition_key(keys::kQueueEntries, key);
    storage::RowCallback visitor([&](std::string_view, std::string_view value) {
      const auto entry = rows::decode_queue_entry(Bytes::literal(value));
      good = entry.has_value();
      if (good) ++memo.queues[entry->queue][static_cast<std::size_t>(entry->stage)];
      return good;
    });
    return partition.rows->scan(lower, storage::prefix_end(lower), visitor) && good;
  }

  /// As the scheduler looks: who has run before goes first, unless only others are due.
  bool find_head(const PartitionInput& partition, const wire::QueueId& id,
                 std::optional<Head>& head) const {
    for (const bool fresh : {false, true}) {
      bool good = true;
      const std::string lower = keys::of_queue(keys::kQueueInbox, id, fresh);
      storage::RowCallback visitor([&](std::string_view key, std::string_view) {
        const auto place = keys::decode_queue_place(key);
        good = place.has_value();
        if (good && (!head || (head->run_at > now_ && place->at.run_at < head->run_at))) {
          head = Head{place->invocation, place->at.run_at};
        }
        return false;
      });
      if (!partition.rows->scan(lower, storage::prefix_end(lower), visitor) || !good) return false;
    }
    return true;
  }

  static const PermitCounter* find_full(const PartitionInput& partition, const QueueMeta& queue) {
    const std::string_view limit_key = queue.limit_key;
    const std::size_t slash = limit_key.find('/');
    const auto covers = [&](const PermitCounter& counter) {
      if (counter.scope != queue.scope) return false;
      if (counter.level1 && *counter.level1 != limit_key.substr(0, slash)) return false;
      return !counter.level2 ||
             (slash != std::string_view::npos && *counter.level2 == limit_key.substr(slash + 1));
    };
    const auto found = std::find_if(
        partition.permits.begin(), partition.permits.end(), [&](const PermitCounter& counter) {
          return counter.limit && counter.running >= *counter.limit && covers(counter);
        });
    return found == partition.permits.end() ? nullptr : &*found;
  }

  const Projection<QueueRow> fields_;
  const bool row_is_enough_;
  const WallTime now_;
};

}  // namespace

std::unique_ptr<StoredRows> make_queue_entry_rows(const Table& table, Columns columns) {
  return std::make_unique<QueueEntryRows>(table, columns);
}

std::unique_ptr<StoredRows> make_queue_rows(const Table& table, Columns columns, WallTime now) {
  return std::make_unique<QueueRows>(table, columns, now);
}

}  // namespace restate::query
