#include "partition/migration.h"

#include "support/catch.h"
#include "support/migration.h"
#include "support/partition.h"

using namespace restate;
using namespace restate::partition;
using namespace restate::testing;

namespace {

constexpr PartitionId kPartition{3};

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
  Migrator migrator(kPartition, tables, {&turn_round});
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
  CHECK(migrate(tables, 100) == 4);
  CHECK(format_of(tables) == kStorageFormat);
  CHECK(tables.rows().size() == 12);
  CHECK(tables.rows().at(TurnRound::key("x1", kPartition, 10)) == Bytes("01 wor"));
  CHECK(migrate(tables, 100) == 0);
  // Nothing to copy is a batch, too.
  MapView empty = old_tables(0);
  CHECK(migrate(empty, 100) == 1);
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
      CHECK(format_of(tables) == (first == steps ? 1u : 0u));
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
  CHECK(newer.find("format 2") != std::string::npos);
  CHECK(newer.find("up to format 1") != std::string::npos);
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
