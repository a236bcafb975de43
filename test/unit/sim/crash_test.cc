#include "peer.h"
#include "support/seed.h"

#include <string>

using namespace std::chrono_literals;
using namespace restate;
using test::Pair, test::pattern, test::Peer;
using testing::Node, testing::Seed, testing::World;

namespace {

/// A bit of everything, random in all its parts.
std::uint64_t busy_run(Seed seed) {
  World world{seed};
  world.set_fault("", 300000);
  Node& a = world.add_node({.shards = 2, .drift_ppm = 50});
  Node& b = world.add_node({.shards = 2, .drift_ppm = -50});
  std::optional<Pair> pair(std::in_place, world, a, b);
  std::vector<std::unique_ptr<Timer>> timers;
  for (Node* node : {&a, &b}) {
    for (std::uint32_t i = 0; i < 2; ++i) {
      Shard& shard = node->shard(i);
      timers.push_back(shard.make_timer([&, timer = timers.size()] {
        if (!shard.fault("test/skip") && pair->client && shard.random().below(2) == 0) {
          pair->client->stream->write({Bytes(pattern(shard.random().below(100000), 1))});
        }
        shard.run_blocking(
            [] {},
            [&shard, &timers, timer] {
              timers[timer]->arm(shard.now() + Duration(shard.random().below(1000000)));
            });
      }));
      timers.back()->arm(shard.now() + 1ms);
    }
  }
  world.after(20ms, [&] { world.network().clog(a, b); });
  world.after(30ms, [&] { world.network().heal(); });
  world.after(50ms, [&] {
    b.on_crash([&] { pair->server.reset(); });
    world.crash(b);
  });
  world.run_for(100ms);
  CHECK(world.events_run() > 50);
  pair.reset();
  timers.clear();
  return world.trace_hash();
}

}  // namespace

TEST_CASE("the same seed is the same run", "[sim][trace]") {
  const Seed seed = testing::seed_or(GENERATE(1u, 2u, 3u, 4u, 5u));
  INFO(testing::seed_line(seed));
  CHECK(busy_run(seed) == busy_run(seed));
  CHECK(busy_run(seed) != busy_run(Seed{seed.value + 100}));
}

TEST_CASE("a crash breaks the node's streams and forgets what it had posted", "[sim][crash]") {
  World world{Seed{1}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  Pair pair(world, a, b);
  bool answered = false, ran = false;
  std::string trace;
  Completion<int> open(b.shard(0), [&](Result<int>) { answered = true; });
  auto timer = b.shard(0).make_timer([&] { ran = true; });
  timer->arm(b.shard(0).now() + 1s);
  b.shard(0).post([&ran] { ran = true; });
  b.shard(0).run_blocking([&ran] { ran = true; }, [] {});
  b.on_crash([&] {
    trace += "1";
    pair.server.reset();
    pair.listener.reset();
    timer.reset();
    Completion<int> dies = std::move(open);
  });
  b.on_crash([&] { trace += "2"; });
  pair.server->stream->write({"on the wire?"});

  world.crash(b);
  CHECK(!b.running());
  CHECK(trace == "21");
  CHECK(!answered);
  b.shard(0).post([&ran] { ran = true; });
  world.run_for(5s);
  CHECK(!ran);
  REQUIRE(pair.client->error);
  CHECK(pair.client->error->code == Code::kUnavailable);

  SECTION("connects are refused meanwhile") {
    std::optional<Result<std::unique_ptr<Stream>>> answer;
    auto connecting = a.shard(0).network().connect(
        pair.address, 10s, [&](auto result) { answer = std::move(result); });
    REQUIRE(world.run_until([&] { return answer.has_value(); }));
    CHECK(*answer == Code::kUnavailable);
  }
  SECTION("a restart begins with nothing, on another clock") {
    world.restart(b);
    CHECK(b.generation() == 2);
    CHECK(world.run_until_idle());
    CHECK(!ran);
    pair.client.reset();
    Pair again(world, a, b);
    again.client->stream->write({"hello again"});
    CHECK(world.run_until([&] { return again.server->received == "hello again"; }));
    again.client.reset();
    again.server.reset();
  }
  pair.client.reset();
}

TEST_CASE("a crash asked for inside an event comes right after it", "[sim][crash]") {
  World world{Seed{2}};
  Node& node = world.add_node();
  std::string trace;
  node.on_crash([&] { trace += "crash "; });
  node.shard(0).post([&] {
    world.crash(node);
    trace += "task ";
    node.shard(0).post([&] { trace += "never "; });
    world.crash(node);
  });
  CHECK(world.run_until_idle());
  CHECK(trace == "task never crash ");
}

TEST_CASE("a peer behind a clogged link does not hear of the crash yet", "[sim][crash]") {
  World world{Seed{3}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  Pair pair(world, a, b);
  b.on_crash([&] { pair.server.reset(); });
  world.network().partition(a, b);
  world.crash(b);
  world.run_for(1h);
  CHECK(!pair.client->error);
  world.network().heal();
  world.run_for(1s);
  CHECK(pair.client->error);
  pair.client.reset();
}

TEST_CASE("a paused node is late for everything", "[sim][crash]") {
  World world{Seed{4}};
  Node& a = world.add_node();
  Node& b = world.add_node();
  Pair pair(world, a, b);
  std::vector<Instant> late;
  const auto note = [&] { late.push_back(world.now()); };
  auto timer = b.shard(0).make_timer(note);
  timer->arm(b.shard(0).now() + 1s);
  b.shard(0).post(note);
  b.shard(0).run_blocking(note, note);
  const Instant end = world.now() + 60s;
  b.pause(60s);
  pair.client->stream->write({"wake up"});
  world.run_for(59s);
  CHECK(late.empty());
  CHECK(pair.server->received.empty());
  world.run_for(2s);
  CHECK(late.size() == 4);
  for (const Instant at : late) CHECK(end <= at);
  CHECK(pair.server->received == "wake up");
}

TEST_CASE("clocks drift and jump", "[sim][clock]") {
  World world{Seed{5}};
  Node& fast = world.add_node({.drift_ppm = 100000});
  Node& slow = world.add_node({.drift_ppm = -100000});
  const Instant fast_start = fast.shard(0).now(), slow_start = slow.shard(0).now();
  const WallTime wall_start = fast.shard(0).wall_now();
  world.run_for(100s);
  CHECK(fast.shard(0).now() - fast_start == 110s);
  CHECK(slow.shard(0).now() - slow_start == 90s);
  CHECK(fast.shard(0).wall_now().ms_since(wall_start) == 110000);

  Instant fired;
  auto timer = slow.shard(0).make_timer([&] { fired = slow.shard(0).now(); });
  const Instant deadline = slow.shard(0).now() + 10s;
  timer->arm(deadline);
  SECTION("a timer keeps its node's time") {
    CHECK(world.run_until_idle());
    CHECK(fired == deadline);
  }
  SECTION("also when the drift changes under way") {
    slow.set_drift_ppm(GENERATE(-500000, 500000));
    CHECK(world.run_until_idle());
    CHECK(deadline <= fired);
  }
  SECTION("the time of day jumps alone") {
    const Instant before = fast.shard(0).now();
    const WallTime wall = fast.shard(0).wall_now();
    fast.jump_wall_clock(-1h);
    CHECK(fast.shard(0).now() == before);
    CHECK(wall.ms_since(fast.shard(0).wall_now()) == 3600 * 1000);
  }
  SECTION("never is far away") {
    timer->arm(Instant{INT64_MAX});
    world.run_for(24h);
    CHECK(timer->armed());
    timer->cancel();
  }
}

TEST_CASE("fault points strike as often as told, and are counted", "[sim][fault]") {
  World world{Seed{6}};
  Shard& shard = world.shard();
  const auto strikes = [&](const char* name) {
    int count = 0;
    for (int i = 0; i < 1000; ++i) count += shard.fault(name) ? 1 : 0;
    return count;
  };
  CHECK(strikes("test/never") == 0);
  world.set_fault("test/always", 1000000);
  world.set_fault("", 500000);
  world.set_fault("test/never", 0);
  CHECK(strikes("test/always") == 1000);
  CHECK(strikes("test/never") == 0);
  const int others = strikes("test/other");
  CHECK(others > 400);
  CHECK(others < 600);
  CHECK(world.fault_counts().at("test/never").asked == 2000);
  CHECK(world.fault_counts().at("test/other").fired == static_cast<std::uint64_t>(others));
}

TEST_CASE("a node that is shutting down answers what dies", "[sim][crash]") {
  World world{Seed{7}};
  Node& node = world.add_node();
  std::optional<Code> answer;
  {
    Completion<int> open(node.shard(0), [&](Result<int> result) { answer = result.error().code; });
    node.begin_shutdown();
  }
  CHECK(answer == Code::kShutdown);
}
