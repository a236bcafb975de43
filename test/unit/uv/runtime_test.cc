#include "host_loop.h"

#include <signal.h>

#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <thread>

using namespace restate;
using namespace std::chrono_literals;
using test::pattern, test::Peer;

TEST_CASE("messages between shards keep the order of their sender", "[uv][runtime]") {
  constexpr int kMessages = 20000;
  uv::Runtime runtime{{.shards = 3, .pool_threads = 1}};
  std::vector<int> seen[3];  // touched by shard 0 only
  std::latch done(1);
  int total = 0;
  const auto send = [&](int sender) {
    for (int i = 0; i < kMessages; ++i) {
      runtime.shard(0).post_remote([&, sender, i] {
        seen[sender].push_back(i);
        if (++total == 3 * kMessages) done.count_down();
      });
    }
  };
  runtime.shard(1).post_remote([&] { send(1); });
  runtime.shard(2).post_remote([&] { send(2); });
  send(0);
  done.wait();
  runtime.run_on(0, [&] {
    for (const auto& from : seen) {
      CHECK(from.size() == kMessages);
      CHECK(std::is_sorted(from.begin(), from.end()));
    }
  });
}

TEST_CASE("each shard is a thread that no signal reaches", "[uv][runtime]") {
  uv::Runtime runtime{{.shards = 2, .pool_threads = 1, .thread_name = "unit"}};
  std::thread::id first, second;
  char name[32] = {};
  runtime.run_on(0, [&] { first = std::this_thread::get_id(); });
  runtime.run_on(1, [&] {
    second = std::this_thread::get_id();
    pthread_getname_np(pthread_self(), name, sizeof(name));
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    CHECK(sigismember(&blocked, SIGTERM) == 1);
    CHECK(sigismember(&blocked, SIGPIPE) == 1);
    // Nested: on its own shard it runs at once instead of waiting for itself.
    bool nested = false;
    CHECK(runtime.run_on(1, [&] { nested = true; }));
    CHECK(nested);
  });
  CHECK(first != second);
  CHECK(first != std::this_thread::get_id());
  CHECK(std::string(name) == "unit-1");
  sigset_t ours;
  pthread_sigmask(SIG_SETMASK, nullptr, &ours);
  CHECK(sigismember(&ours, SIGTERM) == 0);
}

TEST_CASE("a ping-pong between shards wakes both", "[uv][runtime]") {
  uv::Runtime runtime{{.shards = 2, .pool_threads = 1}};
  std::latch done(1);
  Function<void(int)> hit;
  hit = [&](int left) {
    if (left == 0) return done.count_down();
    runtime.shard(left % 2).post_remote([&hit, left] { hit(left - 1); });
  };
  runtime.shard(0).post_remote([&] { hit(2000); });
  done.wait();
}

TEST_CASE("shards share a port", "[uv][runtime]") {
  uv::Runtime runtime{{.shards = 2, .pool_threads = 1}};
  std::unique_ptr<Listener> listeners[2];
  std::vector<std::unique_ptr<Peer>> peers[2];
  const auto listen = [&](std::uint32_t shard, const Address& address) {
    runtime.run_on(shard, [&, shard] {
      auto listener = runtime.shard(shard).network().listen(
          address, [&peers, shard](std::unique_ptr<Stream> stream) {
            peers[shard].push_back(std::make_unique<Peer>(std::move(stream)));
            peers[shard].back()->echo = true;
          });
      REQUIRE(listener);
      listeners[shard] = std::move(*listener);
    });
  };
  listen(0, {.host = "127.0.0.1"});
  const Address address = listeners[0]->address();
  listen(1, address);
  CHECK(listeners[1]->address() == address);

  // Clients on shard 0, each with its own words.
  constexpr int kClients = 32;
  std::vector<std::unique_ptr<Connecting>> connecting;
  std::vector<std::unique_ptr<Peer>> clients;
  std::latch connected(kClients);
  runtime.run_on(0, [&] {
    for (int i = 0; i < kClients; ++i) {
      connecting.push_back(runtime.shard(0).network().connect(address, 30s, [&, i](auto stream) {
        REQUIRE(stream);
        clients.push_back(std::make_unique<Peer>(std::move(*stream)));
        clients.back()->stream->write({Bytes(pattern(100000, static_cast<unsigned>(i)))});
        clients.back()->stream->shutdown_write();
        connected.count_down();
      }));
    }
  });
  connected.wait();
  const auto all_ended = [&] {
    bool ended = true;
    runtime.run_on(0, [&] {
      for (const auto& client : clients) ended = ended && client->ended;
    });
    return ended;
  };
  while (!all_ended()) std::this_thread::yield();
  runtime.run_on(0, [&] {
    for (const auto& client : clients) CHECK(client->received.size() == 100000);
  });
  runtime.run_on(1, [&] {
    listeners[1].reset();
    peers[1].clear();
  });
  runtime.run_on(0, [&] {
    CHECK(runtime.shard(0).network().listen(address, [](auto) {}) == Code::kAlreadyExists);
    connecting.clear();
    clients.clear();
    peers[0].clear();
    listeners[0].reset();
  });
}

TEST_CASE("run waits for request_stop", "[uv][runtime]") {
  uv::Runtime runtime{{.shards = 1, .pool_threads = 1}};
  SECTION("from a shard") {
    runtime.shard(0).post_remote([&] { runtime.request_stop(3); });
    CHECK(runtime.run() == 3);
  }
  SECTION("asked before") {
    runtime.request_stop();
    CHECK(runtime.run() == 0);
  }
}

TEST_CASE("stopping drops what has not begun, and answers it on its shard", "[uv][runtime]") {
  auto runtime = std::make_unique<uv::Runtime>(uv::Options{.shards = 2, .pool_threads = 1});
  Shard& shard = runtime->shard(1);
  std::thread::id shard_thread;
  runtime->run_on(1, [&] { shard_thread = std::this_thread::get_id(); });
  std::atomic<int> answered = 0;
  std::promise<void> begun, go_on;
  bool finished = false;
  shard.run_blocking(
      [&] {
        begun.set_value();
        go_on.get_future().wait();
        finished = true;
      },
      [] {});
  begun.get_future().wait();
  int submitted = 0;
  const auto submit = [&] {
    Completion<int> done(shard, [&](Result<int> result) {
      CHECK(result == Code::kShutdown);
      CHECK(std::this_thread::get_id() == shard_thread);
      ++answered;
    });
    shard.run_blocking([] { FAIL("a job began after stop"); },
                       [done = std::move(done)]() mutable { done(1); });
    ++submitted;
  };
  for (int i = 0; i < 10; ++i) submit();
  // The one that has begun is let go only when the pool takes no more: then new ones are answered.
  std::thread stopper([&] { runtime->stop(); });
  while (answered.load() == 0) {
    submit();
    std::this_thread::yield();
  }
  go_on.set_value();
  stopper.join();
  CHECK(finished);
  CHECK(answered == submitted);
  CHECK(!runtime->run_on(0, [] {}));
}

TEST_CASE("random numbers differ from shard to shard, and follow a seed if asked",
          "[uv][runtime]") {
  const auto draw = [](std::optional<std::uint64_t> seed) {
    uv::Runtime runtime{{.shards = 2, .pool_threads = 1, .seed = seed}};
    std::vector<std::uint64_t> numbers;
    for (std::uint32_t i = 0; i < 2; ++i) {
      runtime.run_on(i, [&] {
        for (int n = 0; n < 600; ++n) numbers.push_back(runtime.shard(i).random().next());
      });
    }
    return numbers;
  };
  const auto unseeded = draw({});
  CHECK(std::set(unseeded.begin(), unseeded.end()).size() == unseeded.size());
  CHECK(unseeded != draw({}));
  const auto seeded = draw(5);
  CHECK(seeded == draw(5));
  CHECK(std::set(seeded.begin(), seeded.end()).size() == seeded.size());
}

TEST_CASE("a process may use at least one cpu", "[uv][runtime]") {
  CHECK(uv::usable_cpus() >= 1);
  CHECK(uv::usable_cpus() <= std::thread::hardware_concurrency());
}
