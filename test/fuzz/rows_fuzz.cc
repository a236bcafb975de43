// Rows and keys of the tables, as a damaged disk may give them back: decoding ends, and what was
// understood is written and understood the same way again.

#include "fuzz/fuzz.h"
#include "partition/keys.h"
#include "partition/rows.h"
#include "support/partition.h"

#include <cstdlib>

using namespace restate;
using namespace restate::partition;

namespace {

template <class Decode>
void round_trip(const Bytes& value, Decode decode) {
  const auto row = decode(value);
  if (!row) return;
  const auto again = decode(Bytes(rows::encode(*row)));
  if (!again || !(*again == *row)) std::abort();
}

/// A key that is understood says where it stands, and nothing else stands there.
template <class Decoded, class Encode>
void same_key(std::string_view key, const Decoded& decoded, Encode encode) {
  // The tag is not compared: some tables share a layout.
  if (decoded && encode(*decoded).substr(2) != key.substr(2)) std::abort();
}

void decode_key(std::string_view key) {
  (void)keys::decode_variable(key);
  (void)keys::decode_timer(key);
  (void)keys::decode_outbox(key);
  same_key(key, keys::decode_status(key), [](const InvocationId& id) { return keys::status(id); });
  same_key(key, keys::decode_journal(key),
           [](const keys::JournalKey& at) { return keys::journal(at.invocation, at.index); });
  same_key(key, keys::decode_arrival(key), [](const keys::ArrivalKey& at) {
    return keys::arrival(at.invocation, at.notification);
  });
  same_key(key, keys::decode_event(key), [](const keys::EventKey& at) {
    return keys::event(at.invocation, at.type, at.at, at.lsn);
  });
  same_key(key, keys::decode_lock(key), [](const ObjectKey& at) { return keys::lock(at); });
  same_key(key, keys::decode_inbox(key),
           [](const keys::InboxKey& at) { return keys::inbox(at.object, at.sequence); });
  same_key(key, keys::decode_object_row(key),
           [](const keys::ObjectRowKey& at) { return keys::state(at.object, at.name); });
}

void decode_value(unsigned kind, const Bytes& value) {
  switch (kind) {
    case 0: return round_trip(value, rows::decode_status);
    case 1: return round_trip(value, rows::decode_entry);
    case 2: return round_trip(value, [](const Bytes& v) { return rows::decode_announced(7, v); });
    case 3:
      return round_trip(value, [](const Bytes& v) {
        return rows::decode_arrival(wire::SignalName{"n"}, v);
      });
    case 4: return round_trip(value, rows::decode_event);
    case 5: return round_trip(value, rows::decode_lock);
    case 6: return round_trip(value, rows::decode_inbox);
    case 7: return round_trip(value, rows::decode_promise);
    case 8: return round_trip(value, rows::decode_timer);
    case 9: return round_trip(value, rows::decode_outbox);
    case 10: return round_trip(value, rows::decode_barrier);
    case 11: return round_trip(value, rows::decode_schema);
    case 12: return round_trip(value, rows::decode_durability);
    case 13: return round_trip(value, rows::decode_leader);
    case 14: {
      const auto state = rows::decode_state(value);
      if (state && rows::decode_state(rows::encode_state(*state)) != state) std::abort();
      (void)rows::decode_number(value);
      (void)rows::decode_status_header(value.view());
      (void)rows::decode_entry_type(value.view());
      return;
    }
    default: return decode_key(value.view());
  }
}

}  // namespace

/// The first byte is the table.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  decode_value(data[0] % 16, Bytes::copy(data + 1, size - 1));
  return 0;
}

std::vector<std::string> fuzz_seeds() {
  using testing::make_id;
  std::vector<std::string> seeds;
  const auto add = [&](unsigned kind, std::string_view bytes) {
    seeds.push_back(std::string(1, static_cast<char>(kind)).append(bytes));
  };
  const wire::Failure failure{409, "why", {{"k", "v"}}};
  InvocationStatus status;
  status.target = testing::workflow("key");
  status.target.scope = "scope";
  status.source = {wire::Source::Kind::kService, testing::make_request(3), "sub", make_id(4),
                   testing::object("o")};
  status.span = {"00-abc", "x=y"};
  status.limit_key = "l1/l2";
  status.timestamps = {{1}, {9}, WallTime{2}, WallTime{3}, WallTime{4}, WallTime{5}};
  status.sinks = {wire::IngressSink{testing::make_request(1)},
                  wire::InvocationSink{make_id(2), {7}, 3}};
  status.idempotency_key = "ik";
  status.execution_time = WallTime{9};
  status.random_seed = 3;
  status.pinned = wire::PinnedDeployment{testing::make_deployment(1), 6};
  add(0, rows::encode(status));
  status.status = Status::kSuspended;
  status.awaiting = {wire::Combinator::kAllSucceededOrFirstFailed,
                     {wire::CompletionId{1}, wire::SignalIndex{17}, wire::SignalName{"n"}},
                     {{wire::Combinator::kFirstCompleted, {wire::CompletionId{2}}, {}}}};
  add(0, rows::encode(status));
  status.status = Status::kCompleted;
  status.result = failure;
  add(0, rows::encode(status));
  wire::JournalEntry entry{wire::EntryType::kCall, {3}, "body", std::nullopt};
  entry.call = wire::CallInfo{make_id(9), testing::object("k"), {1, 2}, {"a", "b"}};
  add(1, rows::encode(entry));
  add(2, rows::encode(Announced{7, 3, wire::EntryType::kCallCompletion}));
  add(3, rows::encode(Arrival{wire::SignalName{"n"}, 4, Variant::kStateKeys}));
  add(4, rows::encode(EventRow{{wire::JournalEvent::Type::kPaused, Bytes("{}")}, 3, {4}, 5}));
  add(5, rows::encode(Lock{make_id(1), 3, 9}));
  add(6, rows::encode(InboxEntry(make_id(1))));
  add(6, rows::encode(InboxEntry(StateMutation{"version", {{"", "a"}, {"b", ""}}})));
  add(7, rows::encode(Promise{{{make_id(1), {2}, 3}}, std::nullopt}));
  add(7, rows::encode(Promise{{}, wire::InvocationResult(failure)}));
  add(8, rows::encode(TimerRow{{}, {5}}));
  add(9, rows::encode(wire::OutboxMessage(wire::InvocationResponse{make_id(1), {2}, 3, failure})));
  add(9, rows::encode(wire::OutboxMessage(testing::kill(make_id(1)))));
  add(10, rows::encode(Barrier{"1.2.3", "why"}));
  add(11, rows::encode(StoredSchema{3, "schema"}));
  add(12, rows::encode(wire::UpdateDurability{3, {4}}));
  add(13, rows::encode(wire::AnnounceLeader{{NodeId{1}, 2}, {3}}));
  add(14, rows::encode_state("value"));
  add(14, rows::encode_number(77));
  add(15, keys::status(make_id(1)));
  add(15, keys::journal(make_id(1), 3));
  add(15, keys::arrival(make_id(1), wire::SignalName{"n"}));
  add(15, keys::event(make_id(1), wire::JournalEvent::Type::kPaused, {4}, 5));
  const ObjectKey object(PartitionKey{7}, status.target);
  add(15, keys::lock(object));
  add(15, keys::inbox(object, 9));
  add(15, keys::state(object, "name"));
  add(15, keys::timer({}, {{500}, wire::TimerKind::kCompleteSleep, make_id(1), 2}));
  add(15, keys::outbox({}, 3));
  add(15, keys::variable({}, keys::Variable::kSchema));
  return seeds;
}
