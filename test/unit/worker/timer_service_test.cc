#include "worker/timer_service.h"

#include "support/catch.h"

#include <restate/testing/world.h>

#include <algorithm>

using namespace restate;
using namespace std::chrono_literals;

namespace {

wire::TimerKey key_at(std::uint64_t ms, std::uint32_t completion = 1) {
  return {{ms}, wire::TimerKind::kCompleteSleep, {}, completion};
}

/// A table of timers, and what was fired from it.
struct Table {
  explicit Table(testing::World& w) : world(w) {}

  worker::TimerService::Load load() {
    return [this](const std::optional<wire::TimerKey>& after, std::size_t limit) {
      ++loads;
      std::vector<worker::DueTimer> page;
      for (const auto& row : rows) {
        if ((!after || *after < row) && page.size() < limit) page.push_back({row, {}});
      }
      return page;
    };
  }
  Function<bool(const worker::DueTimer&)> fire() {
    return [this](const worker::DueTimer& due) {
      if (fired.size() == room) return false;
      early = early || world.shard().wall_now() < due.key.at;
      fired.push_back(due.key);
      return true;
    };
  }

  testing::World& world;
  std::vector<wire::TimerKey> rows;
  std::vector<wire::TimerKey> fired;
  std::size_t room = SIZE_MAX;
  bool early = false;
  int loads = 0;
};

}  // namespace

TEST_CASE("timers fire in order, and never early", "[worker]") {
  testing::World world{testing::Seed{1}};
  Table table(world);
  const std::uint64_t now = world.shard().wall_now().ms;
  table.rows = {key_at(now - 5), key_at(now + 10), key_at(now + 10, 2), key_at(now + 500)};
  worker::TimerService timers(world.shard(), table.load(), table.fire());
  timers.start();

  world.run_for(100ms);
  CHECK(table.fired == std::vector{key_at(now - 5), key_at(now + 10), key_at(now + 10, 2)});

  SECTION("one that comes in earlier fires on time") {
    timers.add({key_at(now + 200), {}});
    world.run_for(150ms);
    REQUIRE(table.fired.size() == 4);
    CHECK(table.fired.back() == key_at(now + 200));
  }
  SECTION("one whose row was deleted does not fire") {
    timers.erase(key_at(now + 500));
    world.run_for(1s);
    CHECK(table.fired.size() == 3);
  }
  SECTION("a wall clock that goes back delays it") {
    world.node(0).jump_wall_clock(-1000ms);
    world.run_for(600ms);
    CHECK(table.fired.size() == 3);
    world.run_for(2s);
    CHECK(table.fired.size() == 4);
  }
  CHECK_FALSE(table.early);
}

TEST_CASE("more timers than fit into memory fire all the same", "[worker]") {
  testing::World world{testing::Seed{2}};
  Table table(world);
  const std::uint64_t now = world.shard().wall_now().ms;
  const std::size_t count = 2 * worker::limits::kLoadedTimers + 10;
  for (std::uint32_t i = 0; i < count; ++i) table.rows.push_back(key_at(now + 1 + i / 1000, i));
  worker::TimerService timers(world.shard(), table.load(), table.fire());
  timers.start();
  CHECK(timers.loaded() == worker::limits::kLoadedTimers);
  timers.add({key_at(now + 1'000'000), {}});  // behind what is loaded: the table has it
  CHECK(timers.loaded() == worker::limits::kLoadedTimers);
  world.run_for(10s);
  CHECK(table.fired.size() == count);
  CHECK(std::is_sorted(table.fired.begin(), table.fired.end()));
}

TEST_CASE("timers that find no room fire when there is some", "[worker]") {
  testing::World world{testing::Seed{8}};
  Table table(world);
  const std::uint64_t now = world.shard().wall_now().ms;
  for (std::uint32_t i = 1; i <= 5; ++i) table.rows.push_back(key_at(now, i));
  table.room = 2;
  worker::TimerService timers(world.shard(), table.load(), table.fire(), 2);
  timers.start();
  world.run_for(1min);
  CHECK(table.fired.size() == 2);
  timers.add({key_at(now - 1), {}});
  timers.erase(key_at(now, 3));
  world.run_for(1min);
  CHECK(table.fired.size() == 2);
  table.room = SIZE_MAX;
  timers.resume();
  world.run_for(1ms);
  CHECK(table.fired.size() == 6 - 1);
  CHECK_FALSE(table.early);
}

TEST_CASE("a timer for the end of time neither overflows nor fires", "[worker]") {
  testing::World world{testing::Seed{3}};
  Table table(world);
  table.rows = {key_at(UINT64_MAX)};
  worker::TimerService timers(world.shard(), table.load(), table.fire());
  timers.start();
  world.run_for(48h);
  CHECK(table.fired.empty());
}

TEST_CASE("a wall clock that goes ahead is noticed within seconds", "[worker]") {
  testing::World world{testing::Seed{7}};
  Table table(world);
  table.rows = {key_at(world.shard().wall_now().ms + 3'600'000)};
  worker::TimerService timers(world.shard(), table.load(), table.fire());
  timers.start();
  world.run_for(1min);
  CHECK(table.fired.empty());
  world.node(0).jump_wall_clock(1h);
  world.run_for(11s);
  CHECK(table.fired.size() == 1);
  CHECK_FALSE(table.early);
}

TEST_CASE("a timer of a new life takes the place of an old one under the same key", "[worker]") {
  testing::World world{testing::Seed{6}};
  Table table(world);
  std::vector<wire::Incarnation> fired;
  worker::TimerService timers(world.shard(), table.load(), [&](const worker::DueTimer& due) {
    fired.push_back(due.incarnation);
    return true;
  });
  const wire::TimerKey key = key_at(world.shard().wall_now().ms + 100);
  timers.start();

  SECTION("before the old one was due") { timers.add({key, {1}}); }
  SECTION("after the old one was proposed") {
    timers.add({key, {1}});
    world.run_for(200ms);
    REQUIRE(fired == std::vector<wire::Incarnation>{{1}});
    fired.clear();
  }
  timers.add({key, {2}});
  world.run_for(200ms);
  CHECK(fired == std::vector<wire::Incarnation>{{2}});
}

TEST_CASE("timers of one uuid and one moment are two", "[worker]") {
  testing::World world{testing::Seed{7}};
  Table table(world);
  worker::TimerService timers(world.shard(), table.load(), table.fire());
  const wire::TimerKey key = key_at(world.shard().wall_now().ms + 100);
  wire::TimerKey twin = key;
  twin.invocation.key.value = 9;
  SECTION("in the table") { table.rows = {key, twin}; }
  timers.start();
  if (table.rows.empty()) {
    timers.add({twin, {}});
    timers.add({key, {}});
  }
  CHECK(timers.loaded() == 2);
  SECTION("one of them goes") {
    timers.erase(key);
    world.run_for(200ms);
    CHECK(table.fired == std::vector{twin});
  }
  SECTION("both fire") {
    world.run_for(200ms);
    CHECK(table.fired == std::vector{key, twin});
  }
}
