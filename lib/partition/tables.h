#pragma once

/// \file
/// A partition's tables, read with types: by the state machine over its uncommitted rows, by
/// leaders that rebuild their work, by the invoker and the query layer over snapshots.

#include "common/visibility.h"
#include "partition/keys.h"
#include "partition/status.h"

#include <restate/partition/actions.h>
#include <restate/storage/view.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace restate::partition {

/// A borrowed callable, called per row; answers false to stop the scan.
template <class... Args>
class Visit {
 public:
  template <class F>
  requires(std::is_invocable_r_v<bool, F&, Args...> &&
           !std::is_same_v<std::remove_cvref_t<F>, Visit>) Visit(F&& callable)  // NOLINT
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Args... args) -> bool {
          return (*static_cast<std::remove_reference_t<F>*>(object))(static_cast<Args>(args)...);
        }) {}
  bool operator()(Args... args) const { return call_(object_, static_cast<Args>(args)...); }

 private:
  void* object_;
  bool (*call_)(void*, Args...);
};

/// Reads decode what the view returns. Errors: those of the view, and `kCorrupt` for a row that is
/// none. Scans must not change what they scan. As cheap to make as to copy.
class RESTATE_HIDDEN Tables {
 public:
  /// `rows` outlives this.
  Tables(PartitionId partition, const storage::View& rows) : partition_(partition), rows_(&rows) {}

  PartitionId partition() const { return partition_; }

  // Invocations.
  Result<std::optional<InvocationStatus>> find_invocation(const InvocationId& id) const;
  /// The greatest uuid of the invocations with one key, of those below `end`; nothing: there is none.
  Result<std::optional<Uuid>> find_last_uuid(PartitionKey key, const Uuid& end) const;
  /// Every invocation with a key in `keys`, in order of its id. The value is the encoded row: see
  /// `rows::decode_status`, for those that the header makes interesting.
  Result<void> scan_invocations(
      KeyRange keys, Visit<const InvocationId&, const StatusHeader&, std::string_view> visit) const;
  /// The same from behind `after` on.
  Result<void> scan_invocations(
      KeyRange keys, const std::optional<InvocationId>& after,
      Visit<const InvocationId&, const StatusHeader&, std::string_view> visit) const;

  // Journals.
  Result<std::optional<wire::JournalEntry>> find_entry(const InvocationId& id,
                                                       std::uint32_t index) const;
  /// Entries of [from, to), in order.
  Result<void> scan_journal(const InvocationId& id, std::uint32_t from, std::uint32_t to,
                            Visit<std::uint32_t, wire::JournalEntry&&> visit) const;
  /// The same, but only what a replay needs; the body is valid during the call.
  Result<void> scan_entries(const InvocationId& id, std::uint32_t from, std::uint32_t to,
                            Visit<wire::EntryType, std::string_view> visit) const;
  Result<std::optional<Announced>> find_announced(const InvocationId& id,
                                                  std::uint32_t completion) const;
  Result<void> scan_announced(const InvocationId& id, Visit<const Announced&> visit) const;
  Result<std::optional<Arrival>> find_arrival(const InvocationId& id,
                                              const wire::NotificationId& notification) const;
  /// The notification index: completions, then signals by index, then signals by name.
  Result<void> scan_arrivals(const InvocationId& id, Visit<Arrival&&> visit) const;
  Result<void> scan_events(const InvocationId& id, Visit<EventRow&&> visit) const;
  /// Of the last ones of each type, the one that was appended last.
  Result<std::optional<EventRow>> newest_event(const InvocationId& id) const;

  // Objects.
  Result<std::optional<Lock>> find_lock(const keys::ObjectRef& object) const;
  /// Entries of an object's inbox with a sequence of `from` or more.
  Result<void> scan_inbox(const keys::ObjectRef& object, std::uint64_t from,
                          Visit<InboxRow&&> visit) const;
  Result<std::optional<Bytes>> find_state(const keys::ObjectRef& object,
                                          std::string_view key) const;
  /// The whole state of an object, in byte order of its keys.
  Result<void> scan_state(const keys::ObjectRef& object,
                          Visit<std::string_view, Bytes&&> visit) const;
  Result<std::optional<Promise>> find_promise(const keys::ObjectRef& object,
                                              std::string_view key) const;
  Result<void> scan_promises(const keys::ObjectRef& object,
                             Visit<std::string_view, Promise&&> visit) const;

  // Queues.
  Result<std::optional<QueueEntry>> find_queue_entry(const InvocationId& id) const;
  Result<std::optional<QueueMeta>> find_queue(const wire::QueueId& id) const;
  /// Every queue with a key in `keys`, in order of ids; `after`: behind that one.
  Result<void> scan_queues(KeyRange keys,
                           Visit<const wire::QueueId&, QueueMeta&&> visit) const;
  Result<void> scan_queues(KeyRange keys, const std::optional<wire::QueueId>& after,
                           Visit<const wire::QueueId&, QueueMeta&&> visit) const;
  Result<void> scan_queue_entries(KeyRange keys,
                                  Visit<const InvocationId&, QueueEntry&&> visit) const;
  /// The rows of `keys::kQueueInbox` or `keys::kQueueRunning`, queue by queue; `after`: behind that
  /// place.
  Result<void> scan_queue_places(std::string_view tag, KeyRange keys,
                                 Visit<const wire::QueuePlace&> visit) const;
  Result<void> scan_queue_places(std::string_view tag, KeyRange keys,
                                 const std::optional<wire::QueuePlace>& after,
                                 Visit<const wire::QueuePlace&> visit) const;
  /// Who waits in one lane of a queue, in order; `after`: behind that place.
  Result<void> scan_queue_inbox(const wire::QueueId& id, bool fresh,
                                const std::optional<wire::QueuePlace>& after,
                                Visit<const wire::QueuePlace&> visit) const;

  // The partition.
  /// Timers from `from` on, that one included; from the first one if there is none given.
  Result<void> scan_timers(const std::optional<wire::TimerKey>& from,
                           Visit<TimerRow&&> visit) const;
  /// Messages of the outbox with a sequence of `from` or more, in order.
  Result<void> scan_outbox(std::uint64_t from,
                           Visit<std::uint64_t, wire::OutboxMessage&&> visit) const;
  /// The first message not truncated is `outbox_head` or later; the next new one is `outbox_tail`.
  Result<std::uint64_t> outbox_head() const;
  Result<std::uint64_t> outbox_tail() const;
  Result<std::optional<std::uint64_t>> applied_lsn() const;
  Result<std::optional<Barrier>> barrier() const;
  Result<std::optional<wire::UpdateDurability>> durability() const;
  /// Of this copy of the tables: with one they are not to be used.
  Result<std::optional<Seal>> seal() const;
  Result<std::optional<StoredSchema>> schema() const;
  Result<std::optional<StoredRuleBook>> rule_book() const;
  Result<std::optional<wire::AnnounceLeader>> leader() const;
  Result<Features> features() const;
  Result<std::optional<std::uint64_t>> number(keys::Variable variable) const;

  const storage::View& rows() const { return *rows_; }

 private:
  PartitionId partition_;
  const storage::View* rows_;
};

}  // namespace restate::partition
