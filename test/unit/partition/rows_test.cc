#include "partition/rows.h"

#include "partition/keys.h"
#include "partition/migration.h"
#include "partition/state_version.h"
#include "partition/version.h"
#include "support/catch.h"
#include "support/partition.h"

#include <algorithm>
#include <map>
#include <set>

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

const wire::Failure kFailure{409, "why", {{"k", "v"}, {"k2", ""}}};

InvocationStatus full_status() {
  InvocationStatus status;
  status.incarnation = {42};
  status.target = workflow("key\0x");
  status.target.scope = "scope";
  status.source = {wire::Source::Kind::kService, make_request(3), "sub", make_id(4), object("o")};
  status.span = {"00-abc", "x=y"};
  status.limit_key = "l1/l2";
  status.created_by = "0.1.0";
  status.timestamps = {{1}, {9}, WallTime{2}, WallTime{3}, WallTime{4}, WallTime{5}};
  status.sinks = {wire::IngressSink{make_request(1)}, wire::InvocationSink{make_id(2), {7}, 3}};
  status.idempotency_key = "";
  status.execution_time = WallTime{UINT64_MAX};
  status.retention = {UINT64_MAX, 3};
  status.random_seed = 0;
  status.journal = {5, 4, 3, 2};
  status.pinned = wire::PinnedDeployment{make_deployment(1), 6};
  return status;
}

}  // namespace

TEST_CASE("a status row keeps every field, in every status", "[partition][rows]") {
  InvocationStatus status = full_status();
  SECTION("invoked") { status.status = Status::kInvoked; }
  SECTION("scheduled") { status.status = Status::kScheduled; }
  SECTION("paused") { status.status = Status::kPaused; }
  SECTION("inboxed") {
    status.status = Status::kInboxed;
    status.inbox_sequence = 77;
  }
  SECTION("suspended") {
    status.status = Status::kSuspended;
    status.delivered = 12;
    status.awaiting = {wire::Combinator::kAllSucceededOrFirstFailed,
                       {wire::CompletionId{1}, wire::SignalIndex{17}, wire::SignalName{"n"}},
                       {{wire::Combinator::kFirstCompleted, {wire::CompletionId{2}}, {}}}};
  }
  SECTION("completed with a value") {
    status.status = Status::kCompleted;
    status.result = Bytes("");
  }
  SECTION("completed with a failure and its metadata") {
    status.status = Status::kCompleted;
    status.result = kFailure;
  }
  const std::string row = rows::encode(status);
  const auto decoded = rows::decode_status(row);
  REQUIRE(decoded);
  CHECK(*decoded == status);

  const auto header = rows::decode_status_header(row);
  REQUIRE(header);
  CHECK(header->status == status.status);
  CHECK(header->journal_length == 5);
  CHECK(header->incarnation == status.incarnation);
  CHECK(header->completed == *status.timestamps.completed);
  CHECK(header->retention == status.retention);

  // What a newer version appends is skipped; what is cut off is noticed.
  CHECK(rows::decode_status(row + "more") == status);
  for (std::size_t size = 0; size < row.size(); ++size) {
    if (size + 1 + status.created_by.size() == row.size()) continue;  // it was whole once
    CHECK_FALSE(rows::decode_status(Bytes(row).slice(0, size)));
  }
}

TEST_CASE("every other row comes back as it was written", "[partition][rows]") {
  wire::JournalEntry entry{wire::EntryType::kCall, {3}, "body", std::nullopt};
  CHECK(rows::decode_entry(rows::encode(entry)) == entry);
  entry.call = wire::CallInfo{make_id(9), object("k"), {1, 2}, {"a", "b"}};
  CHECK(rows::decode_entry(rows::encode(entry)) == entry);
  CHECK(rows::decode_entry_type(rows::encode(entry)) == wire::EntryType::kCall);

  const Announced announced{8, 3, wire::EntryType::kCallCompletion};
  CHECK(rows::decode_announced(8, rows::encode(announced)) == announced);
  const Arrival arrival{wire::SignalName{"x"}, 4, Variant::kStateKeys};
  CHECK(rows::decode_arrival(arrival.id, rows::encode(arrival)) == arrival);
  const Lock lock{make_id(1), 3, 9};
  CHECK(rows::decode_lock(rows::encode(lock)) == lock);
  CHECK(rows::decode_inbox(rows::encode(InboxEntry(make_id(1)))) == InboxEntry(make_id(1)));
  const InboxEntry mutation = StateMutation{"version", {{"", "a"}, {"\xff", ""}}};
  CHECK(rows::decode_inbox(rows::encode(mutation)) == mutation);

  Promise promise{{{make_id(1), {2}, 3}, {make_id(2), {}, 4}}, std::nullopt};
  CHECK(rows::decode_promise(rows::encode(promise)) == promise);
  promise = {{}, wire::InvocationResult(kFailure)};
  CHECK(rows::decode_promise(rows::encode(promise)) == promise);

  TimerRow timer{{}, {5}};
  timer.key.invocation.key.value = 3;
  CHECK(rows::decode_timer(rows::encode(timer)) == timer);
  const wire::OutboxMessage message = wire::InvocationResponse{make_id(1), {2}, 3, kFailure};
  CHECK(rows::decode_outbox(rows::encode(message)) == message);
  const Barrier barrier{"1.2.3", "why"};
  CHECK(rows::decode_barrier(rows::encode(barrier)) == barrier);
  const StoredSchema schema{3, "schema"};
  CHECK(rows::decode_schema(rows::encode(schema)) == schema);
  const StoredRuleBook rules{4, "rules"};
  CHECK(rows::decode_rule_book(rows::encode(rules)) == rules);
  const wire::UpdateDurability durability{3, {4}};
  CHECK(rows::decode_durability(rows::encode(durability)) == durability);
  const wire::AnnounceLeader leader{{NodeId{1}, 2}, {3}, KeyRange{4, 5}, 6};
  std::string before = rows::encode(wire::AnnounceLeader{{NodeId{1}, 2}, {3}});
  before.resize(17);  // what versions without the last fields wrote
  CHECK(rows::decode_leader(Bytes(before)) == wire::AnnounceLeader{{NodeId{1}, 2}, {3}});
  const Seal seal{"why", 1, 2, {3}, {NodeId{4}, 5}};
  CHECK(rows::decode_seal(rows::encode(seal)) == seal);
  CHECK(rows::decode_leader(rows::encode(leader)) == leader);
}

TEST_CASE("status rows from before the version was kept are read", "[partition][rows]") {
  InvocationStatus status = full_status();
  status.created_by.clear();
  std::string row = rows::encode(status);
  row.pop_back();  // an empty text is one byte
  CHECK(rows::decode_status(Bytes(row)) == status);
}

TEST_CASE("an empty state value is not an absent one", "[partition][rows]") {
  CHECK(rows::decode_state(rows::encode_state("")) == Bytes(""));
  CHECK(rows::decode_state(rows::encode_state("\0x")) == Bytes("\0x"));
  CHECK_FALSE(rows::decode_state(Bytes("")));
}

TEST_CASE("a row of an unknown format stops the partition and is named", "[partition][rows]") {
  TestPartition partition;
  const InvocationId a = make_id(1);
  std::string row = rows::encode(full_status());
  row[0] = 9;
  partition.rows().put(keys::status(a), row);
  Actions actions;
  const auto applied = partition.try_apply({{}, kill(a)}, actions);
  REQUIRE(applied == Code::kCorrupt);
  CHECK(applied.error().message.find("table iS: key 6953") != std::string::npos);
}

TEST_CASE("rows without an applied LSN are refused", "[partition][rows]") {
  // Any of them: a copy that is read in is cut short between any two.
  TestPartition partition;
  partition.apply(invoke(make_id(1), object("o")));
  partition.apply(effect(make_id(1), wire::Pinned{{make_deployment(1), 6}}));
  partition.apply(invoke(make_id(2), object("o")));
  const std::string applied = keys::variable({}, keys::Variable::kAppliedLsn);
  const std::string format = keys::variable({}, keys::Variable::kStorageFormat);
  REQUIRE(partition.rows().rows().size() > 5);
  for (const auto& [key, value] : partition.rows().rows()) {
    CAPTURE(key);
    MapView rows;
    rows.put(key, value);
    Machine machine({}, {}, rows);
    const bool opens = key == applied || key == format;
    CHECK(machine.open().has_value() == opens);
    rows.put(applied, rows::encode_number(1));
    CHECK(Machine({}, {}, rows).open());
  }
}

TEST_CASE("a format and a seal are no rows that somebody applied", "[partition][rows]") {
  MapView rows;
  rows.put(keys::variable({}, keys::Variable::kStorageFormat), rows::encode_number(kStorageFormat));
  rows.put(keys::variable({}, keys::Variable::kSeal), rows::encode(Seal{}));
  CHECK(Machine({}, {}, rows).open());
  rows.put(keys::variable({}, keys::Variable::kInboxSequence), rows::encode_number(3));
  CHECK(Machine({}, {}, rows).open() == Code::kCorrupt);
}

TEST_CASE("the rows of one object lie together, and no other's among them", "[partition][keys]") {
  using namespace std::string_literals;
  const std::vector<std::string> names = {"",         "a"s,    "a\0"s,     "a\0\x01"s, "a\xff"s,
                                          "a\0\xff"s, "\0"s,   "\xff"s,    "ab"s,      "\0\0"s,
                                          "a/b"s,     "\x01"s, "\xff\xff"s};
  std::vector<ObjectKey> objects;
  for (const auto& name : names) {
    for (const auto& service : {"S"s, "S\0"s, "T"s}) {
      for (const auto& scope :
           {std::optional<std::string>(), std::optional("s"s), std::optional(""s)}) {
        ObjectKey object;
        object.partition_key.value = 7;
        object.scope = scope;
        object.service = service;
        object.key = name;
        objects.push_back(object);
      }
    }
  }
  std::set<std::string> seen;
  for (const auto& object : objects) {
    const std::string prefix = keys::of_object(keys::kState, object);
    const std::string end = storage::prefix_end(prefix);
    for (const auto& other : objects) {
      for (const auto& name : names) {
        const std::string key = keys::state(other, name);
        CHECK((prefix <= key && key < end) == (other == object));
        if (other == object) {
          const auto back = keys::decode_object_row(key);
          REQUIRE(back);
          CHECK(back->object == object);
          CHECK(back->name == name);
          CHECK(seen.insert(key).second);
        }
      }
    }
    CHECK(keys::decode_lock(keys::lock(object)) == object);
    CHECK(keys::decode_inbox(keys::inbox(object, 9))->sequence == 9);
  }
}

TEST_CASE("who goes takes its own rows along and no neighbour's", "[partition][rows]") {
  TestPartition partition;
  std::vector<InvocationId> ids;
  for (const std::uint64_t key : {6ul, 7ul, 8ul, 0x0700ul}) {
    for (const int last : {0x00, 0x01, 0x02, 0xff}) {
      ids.push_back(make_id(static_cast<std::uint8_t>(last), key));
    }
  }
  for (const auto& id : ids) {
    partition.apply(invoke(id, service(), {.retention = {86'400'000, 86'400'000}}));
    partition.apply(testing::sleep(id, 1, {500}));
    partition.apply(run(id, 2));
    partition.apply(ran(id, 2, Bytes("v")));
    partition.apply(signal(id, 17, Bytes("v")));
    partition.apply(signal(id, "name", Bytes("v")));
    partition.apply(effect(
        id, wire::NewEvent{{wire::JournalEvent::Type::kTransientError, Bytes("{}")}}));
  }
  const std::vector<std::string_view> tables = {keys::kStatus, keys::kJournal, keys::kAnnounced,
                                                keys::kArrivals, keys::kEvents};
  const auto rows_of = [&](const InvocationId& id) {
    std::map<std::string, std::string> found;
    for (const auto table : tables) {
      const std::string prefix = keys::of_invocation(table, id);
      for (const auto& [key, value] : partition.rows().rows()) {
        if (key.starts_with(prefix)) found.emplace(key, value.str());
      }
    }
    return found;
  };
  for (const auto& victim : {make_id(0x01, 7), make_id(0xff, 7), make_id(0x00, 8)}) {
    std::map<InvocationId, std::map<std::string, std::string>> before;
    for (const auto& id : ids) before.emplace(id, rows_of(id));
    // Every table has rows of it, so that none is forgotten here.
    for (const auto table : tables) {
      const auto& own = before[victim];
      CHECK(std::any_of(own.begin(), own.end(),
                        [&](const auto& row) { return row.first.starts_with(table); }));
    }
    partition.apply(kill(victim));
    partition.apply(wire::Purge{victim, {}, std::nullopt});
    for (const auto& id : ids) {
      if (id == victim) {
        CHECK(rows_of(id).empty());
      } else {
        CHECK(rows_of(id) == before[id]);
      }
    }
    ids.erase(std::find(ids.begin(), ids.end(), victim));
  }
}

TEST_CASE("a very long journal goes in one batch of bounded size", "[partition][rows]") {
  constexpr std::uint32_t kEntries = 100'000;
  TestPartition partition;
  const InvocationId a = make_id(1);
  partition.apply(invoke(a, object("k")));
  std::vector<Record> batch;
  for (std::uint32_t i = 0; i < kEntries; ++i) {
    batch.push_back({set_state(a, "key", "value"), {}});
    if (batch.size() == 512 || i + 1 == kEntries) {
      partition.apply_batch(batch);
      batch.clear();
    }
  }
  REQUIRE(partition.status(a)->journal.length == kEntries + 1);
  partition.apply(output(a, Bytes("out")));
  partition.apply(ended(a));
  CHECK_FALSE(partition.status(a));
  CHECK(partition.count(keys::kJournal) == 0);
  // A key per entry, and no value: what an end costs is what was stored before.
  CHECK(partition.last_batch().operations().size() < kEntries + 100);
  CHECK(partition.last_batch().bytes() < kEntries * 64u);
}

TEST_CASE("a step of a very long journal does not read the steps before it", "[partition][rows]") {
  constexpr std::uint32_t kSteps = 5000;
  TestPartition partition;
  const InvocationId a = make_id(1);
  partition.apply(invoke(a, object("k")));
  for (std::uint32_t i = 1; i <= kSteps; ++i) {
    partition.apply(run(a, i));
    partition.apply(ran(a, i, Bytes("v")));
    partition.apply(ran(a, i, Bytes("again")));  // an attempt that was overtaken
    if (i == kSteps / 2) partition.reopen();
  }
  CHECK(partition.status(a)->journal.length == 1 + 2 * kSteps);
  CHECK(partition.rows().visited() < 10 * kSteps);

  // A signal that comes twice with another kind of result still is what nobody can tell.
  partition.apply(signal(a, "name", Bytes("v")));
  partition.apply(signal(a, "name", wire::Failure{500, "no", {}}));
  const auto arrival = partition.tables().find_arrival(a, wire::SignalName{"name"}).value();
  REQUIRE(arrival);
  CHECK(arrival->variant == Variant::kUnknown);
  CHECK(arrival->index == 2 * kSteps + 2);

  // Who waits for what is long there goes on at once.
  partition.apply(suspended(a, {wire::CompletionId{3}}));
  CHECK(partition.status(a)->status == Status::kInvoked);
  partition.apply(kill(a));
  CHECK(partition.count(keys::kArrivals) == 0);
  CHECK(partition.count(keys::kAnnounced) == 0);
}

TEST_CASE("the newest event is found without reading the others", "[partition][rows]") {
  using Type = wire::JournalEvent::Type;
  TestPartition partition;
  const InvocationId a = make_id(1), next = make_id(2);
  for (const InvocationId& id : {a, next}) partition.apply(invoke(id, service()));
  CHECK_FALSE(partition.tables().newest_event(a).value());
  const auto happen = [&](const InvocationId& id, Type type, std::string json) {
    partition.apply(effect(id, wire::NewEvent{{type, Bytes(std::move(json))}}));
  };
  happen(next, Type::kPaused, "{}");
  for (int i = 0; i < 100; ++i) happen(a, Type::kTransientError, std::to_string(i));
  happen(a, Type::kSuspended, "s");
  CHECK(partition.tables().newest_event(a).value()->event.json == "s");
  happen(a, Type::kTransientError, "last");
  const std::uint64_t before = partition.rows().visited();
  CHECK(partition.tables().newest_event(a).value()->event ==
        wire::JournalEvent{Type::kTransientError, Bytes("last")});
  CHECK(partition.rows().visited() - before <= 4);
}

TEST_CASE("timers lie in the order in which they compare", "[partition][keys]") {
  std::vector<wire::TimerKey> timers;
  for (const std::uint64_t at : {0ul, 1ul, 256ul, UINT64_MAX}) {
    for (const auto kind : {wire::TimerKind::kCompleteSleep, wire::TimerKind::kStartScheduled}) {
      for (const std::uint8_t id : {std::uint8_t{1}, std::uint8_t{2}}) {
        for (const std::uint32_t completion : {0u, 1u, 256u}) {
          for (const std::uint64_t owner : {7ul, 8ul, UINT64_MAX}) {
            timers.push_back({{at}, kind, make_id(id, owner), completion});
          }
        }
      }
    }
  }
  for (const auto& a : timers) {
    const auto back = keys::decode_timer(keys::timer({}, a));
    CHECK(back == a);
    for (const auto& b : timers) {
      const auto order = a <=> b;
      const bool before = order != 0 ? order < 0 : a.invocation.key < b.invocation.key;
      CHECK((keys::timer({}, a) < keys::timer({}, b)) == before);
    }
  }
}

TEST_CASE("notification ids lie in the order in which they compare", "[partition][keys]") {
  const std::vector<wire::NotificationId> ids = {
      wire::CompletionId{0}, wire::CompletionId{1}, wire::CompletionId{256}, wire::SignalIndex{0},
      wire::SignalIndex{17}, wire::SignalName{""},  wire::SignalName{"a"},   wire::SignalName{"b"}};
  for (std::size_t i = 1; i < ids.size(); ++i) {
    CHECK(ids[i - 1] < ids[i]);
    CHECK(keys::arrival(make_id(1), ids[i - 1]) < keys::arrival(make_id(1), ids[i]));
  }
  for (const auto& id : ids) {
    CHECK(keys::decode_arrival(keys::arrival(make_id(1), id))->notification == id);
  }
}

TEST_CASE("a state's version is the one that tools compute", "[partition]") {
  CHECK(StateVersion().str() == "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU");
  StateVersion bob;
  bob.add("name", "bob");
  CHECK(bob.str() == "tDqA04Lj3_qJ-PgNPTecXDGZgpwy6jm2Ni2BYqJIthM");
  StateVersion two;
  two.add("a", "aaa");
  two.add("b", "bbb");
  CHECK(two.str() == "RVM17P6x18Wp-JnzQ01BzmqCvhAunTOQI_az6Px3Zyk");
}

TEST_CASE("versions compare by number", "[partition]") {
  CHECK(*Version::parse("0.9.0") < *Version::parse("0.10.0"));
  CHECK(Version::parse("1.2.3")->str() == "1.2.3");
  for (const char* text :
       {"", "1", "1.2", "1.2.", "1.2.3.4", "1.2.x", " 1.2.3", "-1.2.3", "1..3"}) {
    CHECK_FALSE(Version::parse(text));
  }
}
