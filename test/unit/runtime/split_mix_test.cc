#include "runtime/split_mix.h"

#include "support/catch.h"

#include <set>

using restate::SplitMix64;

TEST_CASE("a seed replays its numbers, and others differ", "[runtime][random]") {
  SplitMix64 a(1), b(1), c(2);
  SplitMix64 fork = b.fork();
  SplitMix64 same_fork = a.fork();
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t number = a.next();
    CHECK(number == b.next());
    const std::uint64_t forked = fork.next();
    CHECK(forked == same_fork.next());
    seen.insert({number, forked, c.next()});
  }
  CHECK(seen.size() == 3000);
}

TEST_CASE("the published first numbers of the generator", "[runtime][random]") {
  SplitMix64 random(1234567);
  CHECK(random.next() == 6457827717110365317u);
  CHECK(random.next() == 3203168211198807973u);
}

TEST_CASE("below stays below", "[runtime][random]") {
  SplitMix64 random(7);
  CHECK(random.below(0) == 0);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 200; ++i) seen.insert(random.below(6));
  CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5});
}
