#include <restate/testing/sync.h>
#include <restate/testing/world.h>

#include "support/catch.h"

#include <string>

using namespace std::chrono_literals;
using namespace restate;
using testing::Seed, testing::World;

TEST_CASE("time jumps to the next event", "[sim][world]") {
  World world{Seed{1}};
  Shard& shard = world.shard();
  const Instant start = shard.now();
  const WallTime wall_start = shard.wall_now();
  bool fired = false;
  auto timer = shard.make_timer([&] { fired = true; });
  timer->arm(start + 24h);

  SECTION("a day takes no time") {
    CHECK(world.run_until([&] { return fired; }, 25h));
    CHECK(shard.now() == start + 24h);
    CHECK(shard.wall_now().ms_since(wall_start) == 24 * 3600 * 1000);
    CHECK(!timer->armed());
  }
  SECTION("a limit is kept") {
    CHECK(!world.run_until([&] { return fired; }, 1h));
    CHECK(shard.now() == start + 1h);
  }
  SECTION("a cancelled timer never fires") {
    timer->cancel();
    CHECK(world.run_until_idle());
    CHECK(!fired);
  }
  SECTION("a destroyed timer never fires") {
    timer.reset();
    CHECK(world.run_until_idle());
    CHECK(!fired);
  }
  SECTION("arming again moves it") {
    timer->arm(start + 1s);
    world.run_for(1s);
    CHECK(fired);
    CHECK(world.run_until_idle());
    CHECK(shard.now() == start + 1s);
  }
}

TEST_CASE("a timer may destroy itself", "[sim][world]") {
  World world{Seed{1}};
  std::unique_ptr<Timer> timer;
  std::string done = "no";
  timer = world.shard().make_timer([&, owned = std::string("a string too long to stand inside")] {
    timer.reset();
    done = owned;
  });
  timer->arm(world.shard().now());
  CHECK(world.run_until_idle());
  CHECK(done.starts_with("a string"));
}

TEST_CASE("tasks keep their order, also from shard to shard", "[sim][world]") {
  World world{Seed{2}, {.shards = 2}};
  std::string trace;
  world.shard(0).post([&] {
    for (char c = 'a'; c < 'f'; ++c) {
      world.shard(1).post_remote([&trace, c] { trace += c; });
      world.shard(0).post([&trace] { trace += '.'; });
    }
  });
  CHECK(world.run_until_idle());
  std::erase(trace, '.');
  CHECK(trace == "abcde");
}

TEST_CASE("wait runs the world until the answer is there", "[sim][sync]") {
  World world{Seed{3}};
  Shard& shard = world.shard();

  SECTION("a value") {
    int job = 0;
    const auto answer = testing::wait<int>(world, [&](Completion<int> done) {
      shard.run_blocking([&] { job = 7; }, [&, done = std::move(done)]() mutable { done(job); });
      CHECK(job == 0);  // never inside the call
    });
    CHECK(answer == 7);
  }
  SECTION("an error") {
    const auto answer = testing::wait<void>(world, [&](Completion<void> done) {
      done(Error{Code::kSealed, "closed"});
    });
    CHECK(answer == Code::kSealed);
  }
  SECTION("no answer is no hang") {
    Completion<int> kept;
    const auto answer =
        testing::wait<int>(world, [&](Completion<int> done) { kept = std::move(done); });
    CHECK(answer == Code::kInternal);
    kept(1);
  }
}
