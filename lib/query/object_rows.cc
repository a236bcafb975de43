#include "query/entry_json.h"
#include "query/fields.h"
#include "query/row_source.h"

#include "common/utf8.h"
#include "partition/keys.h"
#include "partition/rows.h"

namespace restate::query {
namespace {

namespace keys = partition::keys;
namespace rows = partition::rows;

/// The columns that name an object, whatever belongs to it.
template <class Row>
constexpr Field<Row> kObjectFields[] = {
    {"partition_key", [](const Row& r, Cell c) { c.number(r.object.partition_key.value); }},
    {"scope", [](const Row& r, Cell c) { c.opt_text(r.object.scope); }},
    {"service_name", [](const Row& r, Cell c) { c.text(r.object.service); }},
    {"service_key", [](const Row& r, Cell c) { c.text(r.object.key); }},
};

void put_if_text(std::string_view bytes, Cell cell) {
  if (is_utf8(bytes)) cell.text(bytes);
}

struct StateRow {
  const partition::ObjectKey& object;
  std::string_view key;
  std::string_view value;
};

constexpr Field<StateRow> kStateFields[] = {
    {"key", [](const StateRow& r, Cell c) { put_if_text(r.key, c); }},
    {"key_length", [](const StateRow& r, Cell c) { c.number(r.key.size()); }},
    {"value_utf8", [](const StateRow& r, Cell c) { put_if_text(r.value, c); }},
    {"value", [](const StateRow& r, Cell c) { c.binary(r.value); }},
    {"value_length", [](const StateRow& r, Cell c) { c.number(r.value.size()); }},
};

struct PromiseRow {
  const partition::ObjectKey& object;
  std::string_view key;
  const partition::Promise& promise;
};

/// Null unless it was completed with a value.
const Bytes* value_of(const PromiseRow& row) {
  return row.promise.result ? std::get_if<Bytes>(&*row.promise.result) : nullptr;
}

constexpr Field<PromiseRow> kPromiseFields[] = {
    {"key", [](const PromiseRow& r, Cell c) { c.text(r.key); }},
    {"completed", [](const PromiseRow& r, Cell c) { c.boolean(r.promise.result.has_value()); }},
    {"completion_success_value",
     [](const PromiseRow& r, Cell c) {
       if (const Bytes* value = value_of(r)) c.binary(value->view());
     }},
    {"completion_success_value_utf8",
     [](const PromiseRow& r, Cell c) {
       if (const Bytes* value = value_of(r)) put_if_text(value->view(), c);
     }},
    {"completion_failure",
     [](const PromiseRow& r, Cell c) {
       if (!r.promise.result) return;
       const auto* failure = std::get_if<wire::Failure>(&*r.promise.result);
       if (failure != nullptr) c.text(named_failure_text(*failure));
     }},
};

struct InboxRow {
  const partition::ObjectKey& object;
  std::uint64_t sequence;
  const InvocationId& invocation;
};

constexpr Field<InboxRow> kInboxFields[] = {
    {"id", [](const InboxRow& r, Cell c) { c.text(r.invocation.str()); }},
    {"sequence_number", [](const InboxRow& r, Cell c) { c.number(r.sequence); }},
};

struct LockRow {
  const partition::ObjectKey& object;
  const InvocationId& holder;
};

constexpr Field<LockRow> kHolderFields[] = {
    {"invocation_id", [](const LockRow& r, Cell c) { c.text(r.holder.str()); }},
};

constexpr Field<LockRow> kLockFields[] = {
    {"lock_name", [](const LockRow& r, Cell c) { c.text(r.object.service + "/" + r.object.key); }},
    {"acquired_by", [](const LockRow& r, Cell c) { c.text(r.holder.str()); }},
};

/// `Decode` takes a key and a value apart and calls `then(row)`.
template <class Row, class Decode>
class ObjectRows final : public StoredRows {
 public:
  ObjectRows(TableId id, Columns columns, std::span<const Field<Row>> fields)
      : object_(table(id), columns, kObjectFields<Row>), own_(table(id), columns, fields) {}

  std::string_view tag() const override { return Decode::kTag; }

  Outcome put(const PartitionInput& partition, std::string_view key, std::string_view value,
              RowSink& sink, Memo*) const override {
    if (Decode::kOnlyScoped && !partition.scoped) return Outcome::kNoRow;
    return Decode::decode(key, Bytes::literal(value), [&](const Row& row) {
      object_.put(row, sink);
      own_.put(row, sink);
      sink.end_row();
      return Outcome::kRow;
    });
  }

 private:
  const Projection<Row> object_;
  const Projection<Row> own_;
};

using Outcome = StoredRows::Outcome;

/// What every table but one does.
struct AlwaysShown {
  static constexpr bool kOnlyScoped = false;
};

struct DecodeState : AlwaysShown {
  static constexpr std::string_view kTag = keys::kState;
  template <class Then>
  static Outcome decode(std::string_view key, const Bytes& value, Then then) {
    const auto at = keys::decode_object_row(key);
    const auto state = rows::decode_state(value);
    if (!at || !state) return Outcome::kCorrupt;
    return then({at->object, at->name, state->view()});
  }
};

struct DecodePromise : AlwaysShown {
  static constexpr std::string_view kTag = keys::kPromises;
  template <class Then>
  static Outcome decode(std::string_view key, const Bytes& value, Then then) {
    const auto at = keys::decode_object_row(key);
    const auto promise = rows::decode_promise(value);
    if (!at || !promise) return Outcome::kCorrupt;
    return then({at->object, at->name, *promise});
  }
};

struct DecodeInbox : AlwaysShown {
  static constexpr std::string_view kTag = keys::kInbox;
  template <class Then>
  static Outcome decode(std::string_view key, const Bytes& value, Then then) {
    const auto at = keys::decode_inbox(key);
    const auto entry = rows::decode_inbox(value);
    if (!at || !entry) return Outcome::kCorrupt;
    const auto* invocation = std::get_if<InvocationId>(&*entry);
    // Changes of state wait in the same queue, and are not shown.
    if (invocation == nullptr) return Outcome::kNoRow;
    return then({at->object, at->sequence, *invocation});
  }
};

struct DecodeHolder : AlwaysShown {
  static constexpr std::string_view kTag = keys::kLocks;
  template <class Then>
  static Outcome decode(std::string_view key, const Bytes& value, Then then) {
    const auto object = keys::decode_lock(key);
    const auto lock = rows::decode_lock(value);
    if (!object || !lock) return Outcome::kCorrupt;
    return then({*object, lock->holder});
  }
};

/// The table of flow control: without it, it is empty.
struct DecodeLock : DecodeHolder {
  static constexpr bool kOnlyScoped = true;
};

}  // namespace

std::unique_ptr<StoredRows> make_state_rows(Columns columns) {
  return std::make_unique<ObjectRows<StateRow, DecodeState>>(TableId::kState, columns,
                                                             kStateFields);
}

std::unique_ptr<StoredRows> make_promise_rows(Columns columns) {
  return std::make_unique<ObjectRows<PromiseRow, DecodePromise>>(TableId::kPromise, columns,
                                                                 kPromiseFields);
}

std::unique_ptr<StoredRows> make_inbox_rows(Columns columns) {
  return std::make_unique<ObjectRows<InboxRow, DecodeInbox>>(TableId::kInbox, columns,
                                                             kInboxFields);
}

std::unique_ptr<StoredRows> make_holder_rows(Columns columns) {
  return std::make_unique<ObjectRows<LockRow, DecodeHolder>>(TableId::kKeyedServiceStatus, columns,
                                                             kHolderFields);
}

std::unique_ptr<StoredRows> make_lock_rows(Columns columns) {
  return std::make_unique<ObjectRows<LockRow, DecodeLock>>(TableId::kLocks, columns, kLockFields);
}

}  // namespace restate::query
