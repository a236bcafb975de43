#include "invoker/slots.h"
#include "support/catch.h"

#include <restate/testing/world.h>

using namespace restate;
using namespace restate::invoker;
using namespace std::chrono_literals;

namespace {

/// Wants `wanted` slots and counts what it has.
struct Customer final : SlotWaiter {
  Customer(ShardSlots& s, int w) : slots(s), wanted(w) {}
  ~Customer() { slots.forget(*this); }
  void ask() {
    while (has < wanted && slots.acquire(*this)) ++has;
  }
  void on_slot() override {
    if (has == wanted) return slots.release();
    ++has;
    ask();
  }
  void give_back() {
    --has;
    --wanted;
    slots.release();
  }
  ShardSlots& slots;
  int wanted;
  int has = 0;
};

}  // namespace

TEST_CASE("slots are shared between partitions and shards", "[invoker][slots]") {
  restate::testing::World world{restate::testing::Seed{11}, {.shards = 2}};
  Shard& here = world.shard(0);
  Shard& there = world.shard(1);
  SharedLimits limits(4, {&here, &there});

  SECTION("one may have them all") {
    Customer a(limits.on(here), 4);
    a.ask();
    CHECK(a.has == 4);
    CHECK(limits.used() == 4);
  }
  SECTION("who waits on the same shard gets what is given back, in turns") {
    Customer a(limits.on(here), 4), b(limits.on(here), 2), c(limits.on(here), 2);
    a.ask();
    b.ask();
    c.ask();
    a.give_back();
    a.give_back();
    world.run_for(1ms);
    CHECK(b.has == 1);
    CHECK(c.has == 1);
    CHECK(limits.used() == 4);
  }
  SECTION("who waits on another shard is told") {
    Customer a(limits.on(here), 4), b(limits.on(there), 1);
    a.ask();
    b.ask();
    world.run_for(1ms);
    REQUIRE(b.has == 0);
    a.give_back();
    world.run_for(1ms);
    CHECK(b.has == 1);
  }
  SECTION("nobody overtakes the line") {
    Customer a(limits.on(here), 4), b(limits.on(here), 1), c(limits.on(here), 1);
    a.ask();
    b.ask();
    a.give_back();
    c.ask();  // there is a free slot, but b was first
    CHECK(c.has == 0);
    world.run_for(1ms);
    CHECK(b.has == 1);
    CHECK(c.has == 0);
  }
  SECTION("a waiter that has lost interest gives the slot on") {
    Customer a(limits.on(here), 4), b(limits.on(here), 1), c(limits.on(here), 1);
    a.ask();
    b.ask();
    c.ask();
    b.wanted = 0;
    a.give_back();
    world.run_for(1ms);
    CHECK(c.has == 1);
    CHECK(limits.used() == 4);
  }
  SECTION("a waiter that dies is forgotten") {
    Customer a(limits.on(here), 4);
    a.ask();
    {
      Customer b(limits.on(here), 1);
      b.ask();
    }
    a.give_back();
    world.run_for(1ms);
    CHECK(limits.used() == 3);
  }
  SECTION("a shard with a long queue leaves every other slot to the next one") {
    Customer a(limits.on(here), 4), b(limits.on(here), 100), c(limits.on(there), 100);
    a.ask();
    b.ask();
    c.ask();
    for (int i = 0; i < 4; ++i) {
      a.give_back();
      world.run_for(1ms);
    }
    CHECK(b.has == 2);
    CHECK(c.has == 2);
    CHECK(limits.used() == 4);
  }
  SECTION("nobody takes what is on its way to a shard that starves") {
    Customer a(limits.on(here), 4), b(limits.on(there), 1), late(limits.on(here), 1);
    a.ask();
    b.ask();
    a.give_back();
    late.ask();  // before the other shard has heard of it
    CHECK(late.has == 0);
    world.run_for(1ms);
    CHECK(b.has == 1);
    CHECK(late.has == 0);
    b.give_back();
    world.run_for(1ms);
    CHECK(late.has == 1);
    CHECK(limits.used() == 4);
  }
  SECTION("with a higher limit, who waits goes on") {
    Customer a(limits.on(here), 5), b(limits.on(there), 1);
    a.ask();
    b.ask();
    limits.set_limit(6);
    world.run_for(1ms);
    CHECK(a.has == 5);
    CHECK(b.has == 1);
    CHECK(limits.used() == 6);
  }
  SECTION("with a lower one, what is given back is gone until it fits") {
    Customer a(limits.on(here), 4), b(limits.on(there), 1);
    a.ask();
    b.ask();
    limits.set_limit(2);
    a.give_back();
    a.give_back();
    world.run_for(1ms);
    CHECK(b.has == 0);
    CHECK(limits.used() == 2);
    a.give_back();
    world.run_for(1ms);
    CHECK(b.has == 1);
    CHECK(limits.used() == 2);
  }
  SECTION("there is always one slot") {
    limits.set_limit(0);
    CHECK(limits.limit() == 1);
  }
  SECTION("what a shard cannot use any more goes on to the next one") {
    Customer a(limits.on(here), 4), c(limits.on(here), 1);
    a.ask();
    {
      Customer b(limits.on(there), 1);
      b.ask();
      c.ask();
      a.give_back();
      a.give_back();
    }
    world.run_for(1ms);
    CHECK(c.has == 1);
    CHECK(limits.used() == 3);
  }
}
