#include "worker/ingestion.h"

#include "support/catch.h"

#include <restate/testing/world.h>

#include <map>
#include <string>

using namespace restate;
using namespace std::chrono_literals;

namespace {

/// Logs that can be slow or refuse, and drop what they have seen as apply does. Even keys go to one
/// partition, odd ones to another.
struct IngestionFixture {
  struct Sent {
    PartitionId partition;
    std::vector<wire::Envelope> records;
    Completion<void> done;
  };

  explicit IngestionFixture(worker::IngestionOptions options = {}) {
    ingestion.emplace(
        world.shard(), options,
        [](PartitionKey key) { return PartitionId{static_cast<std::uint16_t>(key.value % 2)}; },
        [this](PartitionId partition, std::vector<wire::Envelope> records, Completion<void> done) {
          under_way.push_back({partition, std::move(records), std::move(done)});
        });
  }
  ~IngestionFixture() {
    // Answers come to an ingestion that is gone as well.
    ingestion.reset();
    while (!under_way.empty()) answer();
  }

  void give(std::uint64_t key, std::uint64_t sequence, std::size_t bytes = 100) {
    wire::NotifySignal signal;
    signal.invocation.key.value = key;
    wire::Envelope record{wire::ProducerDedup{{}, sequence}, std::move(signal)};
    ingestion->ingest(std::move(record), bytes,
                      Completion<void>(world.shard(), [this, sequence](Result<void> result) {
                        (result ? durable : failed).push_back(sequence);
                      }));
  }
  void settle() { world.run_for(1ms); }
  static std::vector<std::uint64_t> sequences(const std::vector<wire::Envelope>& records) {
    std::vector<std::uint64_t> all;
    for (const auto& record : records) {
      all.push_back(std::get<wire::ProducerDedup>(record.dedup).sequence);
    }
    return all;
  }
  /// Answers the append at `index`. An error may come although the records are in the log.
  void answer(std::size_t index = 0, std::optional<Error> error = {}, bool arrived = true) {
    Sent sent = std::move(under_way[index]);
    under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(index));
    if (arrived) {
      for (const std::uint64_t sequence : sequences(sent.records)) {
        log[sent.partition.value].push_back(sequence);
      }
    }
    if (error) return sent.done(*error);
    sent.done(Result<void>());
  }

  testing::World world{testing::Seed{3}};
  std::vector<Sent> under_way;
  std::map<std::uint16_t, std::vector<std::uint64_t>> log;
  std::vector<std::uint64_t> durable, failed;
  std::optional<worker::Ingestion> ingestion;
};

struct Eager final : worker::Ingestion::Waiter {
  explicit Eager(IngestionFixture& f, std::uint64_t s, std::size_t b)
      : fixture(f), sequence(s), bytes(b) {}
  void on_room() override {
    CHECK(fixture.ingestion->has_room(bytes));
    fixture.give(0, sequence, bytes);
  }
  IngestionFixture& fixture;
  std::uint64_t sequence;
  std::size_t bytes;
};

using Sequences = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("ingested records of a turn go together, one batch at a time", "[worker][ingestion]") {
  IngestionFixture f;
  for (std::uint64_t i = 0; i < 3; ++i) f.give(0, i);
  f.give(1, 10);
  f.settle();
  REQUIRE(f.under_way.size() == 2);
  CHECK(IngestionFixture::sequences(f.under_way[0].records) == Sequences{0, 1, 2});
  CHECK(IngestionFixture::sequences(f.under_way[1].records) == Sequences{10});
  f.give(0, 3);
  f.give(0, 4);
  f.settle();
  CHECK(f.under_way.size() == 2);
  f.answer();
  f.settle();
  CHECK(f.durable == Sequences{0, 1, 2});
  REQUIRE(f.under_way.size() == 2);
  CHECK(IngestionFixture::sequences(f.under_way[1].records) == Sequences{3, 4});
}

TEST_CASE("a batch is bounded in bytes", "[worker][ingestion]") {
  IngestionFixture f({.memory_budget = 10'000, .batch_bytes = 250});
  for (std::uint64_t i = 0; i < 3; ++i) f.give(0, i, 100);
  f.give(0, 3, 9'000);  // alone, since it is larger than a batch
  f.settle();
  for (const Sequences& expected : {Sequences{0, 1}, Sequences{2}, Sequences{3}}) {
    REQUIRE(f.under_way.size() == 1);
    CHECK(IngestionFixture::sequences(f.under_way[0].records) == expected);
    f.answer();
    f.settle();
  }
  CHECK(f.ingestion->bytes() == 0);
}

TEST_CASE("a batch that failed goes again first, as it was", "[worker][ingestion]") {
  const bool arrived = GENERATE(false, true);
  IngestionFixture f;
  f.give(0, 1);
  f.give(0, 2);
  f.settle();
  f.give(0, 3);
  f.answer(0, Error{Code::kUnavailable, "who knows"}, arrived);
  f.settle();
  CHECK(f.durable.empty());
  CHECK(f.under_way.empty());  // it waits a moment
  f.world.run_for(30ms);
  REQUIRE(f.under_way.size() == 1);
  CHECK(IngestionFixture::sequences(f.under_way[0].records) == Sequences{1, 2});
  f.answer();
  f.settle();
  f.answer();
  f.settle();
  CHECK(f.durable == Sequences{1, 2, 3});
  CHECK(f.log[0] == (arrived ? Sequences{1, 2, 1, 2, 3} : Sequences{1, 2, 3}));
}

TEST_CASE("repetitions come slower and slower, up to a second", "[worker][ingestion]") {
  IngestionFixture f;
  f.give(0, 1);
  f.settle();
  std::vector<Duration> waits;
  for (int i = 0; i < 9; ++i) {
    const Instant refused = f.world.shard().now();
    f.answer(0, Error{Code::kNotLeader, "nobody leads"}, false);
    REQUIRE(f.world.run_until([&] { return !f.under_way.empty(); }));
    waits.push_back(f.world.shard().now() - refused);
  }
  CHECK(waits.front() < 50ms);
  CHECK(waits[2] > waits[1]);
  CHECK(waits.back() >= 1s);
  CHECK(waits.back() < 1200ms);
  f.answer();
  f.settle();
  CHECK(f.durable == Sequences{1});
}

TEST_CASE("ingestion stops at its memory budget and goes on in order", "[worker][ingestion]") {
  IngestionFixture f({.memory_budget = 1000, .batch_bytes = 300});
  for (std::uint64_t i = 0; i < 4; ++i) f.give(0, i, 250);
  CHECK_FALSE(f.ingestion->has_room(1));
  Eager large(f, 4, 5000), small(f, 5, 10);
  f.ingestion->wait(large, large.bytes);
  f.ingestion->wait(small, small.bytes);
  f.settle();
  for (int i = 0; i < 3; ++i) {
    f.answer();
    f.settle();
    // The small one does not pass the large one, which needs all the room there is.
    CHECK_FALSE(f.ingestion->has_room(1));
  }
  f.answer();
  f.settle();
  CHECK(f.ingestion->bytes() == 1000);
  REQUIRE(f.under_way.size() == 1);
  f.answer();
  f.settle();
  f.answer();
  f.settle();
  CHECK(f.durable == Sequences{0, 1, 2, 3, 4, 5});
  CHECK(f.ingestion->has_room(5000));
}

TEST_CASE("who leaves is not called when there is room", "[worker][ingestion]") {
  IngestionFixture f({.memory_budget = 100, .batch_bytes = 100});
  f.give(0, 0, 100);
  {
    Eager gone(f, 1, 10);
    f.ingestion->wait(gone, gone.bytes);
    f.ingestion->forget(gone);
  }
  f.settle();
  f.answer();
  f.settle();
  CHECK(f.durable == Sequences{0});
}

TEST_CASE("closing tells the records that nobody confirmed", "[worker][ingestion]") {
  IngestionFixture f;
  f.give(0, 0);
  f.settle();
  f.give(0, 1);
  f.ingestion.reset();
  CHECK(f.failed == Sequences{0, 1});
}
