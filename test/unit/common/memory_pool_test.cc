#include "common/memory_pool.h"
#include "support/catch.h"

#include <limits>
#include <thread>
#include <vector>

using namespace restate;

TEST_CASE("a pool gives what it has and nothing more", "[common][memory]") {
  int freed = 0;
  MemoryPool pool(100, [&] { ++freed; });
  CHECK(pool.try_take(60));
  CHECK_FALSE(pool.try_take(41));
  CHECK(pool.used() == 60);
  CHECK(pool.try_take(40));
  CHECK_FALSE(pool.try_take(1));
  CHECK(pool.try_take(0));
  CHECK_FALSE(pool.try_take(std::numeric_limits<std::size_t>::max()));
  CHECK(freed == 0);
  pool.give_back(30);
  CHECK(freed == 1);
  CHECK(pool.try_take(30));
  pool.give_back(100);
  CHECK(pool.used() == 0);
}

TEST_CASE("a lease grows, shrinks, moves and ends", "[common][memory]") {
  MemoryPool pool(100);
  {
    Lease a(pool);
    CHECK(a.resize(70));
    Lease b(pool);
    CHECK_FALSE(b.resize(31));
    CHECK(b.bytes() == 0);
    CHECK(b.resize(30));
    CHECK_FALSE(a.resize(71));
    CHECK(a.bytes() == 70);
    CHECK(a.resize(10));
    CHECK(pool.used() == 40);

    Lease c = std::move(a);
    CHECK(c.bytes() == 10);
    CHECK(a.bytes() == 0);  // NOLINT: what is left of it is empty
    CHECK_FALSE(a.attached());
    CHECK(pool.used() == 40);
    b = std::move(c);
    CHECK(b.bytes() == 10);
    CHECK(pool.used() == 10);
  }
  CHECK(pool.used() == 0);
  Lease unbound;
  CHECK(unbound.resize(1'000'000));
  CHECK(unbound.bytes() == 0);
}

TEST_CASE("threads together never hold more than the pool has", "[common][memory]") {
  constexpr std::size_t kCapacity = 64;
  MemoryPool pool(kCapacity);
  std::atomic<std::size_t> held{0}, most{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 5000; ++i) {
        const std::size_t bytes = static_cast<std::size_t>((i * 7 + t * 13) % 40 + 1);
        Lease lease(pool);
        if (!lease.resize(bytes)) continue;
        const std::size_t now = held.fetch_add(bytes) + bytes;
        std::size_t seen = most.load();
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        held.fetch_sub(bytes);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(most.load() <= kCapacity);
  CHECK(pool.used() == 0);
}
