#include "partition/migration.h"

#include "partition/format2.h"
#include "partition/invariants.h"
#include "support/catch.h"
#include "support/migration.h"
#include "support/partition.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

constexpr PartitionId kPartition{3};
/// Steps of `TurnRound` over 11 rows, and of `ToFormat2` over nothing.
constexpr int kTurns = 4, kOfFormat2 = 4;

MapView old_tables(int rows) {
  MapView tables;
  storage::Batch batch;
  TurnRound::fill(batch, kPartition, rows);
  tables.commit(batch);
  return tables;
}

/// Commits `steps` batches, or all there are; answers how many.
int migrate(MapView& tables, int steps) {
  const TurnRound turn_round;
  auto known = migrations();
  known.push_back(&turn_round);
  Migrator migrator(kPartition, tables, known);
  REQUIRE(migrator.open());
  int done = 0;
  while (!migrator.done() && done < steps) {
    storage::Batch batch;
    REQUIRE(migrator.next(batch));
    CHECK(batch.size() <= TurnRound::kRowsPerStep + 12);
    tables.commit(batch);
    ++done;
  }
  return done;
}

std::uint64_t format_of(const MapView& tables) {
  return Tables(kPartition, tables).number(keys::Variable::kStorageFormat).value().value();
}

}  // namespace

TEST_CASE("tables of an older format are brought to the present one", "[partition][migration]") {
  MapView tables = old_tables(11);
  CHECK(migrate(tables, 100) == kTurns + kOfFormat2);
  CHECK(format_of(tables) == kStorageFormat);
  CHECK(tables.rows().size() == 12);
  CHECK(tables.rows().at(TurnRound::key("x1", kPartition, 10)) == Bytes("01 wor"));
  CHECK(migrate(tables, 100) == 0);
  // Nothing to copy is a batch, too.
  MapView empty = old_tables(0);
  CHECK(migrate(empty, 100) == 1 + kOfFormat2);
  CHECK(format_of(empty) == kStorageFormat);
}

TEST_CASE("a migration that is cut off at any batch comes to the same tables",
          "[partition][migration]") {
  MapView undisturbed = old_tables(11);
  const int steps = migrate(undisturbed, 100);
  for (int first = 0; first <= steps; ++first) {
    for (int second = 0; second <= steps; ++second) {
      CAPTURE(first, second);
      MapView tables = old_tables(11);
      migrate(tables, first);
      // Until the last batch the tables are of the old format, whatever was copied.
      CHECK(format_of(tables) == (first == steps ? 2u : first >= kTurns ? 1u : 0u));
      migrate(tables, second);
      migrate(tables, 100);
      CHECK(tables == undisturbed);
    }
  }
}

TEST_CASE("tables of a format without a way here are refused by name", "[partition][migration]") {
  MapView tables;
  const auto open = [&](std::uint64_t format, std::vector<const Migration*> known) {
    tables.put(keys::variable(kPartition, keys::Variable::kStorageFormat),
               Bytes(rows::encode_number(format)));
    const MapView before = tables;
    const auto opened = Migrator(kPartition, tables, std::move(known)).open();
    CHECK(tables == before);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == Code::kUnsupported);
    return opened.error().message;
  };
  const std::string newer = open(kStorageFormat + 1, migrations());
  CHECK(newer.find("format 3") != std::string::npos);
  CHECK(newer.find("up to format 2") != std::string::npos);
  CHECK(newer.find("partition 3") != std::string::npos);
  const std::string older = open(0, {});
  CHECK(older.find("format 0") != std::string::npos);
  CHECK(older.find("no way from 0") != std::string::npos);
  // Tables that nobody has written to have no format yet.
  MapView fresh;
  Migrator migrator(kPartition, fresh, {});
  CHECK(migrator.open());
  CHECK(migrator.done());
}

// --- From format 1 ---------------------------------------------------------------------------------

namespace {

std::size_t count(const MapView& tables, std::string_view tag) {
  std::size_t rows = 0;
  for (const auto& [key, value] : tables.rows()) rows += key.starts_with(tag) ? 1 : 0;
  return rows;
}

/// Makes the tables of `partition` what a program of format 1 would have left: no owners in the keys
/// of timers.
void age(TestPartition& partition) {
  MapView& tables = partition.rows();
  storage::Batch batch;
  for (const auto& [key, value] : tables.rows()) {
    if (!key.starts_with(keys::kTimers)) continue;
    batch.put(std::string_view(key).substr(0, key.size() - 8), value.view());
    batch.erase(key);
  }
  batch.put(keys::variable(partition.id(), keys::Variable::kStorageFormat), rows::encode_number(1));
  tables.commit(batch);
}

void renew(TestPartition& partition, std::size_t most_steps = 1000) {
  Migrator migrator(partition.id(), partition.rows(), migrations());
  REQUIRE(migrator.open());
  while (!migrator.done() && most_steps-- > 0) {
    storage::Batch batch;
    REQUIRE(migrator.next(batch));
    CHECK(batch.size() <= 2 * ToFormat2::kRowsPerStep + 1);
    partition.rows().commit(batch);
  }
}

}  // namespace

TEST_CASE("timers of format 1 learn whose they are", "[partition][migration]") {
  TestPartition partition;
  partition.apply(invoke(make_id(1), service(), {.at = WallTime{90'000}}));
  partition.apply(invoke(make_id(2), service()));
  for (std::uint32_t i = 0; i < 9'000; ++i) partition.apply(sleep(make_id(2), i, {80'000 + i}));
  const MapView before = partition.rows();
  age(partition);
  CHECK_FALSE(partition.rows() == before);
  // Cut off anywhere, and begun again.
  for (std::size_t steps : {1u, 2u, 0u}) renew(partition, steps);
  renew(partition);
  CHECK(partition.rows() == before);
  partition.reopen();
  CHECK(check_invariants(partition.rows()));
  partition.apply(time_to_start(make_id(1), {90'000}));
  CHECK(partition.status(make_id(1))->status == Status::kInvoked);
}

TEST_CASE("rows of journals that nobody owns go once, with the format they come from",
          "[partition][migration]") {
  TestPartition partition;
  for (const std::uint8_t number : {std::uint8_t{1}, std::uint8_t{2}, std::uint8_t{3}}) {
    partition.apply(invoke(make_id(number), service()));
    partition.apply(sleep(make_id(number), 1, {80'000}));
    partition.apply(sleep_over(make_id(number), 1, {80'000}));
    partition.apply(effect(make_id(number), wire::NewEvent{{wire::JournalEvent::Type::kTransientError, "{}"}}));
  }
  const MapView whole = partition.rows();
  // The second is gone, but for what stands beside its journal.
  storage::Batch batch;
  batch.erase(keys::status(make_id(2)));
  partition.tables().scan_journal(make_id(2), 0, UINT32_MAX, [&](std::uint32_t index, auto&&) {
    batch.erase(keys::journal(make_id(2), index));
    return true;
  }).value();
  partition.rows().commit(batch);
  CHECK_FALSE(check_invariants(partition.rows()));
  age(partition);
  renew(partition);
  CHECK(check_invariants(partition.rows()));
  for (const std::string_view tag : {keys::kAnnounced, keys::kArrivals, keys::kEvents}) {
    CHECK(count(whole, tag) == 3);
    CHECK(count(partition.rows(), tag) == 2);
  }
  // Those of the others are what they were.
  for (const auto& [key, value] : partition.rows().rows()) {
    CAPTURE(key);
    CHECK((key == keys::variable(partition.id(), keys::Variable::kStorageFormat) ||
           whole.rows().at(key) == value));
  }
  // Tables of the present format are not looked through.
  partition.rows().put(keys::announced(make_id(9), 1), Bytes(rows::encode(Announced{1, 1, {}})));
  renew(partition);
  CHECK(count(partition.rows(), keys::kAnnounced) == 3);
}
