#include "fixture.h"

using namespace restate;
using namespace std::chrono_literals;

namespace {

worker::WorkerOptions options(std::size_t checkpoint_bytes, Duration trim_delay) {
  auto options = testing::worker_options();
  options.checkpoint_bytes = checkpoint_bytes;
  options.trim_delay = trim_delay;
  return options;
}

}  // namespace

TEST_CASE("a partition is flushed for its own bytes, then the log goes", "[worker][durability]") {
  testing::WorkerNode node(1, options(16 << 10, 1min));
  REQUIRE(node.all_lead());
  for (int i = 0; i < 8; ++i) REQUIRE(node.patch(0, 1000));
  node.world.run_for(10s);
  CHECK(node.processor(0).durable().value == 0);
  for (int i = 0; i < 16; ++i) REQUIRE(node.patch(0, 1000));
  node.world.run_for(10s);
  CHECK(node.processor(0).durable().value >= 12);
  CHECK(node.processor(1).durable().value == 0);
  CHECK(node.trim_point(0) == 0);  // not before its time
  node.world.run_for(1min);
  CHECK(node.trim_point(0) >= 12);
  CHECK(node.trim_point(0) <= node.processor(0).durable().value);
}

TEST_CASE("a cold partition does not keep the log of a busy one", "[worker][durability]") {
  testing::WorkerNode node(2, options(16 << 10, 1s));
  REQUIRE(node.all_lead());
  std::uint64_t trimmed = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 200; ++i) REQUIRE(node.patch(0, 1000));
    node.world.run_for(10s);
    // What is left of the cold one is in the newest part of the log: it moves on each time, though
    // nothing but its own reports is new in it.
    CHECK(node.trim_point(1) > trimmed);
    trimmed = node.trim_point(1);
  }
}

TEST_CASE("the little that an idle partition has applied is flushed in time",
          "[worker][durability]") {
  testing::WorkerNode node(3, options(64 << 20, 1min));
  REQUIRE(node.all_lead());
  REQUIRE(node.patch(0));
  node.world.run_for(59min);
  CHECK(node.processor(0).durable().value == 0);
  node.world.run_for(3min);
  CHECK(node.processor(0).durable().value >= 2);
  CHECK(node.trim_point(0) >= 2);
  // A report alone is no reason to flush, or it would go on for ever.
  const std::uint64_t applied = node.processor(0).machine().applied();
  node.world.run_for(24h);
  CHECK(node.processor(0).machine().applied() == applied);
}

TEST_CASE("what the store flushes on its own is noticed", "[worker][durability]") {
  testing::WorkerNode node(4, options(64 << 20, 1min));
  REQUIRE(node.all_lead());
  node.world.set_fault("storage/flush/early", 1'000'000);
  REQUIRE(node.patch(0));
  node.world.set_fault("storage/flush/early", 0);
  node.world.run_for(66s);
  CHECK(node.trim_point(0) >= 2);
}

TEST_CASE("trimming goes on after a restart", "[worker][durability]") {
  testing::WorkerNode node(5, options(16 << 10, 10min));
  REQUIRE(node.all_lead());
  for (int i = 0; i < 20; ++i) REQUIRE(node.patch(0, 1000));
  node.world.run_for(4min);
  const std::uint64_t durable = node.processor(0).durable().value;
  REQUIRE(durable > 10);
  node.close();
  node.open();
  REQUIRE(node.all_lead());
  CHECK(node.trim_point(0) == 0);
  node.world.run_for(7min);
  CHECK(node.trim_point(0) >= durable);
}
