#include "invoker/memory.h"
#include "support/catch.h"
#include "support/text.h"
#include "unit/invoker/stage.h"

#include <restate/testing/world.h>

using namespace restate;
using namespace restate::invoker;
using namespace std::chrono_literals;
using restate::invoker::testing::Row;
using restate::invoker::testing::Stage;
using restate::testing::count;

namespace {

constexpr std::size_t kKiB = 1024;

/// Begins with a lease and keeps it until `leave`.
struct MemoryCustomer final : MemoryWaiter {
  explicit MemoryCustomer(ShardMemory& m) : memory(m) {}
  ~MemoryCustomer() { memory.forget(*this); }
  void ask() {
    if (auto got = memory.admit(*this)) lease = *std::move(got);
  }
  void on_memory(Lease got) override { lease = std::move(got); }
  bool has() const { return lease.bytes() > 0; }
  void leave() { lease.release(); }
  ShardMemory& memory;
  Lease lease;
};

}  // namespace

TEST_CASE("who finds no memory to begin with waits for it in turns", "[invoker][memory]") {
  restate::testing::World world{restate::testing::Seed{12}, {.shards = 2}};
  SharedMemory memory({.limit = 64 * kKiB, .initial = 16 * kKiB}, {&world.shard(0), &world.shard(1)});
  ShardMemory& here = memory.on(world.shard(0));
  ShardMemory& there = memory.on(world.shard(1));
  std::deque<MemoryCustomer> first;
  for (int i = 0; i < 4; ++i) first.emplace_back(here).ask();
  for (const MemoryCustomer& one : first) REQUIRE(one.has());
  MemoryCustomer a(here), b(here), c(there);

  SECTION("each shard in its turn, whoever asked more often") {
    a.ask();
    b.ask();
    c.ask();
    a.ask();  // queues once
    CHECK(memory.pool().used() == 64 * kKiB);
    first[0].leave();
    first[1].leave();
    world.run_for(1ms);
    CHECK(a.has());
    CHECK(c.has());
    CHECK_FALSE(b.has());
    first[2].leave();
    world.run_for(1ms);
    CHECK(b.has());
    CHECK(memory.pool().used() == 64 * kKiB);
  }
  SECTION("nobody overtakes those who wait, on another shard either") {
    c.ask();
    first[0].leave();
    a.ask();
    CHECK_FALSE(a.has());
    world.run_for(1ms);
    CHECK(c.has());
    CHECK_FALSE(a.has());
    c.leave();
    world.run_for(1ms);
    CHECK(a.has());
  }
  SECTION("what is too little for one begins nothing") {
    a.ask();
    CHECK(first[0].lease.resize(8 * kKiB));
    world.run_for(1ms);
    CHECK_FALSE(a.has());
    CHECK(first[1].lease.resize(8 * kKiB));
    world.run_for(1ms);
    CHECK(a.has());
  }
  SECTION("what comes for one who has left goes on to the next") {
    auto gone = std::make_unique<MemoryCustomer>(here);
    gone->ask();
    c.ask();
    first[0].leave();
    gone.reset();
    world.run_for(1ms);
    CHECK(c.has());
    CHECK(memory.pool().used() == 64 * kKiB);
  }
  SECTION("with nobody left all of it is free") {
    auto gone = std::make_unique<MemoryCustomer>(there);
    gone->ask();
    first[0].leave();
    gone.reset();
    first.clear();
    world.run_for(1ms);
    CHECK(memory.pool().used() == 0);
    a.ask();
    CHECK(a.has());
  }
}

TEST_CASE("leases come in units and never ask for more than there is", "[invoker][memory]") {
  restate::testing::World world{restate::testing::Seed{13}};
  SharedMemory memory({.limit = 100 * kKiB, .initial = 16 * kKiB}, {&world.shard(0)});
  const ShardMemory& shard = memory.on(world.shard(0));
  CHECK(shard.rounded(0) == 16 * kKiB);
  CHECK(shard.rounded(16 * kKiB) == 16 * kKiB);
  CHECK(shard.rounded(16 * kKiB + 1) == 32 * kKiB);
  CHECK(shard.rounded(1000 * kKiB) == 100 * kKiB);
}

TEST_CASE("an attempt begins when there is memory for it", "[invoker][memory]") {
  Stage stage;
  stage.limit_memory({.limit = 64 * kKiB, .initial = 32 * kKiB});
  stage(R"(invoke a Greeter/greet "x"
           invoke b Greeter/greet "x")");
  CHECK(stage("invoke c Greeter/greet \"x\"").empty());
  CHECK(stage("invoke d Greeter/greet \"x\"").empty());
  CHECK(stage.pool().used() == 64 * kKiB);
  SECTION("the next one follows") {
    const std::string log = stage(R"(recv a Output "done" + End)");
    CHECK(count(log, "c < open") == 1);
    CHECK(count(log, "c < Input \"x\"") == 1);
    CHECK(count(log, "d < open") == 0);
  }
  SECTION("one that waits can be paused and aborted") {
    CHECK(count(stage("pause c"), "c > Paused") == 1);
    stage("abort d");
    stage(R"(recv a Output "done" + End
             recv b Output "done" + End)");
    CHECK(stage.invoker().size() == 0);
    CHECK(stage.pool().used() == 0);
  }
  SECTION("a wait before a retry holds nothing, and the retry waits its turn") {
    const std::string log = stage(R"(break a "reset")");
    CHECK(count(log, "c < open") == 1);
    CHECK(count(stage("advance 5000"), "a < open") == 0);
    CHECK(stage("sleep-over a 99").empty());  // news of it start nothing
    stage(R"(recv b Output "done" + End)");   // d was first
    CHECK(count(stage(R"(recv d Output "done" + End)"), "a < open") == 1);
  }
}

TEST_CASE("an attempt that the node has no memory for is repeated for free",
          "[invoker][memory]") {
  Stage stage;
  stage("option 1 max-attempts 2");
  stage.limit_memory({.limit = 96 * kKiB, .initial = 32 * kKiB});
  stage("invoke b Greeter/greet \"x\"");
  stage("stuck on");
  CHECK(count(stage("invoke a Greeter/greet *300000"), "RT0001") == 1);
  CHECK(stage.pool().used() == 32 * kKiB);
  for (int i = 0; i < 5; ++i) {
    const std::string log = stage("advance 10000");
    CHECK(count(log, "a < open") >= 1);
    CHECK(count(log, "Start known 1 retries 0") >= 1);  // nor is it the endpoint's failure
    CHECK(count(log, "Paused") == 0);
  }
  // Alone it gets on, although it needs more than there is.
  stage(R"(recv b Output "done" + End)");
  stage("advance 10000");
  CHECK(stage.pool().used() == 96 * kKiB);
  CHECK(count(stage(R"(drained a
                       recv a Output "done" + End)"), "a > Ended") == 1);
  CHECK(stage.pool().used() == 0);
}

TEST_CASE("an attempt gives back what has left", "[invoker][memory]") {
  Stage stage;
  stage.limit_memory({.limit = 1024 * kKiB, .initial = 32 * kKiB});
  stage("stuck on");
  stage("invoke a Greeter/greet *300000");
  CHECK(stage.pool().used() == 320 * kKiB);
  SECTION("when the stream tells of it") {
    stage("drained a");
    CHECK(stage.pool().used() == 32 * kKiB);
  }
  SECTION("or when it is looked at") {
    stage("unstuck a");
    CHECK(stage.pool().used() == 320 * kKiB);
    stage("advance 1100");
    CHECK(stage.pool().used() == 32 * kKiB);
  }
  SECTION("or when it ends") {
    stage("abort a");
    CHECK(stage.pool().used() == 0);
  }
}

TEST_CASE("a message that has begun to arrive counts as a whole", "[invoker][memory]") {
  Stage stage;
  stage.limit_memory({.limit = 1024 * kKiB, .initial = 32 * kKiB});
  stage(R"(invoke a Greeter/greet "x"
           recv a Sleep 1)");
  // A header that announces 200,000 bytes, and none of them.
  stage("recv a hex 0400000000030d40");
  CHECK(stage.pool().used() == 224 * kKiB);
}

TEST_CASE("an invocation that needs more than one may have is not tried again",
          "[invoker][memory]") {
  Stage stage;
  stage.limit_memory({}, 100 * kKiB);
  SECTION("to be told its input") {
    const std::string log = stage("invoke a Greeter/greet *400000");
    CHECK(count(log, "a > Paused") == 1);
    CHECK(count(log, "RT0001") == 1);
    CHECK(stage("advance 100000").empty());
  }
  SECTION("to be heard") {
    stage("invoke a Counter/k/add \"x\"");
    const std::string log = stage("recv a SetState s *400000");
    CHECK(count(log, "SetState") == 0);
    CHECK(count(log, "a > Paused") == 1);
  }
  SECTION("what fits is fine") {
    stage("invoke a Counter/k/add *300000");
    CHECK(count(stage("recv a SetState s *300000"), "a > SetState") == 1);
  }
}

TEST_CASE("invocations that wait for a slot keep so many bytes and read the rest again",
          "[invoker][memory]") {
  Stage stage(1);
  stage.limit_memory({}, {}, 2000);
  stage(R"(invoke a Greeter/greet "x"
           invoke b Greeter/greet *1000
           invoke c Greeter/greet *1500
           invoke d Greeter/greet "x")");
  CHECK(count(stage(R"(recv a Output "done" + End)"), "b < Input") == 1);
  CHECK(stage.journal_reads == 0);
  // It was too much beside b's.
  CHECK(count(stage(R"(recv b Output "done" + End)"), "c < Input") == 1);
  CHECK(stage.journal_reads == 1);
  CHECK(count(stage(R"(recv c Output "done" + End)"), "d < Input") == 1);
  CHECK(stage.journal_reads == 1);
}

TEST_CASE("notifications do not pile up before an endpoint that does not read",
          "[invoker][memory]") {
  Stage stage;
  stage("stuck on");
  stage("invoke a Greeter/greet *300000");
  CHECK(stage("signal a 17").empty());
  CHECK(stage("signal a 18").empty());
  CHECK(stage("signal a 19").empty());
  SECTION("they follow in their order, and the next one is pushed again") {
    CHECK(stage("drained a") ==
          "a < Notification: Signal signal 17 void\na < Notification: Signal signal 18 void\n"
          "a < Notification: Signal signal 19 void\n");
    CHECK(stage("signal a 20") == "a < Notification: Signal signal 20 void\n");
  }
  SECTION("the input ends behind them") {
    CHECK(stage("pause a").empty());
    const std::string log = stage("drained a");
    CHECK(log.ends_with("a < Notification: Signal signal 19 void\na < end of input\n"));
  }
  SECTION("an endpoint that suspends has not seen them") {
    CHECK(count(stage("recv a Suspension signal 17"), "delivered 1") == 1);
  }
}

TEST_CASE("an endpoint is not idle while it is being told the journal", "[invoker][driver]") {
  Stage stage;
  stage(R"(option 1 inactivity-timeout 1000
           invoke a Greeter/greet *300000
           recv a Sleep 1
           stuck on
           resume a)");
  CHECK(stage("advance 5000").empty());
  stage("drained a");
  CHECK(stage("advance 500").empty());
  CHECK(stage("advance 600") == "a < end of input\n");
}
