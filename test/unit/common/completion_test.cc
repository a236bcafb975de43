#include <restate/completion.h>

#include <restate/testing/world.h>

#include "support/catch.h"

#include <optional>

using namespace restate;
using testing::Seed, testing::World;

TEST_CASE("a completion is answered once and then is empty", "[common][completion]") {
  World world{Seed{1}};
  std::optional<Result<int>> answer;
  Completion<int> done(world.shard(), [&](Result<int> result) { answer = std::move(result); });
  CHECK(done);
  CHECK(&done.shard() == &world.shard());
  Completion<int> moved = std::move(done);
  CHECK(!done);  // NOLINT: moved from means empty
  moved(7);
  CHECK(!moved);
  REQUIRE(answer);
  CHECK(*answer == 7);
}

TEST_CASE("a callback may replace the completion it belongs to", "[common][completion]") {
  World world{Seed{1}};
  int answers = 0;
  Completion<void> slot;
  slot = Completion<void>(world.shard(), [&](Result<void>) {
    ++answers;
    slot = Completion<void>(world.shard(), [&](Result<void>) { ++answers; });
  });
  slot(Result<void>());
  CHECK(slot);
  slot(Result<void>());
  CHECK(answers == 2);
}

TEST_CASE("what dies unanswered depends on the life of its shard", "[common][completion]") {
  World world{Seed{1}};
  testing::Node& node = world.add_node();
  std::optional<Result<int>> answer;
  const auto make = [&] {
    return Completion<int>(node.shard(0), [&](Result<int> result) { answer = std::move(result); });
  };
  SECTION("a shutdown answers it") {
    Completion<int> open = make();
    node.begin_shutdown();
    open = {};
    REQUIRE(answer);
    CHECK(*answer == Code::kShutdown);
  }
  SECTION("a crash swallows it") {
    Completion<int> open = make();
    world.crash(node);
    open = {};
    CHECK(!answer);
  }
}

TEST_CASE("what a scope has bound does nothing once it is gone", "[common][scope]") {
  int calls = 0;
  std::optional<Scope> scope(std::in_place);
  Function<void(int)> bound = scope->bind([&](int n) { calls += n; });
  bound(1);
  scope.reset();
  bound(10);
  CHECK(calls == 1);
}
