#include "invoker/deadlines.h"
#include "invoker/options.h"
#include "support/catch.h"

#include <restate/testing/world.h>

#include <memory>
#include <vector>

using namespace restate;
using namespace restate::invoker;
using namespace std::chrono_literals;

namespace {

struct Waiter final : DeadlineListener {
  Waiter(std::vector<int>& o, int n) : order(o), number(n), deadline(*this) {}
  void on_deadline() override {
    order.push_back(number);
    if (then) then();
  }
  std::vector<int>& order;
  int number;
  Deadline deadline;
  Function<void()> then;
};

}  // namespace

TEST_CASE("deadlines", "[invoker][deadlines]") {
  restate::testing::World world{restate::testing::Seed{3}};
  Deadlines deadlines(world.shard(0));
  std::vector<int> order;
  auto one = std::make_unique<Waiter>(order, 1);
  auto two = std::make_unique<Waiter>(order, 2);
  auto three = std::make_unique<Waiter>(order, 3);

  SECTION("expire when they are due, never before") {
    deadlines.start(one->deadline, 2s);
    deadlines.start(two->deadline, 1s);
    deadlines.start(three->deadline, 2s);
    world.run_for(999ms);
    CHECK(order.empty());
    world.run_for(1ms + kDeadlineTick);
    CHECK(order == std::vector<int>{2});
    world.run_for(1s);
    CHECK(order == std::vector<int>{2, 1, 3});
    world.run_for(10s);
    CHECK(order.size() == 3);
  }
  SECTION("begin anew when they are started again") {
    deadlines.start(one->deadline, 1s);
    deadlines.start(two->deadline, 1s);
    world.run_for(900ms);
    deadlines.start(one->deadline, 1s);
    world.run_for(200ms);
    CHECK(order == std::vector<int>{2});
    world.run_for(1s);
    CHECK(order == std::vector<int>{2, 1});
  }
  SECTION("can be stopped, and may die") {
    deadlines.start(one->deadline, 1s);
    deadlines.start(two->deadline, 1s);
    deadlines.start(three->deadline, 1s);
    deadlines.stop(two->deadline);
    deadlines.stop(two->deadline);
    one.reset();
    world.run_for(2s);
    CHECK(order == std::vector<int>{3});
  }
  SECTION("who expires may start, stop and destroy") {
    deadlines.start(one->deadline, 1s);
    deadlines.start(two->deadline, 1s);
    deadlines.start(three->deadline, 1s);
    one->then = [&] {
      three.reset();
      deadlines.start(one->deadline, 10ms);
      one->then = [&] { one.reset(); };
    };
    world.run_for(3s);
    CHECK(order == std::vector<int>{1, 2, 1});
  }
  SECTION("a short one is not held up by a long one") {
    deadlines.start(one->deadline, 1h);
    deadlines.start(two->deadline, 10ms);
    world.run_for(10ms + kDeadlineTick + 1ms);
    CHECK(order == std::vector<int>{2});
  }
}
