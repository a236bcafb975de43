#include "worker/unflushed.h"

#include "support/catch.h"

using namespace restate;
using namespace std::chrono_literals;

namespace {

Instant after(Duration since_start) { return Instant{} + since_start; }

}  // namespace

TEST_CASE("what a crash would take is counted from the oldest record on", "[worker][checkpoint]") {
  worker::Unflushed unflushed(100, 1min);
  CHECK(unflushed.empty());
  CHECK(unflushed.bytes() == 0);
  unflushed.committed(1, 10, 100, 1000, after(1s));
  unflushed.committed(11, 20, 100, 2000, after(2s));
  unflushed.committed(21, 30, 100, 3000, after(3s));
  CHECK(unflushed.bytes() == 300);
  CHECK(unflushed.pinned_bytes(3100) == 2100);
  CHECK(unflushed.age(after(5s)) == 4s);

  SECTION("a flush in the middle of a run leaves that run") {
    unflushed.on_durable(15);
    CHECK(unflushed.bytes() == 200);
    CHECK(unflushed.pinned_bytes(3100) == 1100);
    CHECK(unflushed.age(after(5s)) == 3s);
  }
  SECTION("a flush up to the end of a run takes it away") {
    unflushed.on_durable(20);
    CHECK(unflushed.bytes() == 100);
  }
  SECTION("a flush of everything leaves nothing") {
    unflushed.on_durable(30);
    CHECK(unflushed.empty());
    CHECK(unflushed.pinned_bytes(9999) == 0);
    CHECK(unflushed.age(after(1h)) == 0s);
    unflushed.committed(31, 31, 7, 5000, after(9s));
    CHECK(unflushed.bytes() == 7);
    CHECK(unflushed.pinned_bytes(5007) == 7);
  }
}

TEST_CASE("small commits share a run until it is large or old", "[worker][checkpoint]") {
  worker::Unflushed unflushed(100, 1min);
  unflushed.committed(1, 1, 10, 0, after(0s));
  unflushed.committed(2, 2, 10, 10, after(1s));
  unflushed.on_durable(1);
  CHECK(unflushed.bytes() == 20);  // rounded up
  unflushed.committed(3, 3, 10, 20, after(61s));
  unflushed.on_durable(2);
  CHECK(unflushed.bytes() == 10);
}

TEST_CASE("what comes after a flush began is told apart from what came before",
          "[worker][checkpoint]") {
  worker::Unflushed unflushed(100, 1min);
  unflushed.committed(1, 5, 10, 0, after(0s));
  unflushed.cut();
  unflushed.committed(6, 6, 1, 10, after(1s));
  unflushed.on_durable(5);
  CHECK(unflushed.bytes() == 1);
  CHECK(unflushed.age(after(2s)) == 1s);
}
