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
      if (!visitor.row(at->first, at->second.view())) break;
    }
    return {};
  }
  Result<void> scan_reverse(std::string_view lower, std::string_view upper,
                            storage::RowVisitor& visitor) const override {
    auto at = upper.empty() ? rows_.end() : rows_.lower_bound(upper);
    while (at != rows_.begin()) {
      --at;
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

 private:
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

}  // namespace restate::testing
