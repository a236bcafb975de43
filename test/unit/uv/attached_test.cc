#include "host_loop.h"

#include <thread>

using namespace restate;
using namespace std::chrono_literals;
using test::HostLoop;

TEST_CASE("tasks run after the call that posted them", "[uv][attached]") {
  HostLoop host;
  std::string trace;
  host.shard().post([&] {
    trace += "a";
    host.shard().post([&] { trace += "c"; });
    trace += "b";
  });
  CHECK(trace.empty());
  host.run_until([&] { return trace.size() == 3; });
  CHECK(trace == "abc");
}

TEST_CASE("timers fire in the order of their deadlines", "[uv][attached]") {
  HostLoop host;
  Shard& shard = host.shard();
  const Instant start = shard.now();
  std::string trace;
  std::vector<std::unique_ptr<Timer>> timers;
  const auto add = [&](char name, Duration delay) {
    timers.push_back(shard.make_timer([&trace, &shard, name, at = start + delay] {
      CHECK(at <= shard.now());
      trace += name;
    }));
    timers.back()->arm(start + delay);
  };
  add('d', 6ms);
  add('b', 3ms);
  add('a', -1ms);
  add('c', 3ms);
  add('x', 1ms);
  add('e', 1ms);
  timers[4]->cancel();
  timers[5]->arm(start + 9ms);
  add('y', 2ms);
  timers.pop_back();

  host.run_until([&] { return trace.size() == 5; });
  CHECK(trace == "abcde");
  for (const auto& timer : timers) CHECK(!timer->armed());
}

TEST_CASE("a timer that is moved fires once, when it was last told to", "[uv][attached]") {
  HostLoop host;
  Shard& shard = host.shard();
  // Later and sooner than the alarm that is set already, and behind one that has rung.
  const Instant start = shard.now();
  std::vector<Duration> fired;
  const auto timer = shard.make_timer([&] { fired.push_back(shard.now() - start); });
  timer->arm(start + 1h);
  host.shard().post([&] { timer->arm(start + 2ms); });
  host.run_until([&] { return fired.size() == 1; });
  CHECK(fired[0] >= 2ms);
  timer->arm(start + fired[0] + 500us);
  host.run_until([&] { return fired.size() == 2; });
  CHECK(fired[1] >= fired[0] + 500us);
  CHECK(!timer->armed());
}

TEST_CASE("alarms for a time of day are finer than its milliseconds", "[uv][attached]") {
  HostLoop host;
  Shard& shard = host.shard();
  const auto clock = [] { return Instant{static_cast<std::int64_t>(uv_hrtime())}; };
  const Instant before = clock();
  const WallTime now = shard.wall_now();
  const Instant second = shard.instant_of(now.plus(1000));
  const Instant after = clock();
  // The time of day is somewhere inside of its millisecond.
  CHECK(second > before + 999ms);
  CHECK(second <= after + 1000ms);
  const Instant past = shard.instant_of(WallTime{0});
  const Instant far = shard.instant_of(WallTime{UINT64_MAX});
  const Instant end = clock();
  CHECK(past >= after);
  CHECK(past <= end);
  CHECK(far > after + 364 * 24h);
  CHECK(far <= end + 365 * 24h);
}

TEST_CASE("a timer may destroy or re-arm itself", "[uv][attached]") {
  HostLoop host;
  Shard& shard = host.shard();
  int fired = 0, kept = 0;
  std::unique_ptr<Timer> again, gone;
  again = shard.make_timer([&] {
    if (++fired < 3) again->arm(shard.now());
  });
  gone = shard.make_timer([&gone, &kept, owned = std::make_shared<int>(10)] {
    gone.reset();
    kept = *owned;
  });
  again->arm(shard.now());
  gone->arm(shard.now());
  host.run_until([&] { return fired == 3 && kept == 10; });
}

TEST_CASE("another thread wakes the loop", "[uv][attached]") {
  HostLoop host;
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) host.shard().post_remote([&seen, i] { seen.push_back(i); });
  });
  host.run_until([&] { return seen.size() == 1000; });
  other.join();
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}

TEST_CASE("blocking work runs elsewhere and is answered here", "[uv][attached]") {
  HostLoop host;
  const auto here = std::this_thread::get_id();
  std::thread::id worked, answered;
  host.shard().run_blocking([&] { worked = std::this_thread::get_id(); },
                            [&] { answered = std::this_thread::get_id(); });
  host.run_until([&] { return answered != std::thread::id(); });
  CHECK(answered == here);
  CHECK(worked != here);
}

TEST_CASE("an idle shard sleeps", "[uv][attached]") {
  HostLoop host;
  // A deadline far away must not keep it awake either.
  auto far = host.shard().make_timer([] {});
  far->arm(host.shard().now() + 1h);
  int iterations = 0;
  uv_prepare_t count;
  count.data = &iterations;
  uv_prepare_init(host.loop(), &count);
  uv_prepare_start(&count, [](uv_prepare_t* self) { ++*static_cast<int*>(self->data); });
  bool over = false;
  uv_timer_t timer;
  timer.data = &over;
  uv_timer_init(host.loop(), &timer);
  uv_timer_start(
      &timer, [](uv_timer_t* self) { *static_cast<bool*>(self->data) = true; }, 30, 0);

  host.run_until([&] { return over; });
  CHECK(iterations <= 5);
  uv_close(reinterpret_cast<uv_handle_t*>(&timer), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&count), nullptr);
  uv_run(host.loop(), UV_RUN_NOWAIT);
}

TEST_CASE("stopping answers what is under way, and gives the loop back", "[uv][attached]") {
  std::vector<Code> answers;
  HostLoop host;
  Shard& shard = host.shard();
  const auto completion = [&] {
    return Completion<int>(shard, [&](Result<int> result) {
      REQUIRE(!result);
      answers.push_back(result.error().code);
    });
  };
  shard.post([done = completion()]() mutable { done(1); });
  shard.post_remote([done = completion()]() mutable { done(1); });
  auto timer = shard.make_timer([] {});
  timer->arm(shard.now());
  host.attached().stop();
  CHECK(answers == std::vector<Code>{Code::kShutdown, Code::kShutdown});
  CHECK(!timer->armed());

  // Late callers are refused, not crashed.
  CHECK(host.network().listen({.host = "127.0.0.1"}, [](auto) {}) == Code::kShutdown);
  timer->arm(shard.now());
  shard.run_blocking([] {}, [done = completion()]() mutable { done(1); });
  shard.post_remote([] { FAIL("a task ran on a closed shard"); });
}
