#pragma once

// A partition's state machine over rows in a map, driven record by record: what unit tests,
// transcripts and random tests of the machine share.

#include "partition/machine/overlay.h"
#include "partition/tables.h"
#include "wire/entry.h"

#include <restate/partition/machine.h>
#include <restate/storage/batch.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace restate::testing {

/// Committed rows.
class MapView final : public storage::View {
 public:
  Result<std::optional<Bytes>> get(std::string_view key) const override {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return std::optional<Bytes>();
    return std::optional<Bytes>(found->second);
  }
  Result<void> scan(std::string_view lower, std::string_view upper,
                    storage::RowVisitor& visitor) const override {
    for (auto at = rows_.lower_bound(lower); at != rows_.end(); ++at) {
      if (!upper.empty() && at->first >= upper) break;
      ++visited_;
      if (!visitor.row(at->first, at->second.view())) break;
    }
    return {};
  }
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            storage::RowVisitor& visitor) const override {
    auto at = upper.empty() ? rows_.end() : rows_.lower_bound(upper);
    while (at != rows_.begin()) {
      --at;
      ++visited_;
      if (at->first < lower || !visitor.row(at->first, at->second.view())) break;
    }
    return {};
  }
  void commit(const storage::Batch& batch) {
    for (const auto& op : batch.operations()) {
      if (op.erase) {
        rows_.erase(std::string(batch.key(op)));
      } else {
        rows_.insert_or_assign(std::string(batch.key(op)), Bytes(batch.value(op)));
      }
    }
  }
  void put(std::string key, Bytes value) {
    rows_.insert_or_assign(std::move(key), std::move(value));
  }
  const std::map<std::string, Bytes, std::less<>>& rows() const { return rows_; }
  bool operator==(const MapView& other) const { return rows_ == other.rows_; }
  /// Rows that scans have seen so far.
  std::uint64_t visited() const { return visited_; }

 private:
  mutable std::uint64_t visited_ = 0;
  std::map<std::string, Bytes, std::less<>> rows_;
};

/// A record before the log has given it a place.
struct Record {
  wire::Command command;
  wire::Dedup dedup;
};

/// One partition with key range and id as given. Each `apply` is one record in one batch, a
/// millisecond after the one before.
class TestPartition {
 public:
  explicit TestPartition(PartitionId id = {}, KeyRange keys = {}) : id_(id), keys_(keys) {
    reopen();
  }

  /// Throws nothing away but the memory of the process.
  void reopen() {
    machine_ = std::make_unique<partition::Machine>(id_, keys_, rows_);
    machine_->open().value();
  }

  partition::Actions apply(wire::Command command, wire::Dedup dedup = {}) {
    std::vector<Record> one;
    one.push_back({std::move(command), dedup});
    return apply_batch(one);
  }
  partition::Actions apply_batch(const std::vector<Record>& records) {
    partition::Actions actions;
    for (const auto& record : records) {
      applied_ = try_apply({record.dedup, record.command}, actions).value();
    }
    commit();
    return actions;
  }
  Result<partition::Applied> try_apply(const wire::Envelope& envelope,
                                       partition::Actions& actions) {
    now_.ms += 1;
    return machine_->apply(++lsn_, now_, envelope, actions);
  }
  void commit() {
    storage::Batch batch;
    machine_->take_batch(batch);
    rows_.commit(batch);
    machine_->committed();
    last_batch_ = std::move(batch);
  }

  partition::Tables tables() const { return partition::Tables(id_, rows_); }
  std::optional<partition::InvocationStatus> status(const InvocationId& id) const {
    return tables().find_invocation(id).value();
  }
  /// What starts an attempt of an invocation that is there, reading its journal.
  partition::InvokeAction started(const InvocationId& id) const {
    const auto found = status(id).value();
    return {id, found.target, {}, found.incarnation};
  }
  std::vector<wire::JournalEntry> journal(const InvocationId& id) const {
    std::vector<wire::JournalEntry> entries;
    tables()
        .scan_journal(id, 0, UINT32_MAX,
                      [&](std::uint32_t, wire::JournalEntry&& entry) {
                        entries.push_back(std::move(entry));
                        return true;
                      })
        .value();
    return entries;
  }
  /// Messages that wait in the outbox.
  std::vector<wire::OutboxMessage> outbox() const {
    std::vector<wire::OutboxMessage> messages;
    tables()
        .scan_outbox(0,
                     [&](std::uint64_t, wire::OutboxMessage&& message) {
                       messages.push_back(std::move(message));
                       return true;
                     })
        .value();
    return messages;
  }
  /// The state of an object, or of a workflow key.
  std::map<std::string, std::string> state(const wire::InvocationTarget& target,
                                           PartitionKey key = PartitionKey{7}) const {
    std::map<std::string, std::string> found;
    tables()
        .scan_state({key, target},
                    [&](std::string_view name, Bytes&& value) {
                      found.emplace(name, value.str());
                      return true;
                    })
        .value();
    return found;
  }
  /// Delivers the outbox from `from` on to this same partition, until it is empty, as a shuffle
  /// would. Answers the actions.
  partition::Actions deliver_all() {
    partition::Actions all;
    while (true) {
      std::optional<Record> record;
      tables()
          .scan_outbox(delivered_,
                       [&](std::uint64_t at, wire::OutboxMessage&& message) {
                         const wire::PartitionDedup dedup{id_, at};
                         delivered_ = at + 1;
                         std::visit(
                             [&](auto&& m) {
                               record = Record{wire::Command(std::move(m)), dedup};
                             },
                             message);
                         return false;
                       })
          .value();
      if (!record) return all;
      for (auto& action : apply(std::move(record->command), record->dedup)) {
        all.push_back(std::move(action));
      }
    }
  }
  /// Rows of one table.
  std::size_t count(std::string_view tag) const {
    std::size_t found = 0;
    for (const auto& [key, value] : rows_.rows()) found += key.starts_with(tag) ? 1 : 0;
    return found;
  }

  partition::Machine& machine() { return *machine_; }
  MapView& rows() { return rows_; }
  const MapView& rows() const { return rows_; }
  const storage::Batch& last_batch() const { return last_batch_; }
  const partition::Applied& applied() const { return applied_; }
  PartitionId id() const { return id_; }
  std::uint64_t lsn() const { return lsn_; }
  WallTime now() const { return now_; }
  void set_now(WallTime now) { now_ = now; }

 private:
  PartitionId id_;
  KeyRange keys_;
  MapView rows_;
  std::unique_ptr<partition::Machine> machine_;
  storage::Batch last_batch_;
  partition::Applied applied_;
  std::uint64_t lsn_ = 0;
  std::uint64_t delivered_ = 0;
  WallTime now_{1000};
};

// --- Making things
// --------------------------------------------------------------------------------

/// A made-up id: `number` tells them apart, `key` places them.
inline InvocationId make_id(std::uint8_t number, std::uint64_t key = 7) {
  InvocationId id;
  id.key.value = key;
  id.uuid.bytes[15] = number;
  return id;
}

inline RequestId make_request(std::uint8_t number) {
  RequestId request;
  request.uuid.bytes[0] = 0xee;
  request.uuid.bytes[15] = number;
  return request;
}

inline DeploymentId make_deployment(std::uint8_t number) {
  DeploymentId id;
  id.ulid.bytes[15] = number;
  return id;
}

inline wire::InvocationTarget service(std::string name = "Greeter", std::string handler = "greet") {
  return {wire::ServiceType::kService,
          wire::HandlerType::kPlain,
          std::move(name),
          "",
          std::move(handler),
          std::nullopt};
}
inline wire::InvocationTarget object(std::string key, bool exclusive = true,
                                     std::string name = "Counter", std::string handler = "add") {
  return {wire::ServiceType::kVirtualObject,
          exclusive ? wire::HandlerType::kExclusive : wire::HandlerType::kShared,
          std::move(name),
          std::move(key),
          std::move(handler),
          std::nullopt};
}
inline wire::InvocationTarget workflow(std::string key, bool run = true,
                                       std::string name = "Signup") {
  return {wire::ServiceType::kWorkflow,
          run ? wire::HandlerType::kWorkflow : wire::HandlerType::kShared,
          std::move(name),
          std::move(key),
          run ? "run" : "look",
          std::nullopt};
}

struct InvokeOptions {
  std::optional<RequestId> reply;  ///< an ingress sink, and the source of the invocation
  std::optional<RequestId> submit;
  std::optional<WallTime> at;
  wire::Retention retention;
  std::optional<std::string> idempotency_key;
  Bytes argument = "in";
};
inline wire::Invoke invoke(const InvocationId& id, wire::InvocationTarget target,
                           InvokeOptions options = {}) {
  wire::ServiceInvocation invocation;
  invocation.id = id;
  invocation.target = std::move(target);
  invocation.argument = options.argument;
  invocation.source.kind = wire::Source::Kind::kIngress;
  invocation.source.request = options.reply ? options.reply : options.submit;
  if (options.reply) invocation.response_sink = wire::IngressSink{*options.reply};
  invocation.submit_notification = options.submit;
  invocation.execution_time = options.at;
  invocation.retention = options.retention;
  invocation.idempotency_key = std::move(options.idempotency_key);
  return {std::move(invocation)};
}

inline wire::InvokerEffect effect(const InvocationId& id, wire::Effect what) {
  return {id, std::move(what)};
}
inline wire::InvokerEffect entry(const InvocationId& id, wire::EntryType type,
                                 const wire::EntryContent& content,
                                 std::optional<std::uint32_t> ack = std::nullopt) {
  wire::NewEntry entry;
  entry.type = type;
  entry.body = wire::encode_entry(type, content);
  entry.command_to_ack = ack;
  return {id, std::move(entry)};
}
inline wire::InvokerEffect output(const InvocationId& id, wire::InvocationResult result,
                                  std::optional<std::uint32_t> ack = std::nullopt) {
  return entry(id, wire::EntryType::kOutput, wire::OutputEntry{std::move(result)}, ack);
}
inline wire::InvokerEffect suspended(const InvocationId& id,
                                     std::vector<wire::NotificationId> leaves,
                                     std::uint32_t delivered = 0) {
  wire::Suspended suspended;
  suspended.awaiting.leaves = std::move(leaves);
  suspended.delivered = delivered;
  return {id, std::move(suspended)};
}
inline wire::InvokerEffect ended(const InvocationId& id) { return {id, wire::Ended{}}; }

inline wire::InvokerEffect sleep(const InvocationId& id, std::uint32_t completion, WallTime until) {
  return entry(id, wire::EntryType::kSleep, wire::SleepEntry{until, {completion}});
}
inline wire::InvokerEffect run(const InvocationId& id, std::uint32_t completion) {
  return entry(id, wire::EntryType::kRun, wire::RunEntry{{completion}});
}
inline wire::InvokerEffect ran(const InvocationId& id, std::uint32_t completion,
                               wire::NotificationResult result) {
  constexpr auto kType = wire::EntryType::kRunCompletion;
  return entry(id, kType,
               wire::Notification{kType, wire::CompletionId{completion}, std::move(result)});
}
inline wire::InvokerEffect set_state(const InvocationId& id, Bytes key, Bytes value) {
  return entry(id, wire::EntryType::kSetState,
               wire::SetStateEntry{std::move(key), std::move(value)});
}
/// A call whose invocation id comes as completion `ids`, whose result as `completion`.
inline wire::InvokerEffect call(const InvocationId& id, std::uint32_t ids, std::uint32_t completion,
                                const InvocationId& callee, wire::InvocationTarget target) {
  auto made = entry(id, wire::EntryType::kCall, wire::CallEntry{{}, {ids}, {completion}});
  std::get<wire::NewEntry>(made.effect).call = wire::CallInfo{callee, std::move(target), {}, {}};
  return made;
}
inline wire::InvokerEffect one_way_call(const InvocationId& id, std::uint32_t ids,
                                        const InvocationId& callee, wire::InvocationTarget target,
                                        WallTime at = {}) {
  auto made = entry(id, wire::EntryType::kOneWayCall, wire::OneWayCallEntry{{}, at, {ids}});
  std::get<wire::NewEntry>(made.effect).call = wire::CallInfo{callee, std::move(target), {}, {}};
  return made;
}
inline wire::TimerFired sleep_over(const InvocationId& id, std::uint32_t completion, WallTime at,
                                   wire::Incarnation incarnation = {}) {
  return {{at, wire::TimerKind::kCompleteSleep, id, completion}, incarnation};
}
inline wire::TimerFired time_to_start(const InvocationId& id, WallTime at,
                                      wire::Incarnation incarnation = {}) {
  return {{at, wire::TimerKind::kStartScheduled, id, 0}, incarnation};
}
inline wire::NotifySignal signal(const InvocationId& id, std::uint32_t index,
                                 std::variant<wire::Void, Bytes, wire::Failure> result) {
  return {id, wire::SignalIndex{index}, std::move(result)};
}
inline wire::NotifySignal signal(const InvocationId& id, const char* name,
                                 std::variant<wire::Void, Bytes, wire::Failure> result) {
  return {id, wire::SignalName{name}, std::move(result)};
}
inline wire::Terminate kill(const InvocationId& id, std::optional<RequestId> request = {}) {
  return {id, wire::Terminate::Flavor::kKill, {}, request};
}
inline wire::Terminate cancel(const InvocationId& id, std::optional<RequestId> request = {}) {
  return {id, wire::Terminate::Flavor::kCancel, {}, request};
}
inline wire::PatchState patch(wire::InvocationTarget target, std::map<std::string, Bytes> state,
                              std::optional<std::string> version = {}) {
  target.handler.clear();
  return {std::move(target), make_id(1).key, std::move(version), std::move(state)};
}

/// The only action of a kind, or none.
template <class A>
const A* find_action(const partition::Actions& actions) {
  const A* found = nullptr;
  for (const auto& action : actions) {
    if (const auto* match = std::get_if<A>(&action)) {
      if (found != nullptr) return nullptr;
      found = match;
    }
  }
  return found;
}

template <class A>
std::size_t count_actions(const partition::Actions& actions) {
  std::size_t found = 0;
  for (const auto& action : actions) found += std::holds_alternative<A>(action) ? 1 : 0;
  return found;
}

}  // namespace restate::testing
