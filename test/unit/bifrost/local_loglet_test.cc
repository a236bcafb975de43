// What a local loglet makes of a log store that is overloaded now and then.

#include <restate/bifrost/providers.h>
#include <restate/storage/memory.h>
#include <restate/testing/sync.h>

#include "support/bifrost.h"
#include "support/catch.h"

using namespace restate;
using namespace restate::bifrost;
using testing::Seed;
using testing::World;

namespace {

/// Refuses appends by chance, in their turn, as a store does whose queue is full.
class OverloadedLogStore final : public storage::LogStore {
 public:
  OverloadedLogStore(storage::LogStore& store, World& world) : store_(store), world_(world) {}

  void append(storage::LogAppend append, Completion<void> done) override {
    if (world_.random().below(4) != 0) return store_.append(std::move(append), std::move(done));
    ++refused;
    Shard& shard = done.shard();
    store_.state(append.loglet,
                 Completion<storage::LogletState>(shard, [done = std::move(done)](auto) mutable {
                   done(Error{Code::kOverloaded, "too much waits"});
                 }));
  }
  void seal(storage::LogletKey loglet, Completion<storage::LogletState> done) override {
    store_.seal(loglet, std::move(done));
  }
  void trim(storage::LogletKey loglet, std::uint32_t upto,
            Completion<storage::LogletState> done) override {
    store_.trim(loglet, upto, std::move(done));
  }
  void state(storage::LogletKey loglet, Completion<storage::LogletState> done) override {
    store_.state(loglet, std::move(done));
  }
  void read(storage::LogletKey loglet, std::uint32_t from, std::size_t max_bytes,
            Completion<storage::LogRead> done) override {
    store_.read(loglet, from, max_bytes, std::move(done));
  }
  void remove(storage::LogletKey loglet, Completion<void> done) override {
    store_.remove(loglet, std::move(done));
  }

  int refused = 0;

 private:
  storage::LogStore& store_;
  World& world_;
};

}  // namespace

TEST_CASE("an overloaded store delays appends and keeps their order", "[bifrost][loglet]") {
  int refused = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    World world{Seed{seed}};
    Shard& shard = world.shard(0);
    storage::MemoryDisk disk;
    disk.set_sync_time(std::chrono::microseconds(10), std::chrono::microseconds(300));
    storage::MemoryLogStore memory(disk);
    OverloadedLogStore store(memory, world);
    const auto provider = make_local_provider({&shard}, store);
    const auto loglet = testing::wait<std::shared_ptr<Loglet>>(world, [&](auto done) {
                          provider->open(LogletId{}, "", shard, std::move(done));
                        }).value();

    const bool seals = seed % 2 == 0;
    int sent = 0;
    int acknowledged = 0;
    int sealed = 0;
    const auto append_some = [&] {
      for (std::uint64_t n = 1 + world.random().below(5); n > 0; --n) {
        const int number = sent++;
        auto batch = std::make_shared<const RecordBatch>(testing::records({std::to_string(number)}));
        loglet->append(batch, Completion<LogletOffset>(shard, [&, number](auto answer) {
                         CHECK(number == acknowledged + sealed);
                         if (answer == Code::kSealed) {
                           ++sealed;
                           return;
                         }
                         CHECK(sealed == 0);
                         ++acknowledged;
                         CHECK(answer == LogletOffset{static_cast<std::uint32_t>(acknowledged)});
                       }));
      }
    };
    for (int i = 0; i < 30; ++i) {
      world.after(std::chrono::microseconds(world.random().below(3000)),
                  [&] { shard.post(append_some); });
    }
    std::optional<Tail> tail;
    world.after(std::chrono::microseconds(world.random().below(3000)), [&] {
      shard.post([&] {
        if (!seals) return;
        loglet->seal(Completion<Tail>(shard, [&](Result<Tail> end) { tail = end.value(); }));
      });
    });
    REQUIRE(world.run_until_idle());
    CHECK(acknowledged + sealed == sent);
    refused += store.refused;
    CHECK(tail.has_value() == seals);

    const auto found = testing::wait<LogletRecords>(
        world, [&](auto done) { loglet->read(LogletOffset{1}, 1 << 20, std::move(done)); });
    REQUIRE(found.has_value());
    REQUIRE(found->records.size() == static_cast<std::size_t>(acknowledged));
    for (int i = 0; i < acknowledged; ++i) {
      CHECK(found->records[static_cast<std::size_t>(i)].body == Bytes(std::to_string(i)));
    }
    if (tail) CHECK(tail->next.value == static_cast<std::uint32_t>(acknowledged + 1));
  }
  CHECK(refused > 100);
}
