#pragma once

/// \file
/// Everything a record may read and change: rows behind an overlay, and what is kept decoded until
/// a batch is taken. Changes of one row cost one encoding per batch where it is written often.

#include "partition/machine/live.h"
#include "partition/machine/overlay.h"
#include "partition/tables.h"

#include <restate/wire/commands.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace restate::partition {

class State {
 public:
  State(PartitionId partition, const storage::View& rows);
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  /// Reads counters and settings. `kCorrupt`: rows, but no applied LSN, as when a copy
  /// of tables was read in only in part.
  Result<void> open();

  PartitionId partition() const { return partition_; }
  /// Rows as they would be if the batch ended here. Invocations that changed show their old row:
  /// ask `invocations`, or call `encode` first.
  const Tables& tables() const { return tables_; }

  Invocations invocations;

  // Journals. The caller changes the status; these change rows and the indexes in memory.
  void put_entry(const InvocationId& id, std::uint32_t index, const wire::JournalEntry& entry);
  void put_announced(Live& live, const Announced& row);
  void put_arrival(Live& live, const Arrival& row);
  void put_event(const InvocationId& id, const EventRow& row);
  /// Deletes journal, indexes and events. Does not change the status.
  Result<void> erase_journal(Live& live);

  // Objects.
  void put_lock(const keys::ObjectRef& object, const Lock& lock);
  void erase_lock(const keys::ObjectRef& object);
  void put_inbox(const keys::ObjectRef& object, std::uint64_t sequence, const InboxEntry& entry);
  void erase_inbox(const keys::ObjectRef& object, std::uint64_t sequence);
  void put_state(const keys::ObjectRef& object, std::string_view key, const Bytes& value);
  void erase_state(const keys::ObjectRef& object, std::string_view key);
  Result<void> erase_all_state(const keys::ObjectRef& object);
  void put_promise(const keys::ObjectRef& object, std::string_view key, const Promise& promise);
  Result<void> erase_all_promises(const keys::ObjectRef& object);

  // Queues.
  void put_queue(const wire::QueueId& id, const QueueMeta& queue);
  void erase_queue(const wire::QueueId& id);
  void put_queue_entry(const InvocationId& id, const QueueEntry& entry);
  void erase_queue_entry(const InvocationId& id);
  /// In `keys::kQueueInbox` or `keys::kQueueRunning`.
  void put_place(std::string_view tag, const wire::QueuePlace& place);
  void erase_place(std::string_view tag, const wire::QueuePlace& place);

  // The partition.
  void put_timer(const TimerRow& timer);
  void erase_timer(const wire::TimerKey& key);
  Result<bool> has_timer(const TimerRow& timer) const;
  /// Answers the message's sequence.
  std::uint64_t push_outbox(const wire::OutboxMessage& message);
  void truncate_outbox(std::uint64_t index);
  std::uint64_t next_inbox_sequence();

  /// True if the record was applied before.
  Result<bool> seen(const wire::Dedup& dedup);
  void remember(const wire::Dedup& dedup);

  std::uint64_t applied() const { return applied_; }
  void set_applied(std::uint64_t lsn);
  const Features& features() const { return features_; }
  void set_features(Features features);
  const std::optional<Barrier>& barrier() const { return barrier_; }
  void set_barrier(Barrier barrier);
  std::uint64_t schema_version() const { return schema_version_; }
  void set_schema(const StoredSchema& schema);
  std::uint64_t rule_book_version() const { return rule_book_version_; }
  void set_rule_book(const StoredRuleBook& rules);
  const std::optional<wire::UpdateDurability>& durability() const { return durability_; }
  void set_durability(const wire::UpdateDurability& durability);
  const std::optional<wire::AnnounceLeader>& leader() const { return leader_; }
  void set_leader(const wire::AnnounceLeader& leader);

  /// Writes what is only decoded into the overlay.
  void encode();
  /// Encodes, and appends every change since `committed` to `batch`.
  void take_batch(storage::Batch& batch);
  void committed();
  /// Of the rows in the overlay.
  std::size_t batch_bytes() const { return overlay_.bytes(); }

 private:
  /// True: rows that no partition has before it applies its first record.
  Result<bool> holds_rows() const;
  void put_variable(keys::Variable variable, std::string value);
  void put_number(keys::Variable variable, std::uint64_t value);

  PartitionId partition_;
  Overlay overlay_;
  Tables tables_;

  bool fresh_ = true;  // nothing was ever committed
  std::uint64_t applied_ = 0;
  std::uint64_t inbox_sequence_ = 0;
  std::uint64_t outbox_sequence_ = 0;
  std::uint64_t outbox_head_ = 0;
  bool counters_changed_ = false;
  bool applied_changed_ = false;

  // High-water marks of other producers, by key, as far as they were asked for. Nothing: none yet.
  struct Mark {
    std::optional<std::uint64_t> sequence;
    bool changed = false;
  };
  Result<Mark*> find_mark(std::string key);
  std::map<std::string, Mark> marks_;
  std::optional<wire::SelfDedup> self_;
  bool self_changed_ = false;

  Features features_;
  std::optional<Barrier> barrier_;
  std::uint64_t schema_version_ = 0;
  std::uint64_t rule_book_version_ = 0;
  std::optional<wire::UpdateDurability> durability_;
  std::optional<wire::AnnounceLeader> leader_;
};

}  // namespace restate::partition
