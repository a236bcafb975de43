// Logs are reconfigured and nodes crash while records are appended: nothing acknowledged is lost,
// and the order stays that of the appender.

#include "support/bifrost.h"

#include "support/catch.h"

using namespace restate;
using namespace restate::bifrost;
using testing::BifrostNode;
using testing::Collector;
using testing::kLog;
using testing::Seed;
using testing::World;

namespace {

/// Appends numbered batches, several at a time, and remembers what was acknowledged where.
class Load {
 public:
  Load(World& world, BifrostNode& node, int count) : world_(world), node_(node), count_(count) {}

  void run() {
    world_.shard(0).post([this] { append_some(); });
  }
  void stop() { stopped_ = true; }
  bool done() const { return answered_ == count_; }
  int answered() const { return answered_; }
  const std::map<std::uint64_t, int>& acknowledged() const { return acknowledged_; }
  int sent() const { return sent_; }

 private:
  void append_some() {
    if (stopped_ || !node_.is_open()) return;
    for (std::uint64_t n = 1 + world_.random().below(5); n > 0 && sent_ < count_; --n) {
      const int number = sent_++;
      node_.bifrost().append(kLog, testing::records({std::to_string(number)}),
                             Completion<Lsn>(world_.shard(0), [this, number](Result<Lsn> lsn) {
                               REQUIRE(lsn.has_value());
                               CHECK(number == answered_);  // in order
                               ++answered_;
                               CHECK(acknowledged_.emplace(lsn->value, number).second);
                             }));
    }
    if (sent_ == count_) return;
    world_.after(std::chrono::microseconds(world_.random().below(500)),
                 [this] { world_.shard(0).post([this] { append_some(); }); });
  }

  World& world_;
  BifrostNode& node_;
  const int count_;
  bool stopped_ = false;
  int sent_ = 0;
  int answered_ = 0;
  std::map<std::uint64_t, int> acknowledged_;
};

/// What must hold for any log that one appender wrote to without errors.
void check_log(const Load& load, const Collector& collector) {
  int expected = 0;
  for (const LogEntry& entry : collector.all) {
    if (entry.kind != LogEntry::Kind::kRecord) continue;
    CHECK(entry.record.body == Bytes(std::to_string(expected)));
    ++expected;
  }
  for (const auto& [lsn, number] : load.acknowledged()) {
    REQUIRE(lsn <= collector.all.size());
    CHECK(collector.all[lsn - 1].record.body == Bytes(std::to_string(number)));
  }
}

}  // namespace

TEST_CASE("a log that is reconfigured under load keeps every record in order", "[bifrost]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    World world{Seed{seed}, {.shards = 2}};
    BifrostNode node(world, seed % 2 == 0 ? "local" : "in-memory");
    node.disk().set_sync_time(std::chrono::microseconds(20), std::chrono::microseconds(800));
    REQUIRE(node.ensure_log(kLog).has_value());
    Collector collector;
    auto stream = node.bifrost().read(kLog, kOldestLsn, {}, collector);
    Load load(world, node, 300);
    load.run();

    int reconfigured = 0;
    int lost = 0;
    for (int i = 0; i < 12; ++i) {
      const auto shard = static_cast<std::uint32_t>(world.random().below(2));
      world.after(std::chrono::microseconds(world.random().below(30'000)), [&, shard] {
        world.shard(shard).post([&, shard] {
          if (!node.is_open()) return;
          const char* provider = world.random().below(2) == 0 ? "local" : "in-memory";
          node.bifrost(shard).seal_and_extend(
              kLog, provider, Completion<Lsn>(world.shard(shard), [&](Result<Lsn> base) {
                if (base) {
                  ++reconfigured;
                } else {
                  CHECK(base == Code::kFailedPrecondition);
                  ++lost;
                }
              }));
        });
      });
      world.after(std::chrono::microseconds(world.random().below(30'000)), [&, shard] {
        world.shard(shard).post([&, shard] {
          if (!node.is_open()) return;
          node.bifrost(shard).find_tail(
              kLog, Completion<LogTail>(world.shard(shard), [&](Result<LogTail> tail) {
                REQUIRE(tail.has_value());
              }));
        });
      });
    }
    REQUIRE(world.run_until([&] { return load.done() && collector.all.size() == 300; }));
    REQUIRE(world.run_until_idle());
    CHECK(reconfigured > 0);
    CHECK(reconfigured + lost == 12);
    check_log(load, collector);

    Collector again;
    stream = node.bifrost(1).read(kLog, kOldestLsn, {}, again);
    REQUIRE(world.run_until_idle());
    CHECK(again.texts() == collector.texts());
  }
}

TEST_CASE("find_tail covers what was acknowledged before, under reconfiguration", "[bifrost]") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    World world{Seed{seed}, {.shards = 2}};
    BifrostNode node(world);
    REQUIRE(node.ensure_log(kLog).has_value());
    Load load(world, node, 200);
    load.run();
    std::uint64_t highest = 0;
    while (!load.done()) {
      for (std::uint64_t n = world.random().below(200); n > 0; --n) world.step();
      if (world.random().below(3) == 0) {
        const auto base = node.seal_and_extend(kLog, "", 1);
        CHECK((base.has_value() || base == Code::kFailedPrecondition));
      }
      if (!load.acknowledged().empty()) highest = load.acknowledged().rbegin()->first;
      const auto tail = node.find_tail(kLog, static_cast<std::uint32_t>(world.random().below(2)));
      REQUIRE(tail.has_value());
      CHECK(tail->next.value > highest);
    }
  }
}

TEST_CASE("a crash at any moment loses nothing that was acknowledged", "[bifrost]") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    World world{Seed{seed}};
    BifrostNode node(world);
    node.disk().set_sync_time(std::chrono::microseconds(20), std::chrono::microseconds(800));
    REQUIRE(node.ensure_log(kLog).has_value());

    auto collector = std::make_unique<Collector>();
    auto stream = node.bifrost().read(kLog, kOldestLsn, {}, *collector);
    Load load(world, node, 1000);
    load.run();
    for (int i = 0; i < 6; ++i) {
      world.after(std::chrono::microseconds(world.random().below(20'000)), [&] {
        world.shard(0).post([&] {
          if (!node.is_open()) return;
          node.bifrost().seal_and_extend(kLog, "", Completion<Lsn>(world.shard(0), [](auto) {}));
        });
      });
    }
    world.run_for(std::chrono::microseconds(1000 + world.random().below(20'000)));
    node.crash(seed, [&] {
      load.stop();
      stream.reset();
    });

    // Whatever was delivered before is still what the log says.
    const std::vector<std::string> delivered = collector->texts();
    collector = std::make_unique<Collector>();
    REQUIRE(node.append(kLog, {"after"}).has_value());
    const Lsn end = node.find_tail(kLog).value().next;
    stream = node.bifrost().read(kLog, kOldestLsn, {}, *collector);
    REQUIRE(world.run_until([&] { return collector->next() == end; }));
    std::vector<std::string> found = collector->texts();
    CHECK(found.back() == "after");
    found.pop_back();
    REQUIRE(found.size() >= delivered.size());
    CHECK(std::equal(delivered.begin(), delivered.end(), found.begin()));
    for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == std::to_string(i));
    CHECK(found.size() >= static_cast<std::size_t>(load.answered()));
    CHECK(found.size() <= static_cast<std::size_t>(load.sent()));
  }
}
