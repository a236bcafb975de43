#include "worker/trim_queue.h"

#include "support/catch.h"

using namespace restate;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kNoLimit = UINT64_MAX;

Instant at(Duration since_start) { return Instant{} + since_start; }

}  // namespace

TEST_CASE("each point waits for its own delay", "[worker][trim]") {
  worker::TrimQueue queue(10min, kNoLimit);
  queue.add(100, at(0min), 0s, 0);
  queue.add(200, at(9min), 0s, 0);

  CHECK_FALSE(queue.take_due(at(10min) - Duration(1), 0));
  CHECK(queue.next() == at(10min));
  CHECK(queue.take_due(at(10min), 0) == 100u);
  CHECK_FALSE(queue.take_due(at(10min), 0));
  CHECK(queue.next() == at(19min));
  CHECK(queue.take_due(at(19min), 0) == 200u);
  CHECK_FALSE(queue.next());
}

TEST_CASE("of several points that are due the last one counts", "[worker][trim]") {
  worker::TrimQueue queue(1min, kNoLimit);
  for (std::uint64_t i = 1; i <= 5; ++i) queue.add(i, at(i * 10s), 0s, 0);
  CHECK(queue.take_due(at(100s), 0) == 4u);
  CHECK(queue.size() == 1);
}

TEST_CASE("a point that waited before a restart waits for the rest", "[worker][trim]") {
  worker::TrimQueue queue(10min, kNoLimit);
  SECTION("of its delay") {
    queue.add(7, at(0s), 4min, 0);
    CHECK(queue.next() == at(6min));
  }
  SECTION("and not at all if that is over") {
    queue.add(7, at(0s), 1h, 0);
    CHECK(queue.take_due(at(0s), 0) == 7u);
  }
}

TEST_CASE("points that say nothing new are ignored", "[worker][trim]") {
  worker::TrimQueue queue(10min, kNoLimit);
  queue.add(7, at(0s), 0s, 0);
  queue.add(7, at(5min), 0s, 0);
  queue.add(3, at(5min), 0s, 0);
  CHECK(queue.size() == 1);
  CHECK(queue.take_due(at(10min), 0) == 7u);
}

TEST_CASE("a busy partition keeps few points, and none of them is early", "[worker][trim]") {
  worker::TrimQueue queue(10min, kNoLimit);
  for (std::uint64_t second = 1; second <= 6000; ++second) {
    queue.add(second, at(second * 1s), 0s, 0);
    REQUIRE(queue.size() <= 40);
    if (const auto due = queue.take_due(at(second * 1s), 0)) {
      REQUIRE(*due + 600 <= second);
      REQUIRE(*due + 600 + 80 >= second);  // nor much later than a sixteenth of the delay
    }
  }
}

TEST_CASE("what waits cannot fill the disk", "[worker][trim]") {
  worker::TrimQueue queue(24h, 1000);
  queue.add(1, at(0s), 0s, 5000);
  queue.add(2, at(2h), 0s, 5900);
  CHECK_FALSE(queue.take_due(at(2h), 5999));
  CHECK(queue.take_due(at(2h), 6000) == 1u);
  CHECK(queue.take_due(at(2h), 6900) == 2u);
}
