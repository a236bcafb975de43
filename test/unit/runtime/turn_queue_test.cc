#include "runtime/turn_queue.h"

#include "support/catch.h"

#include <memory>
#include <string>
#include <vector>

using restate::Function, restate::TurnActor, restate::TurnPhase, restate::TurnQueue;

namespace {

class Actor final : public TurnActor {
 public:
  Actor(TurnQueue& queue, Function<void()> action) : queue_(queue), action_(std::move(action)) {}
  ~Actor() { queue_.forget(*this); }
  void ask(TurnPhase phase) { queue_.at_turn_end(phase, *this); }
  void act() override { action_(); }

 private:
  TurnQueue& queue_;
  Function<void()> action_;
};

}  // namespace

TEST_CASE("tasks run in posting order, before anybody acts", "[runtime][turn]") {
  TurnQueue queue;
  std::string trace;
  Actor actor(queue, [&] { trace += "A"; });

  actor.ask(TurnPhase::kApply);
  queue.post([&] {
    trace += "1";
    queue.post([&] { trace += "3"; });
  });
  queue.post([&] { trace += "2"; });
  CHECK(!queue.idle());
  queue.run_round();

  CHECK(trace == "123A");
  CHECK(queue.idle());
}

TEST_CASE("actors act once per phase, in the order of the phases", "[runtime][turn]") {
  TurnQueue queue;
  std::string trace;
  Actor apply(queue, [&] { trace += "a"; });
  Actor append(queue, [&] { trace += "p"; });
  Actor flush(queue, [&] { trace += "f"; });

  for (int i = 0; i < 3; ++i) {
    flush.ask(TurnPhase::kFlush);
    append.ask(TurnPhase::kAppend);
    apply.ask(TurnPhase::kApply);
  }
  flush.ask(TurnPhase::kApply);  // one actor may ask for several phases
  queue.run_round();

  CHECK(trace == "afpf");
}

TEST_CASE("an actor may ask for more while it acts", "[runtime][turn]") {
  TurnQueue queue;
  std::string trace;
  Actor flush(queue, [&] { trace += "f"; });
  Actor late(queue, [&] { trace += "l"; });

  SECTION("a later phase comes in the same round") {
    Actor apply(queue, [&] { flush.ask(TurnPhase::kFlush); });
    apply.ask(TurnPhase::kApply);
    queue.run_round();
    CHECK(trace == "f");
    CHECK(queue.idle());
  }
  SECTION("so does another actor in the same phase") {
    Actor session(queue, [&] {
      trace += "s";
      late.ask(TurnPhase::kFlush);
    });
    session.ask(TurnPhase::kFlush);
    queue.run_round();
    CHECK(trace == "sl");
  }
  SECTION("but whoever acted waits for the next round, as does an earlier phase") {
    int left = 3;
    Actor again(queue, [&] {
      trace += "x";
      late.ask(TurnPhase::kApply);
      if (--left > 0) flush.ask(TurnPhase::kFlush);
    });
    Actor* self = &again;
    Actor repeat(queue, [&] {
      trace += "r";
      self->ask(TurnPhase::kFlush);
    });
    again.ask(TurnPhase::kFlush);
    repeat.ask(TurnPhase::kFlush);
    queue.run_round();
    CHECK(trace == "xrf");
    queue.run_round();
    CHECK(trace == "xrflxf");
  }
}

TEST_CASE("an actor may die at any time", "[runtime][turn]") {
  TurnQueue queue;
  std::string trace;
  auto victim = std::make_unique<Actor>(queue, [&] { trace += "v"; });
  Actor last(queue, [&] { trace += "l"; });

  SECTION("before the turn") {
    victim->ask(TurnPhase::kFlush);
    victim.reset();
    last.ask(TurnPhase::kFlush);
    queue.run_round();
  }
  SECTION("by the hand of an actor before it") {
    Actor killer(queue, [&] { victim.reset(); });
    killer.ask(TurnPhase::kFlush);
    victim->ask(TurnPhase::kFlush);
    last.ask(TurnPhase::kFlush);
    queue.run_round();
  }
  SECTION("after it acted, with another phase asked for") {
    Actor killer(queue, [&] {
      trace.clear();
      victim.reset();
    });
    victim->ask(TurnPhase::kFlush);
    killer.ask(TurnPhase::kFlush);
    queue.post([&] { victim->ask(TurnPhase::kFlush); });
    last.ask(TurnPhase::kFlush);
    queue.run_round();
  }
  CHECK(trace == "l");
  CHECK(queue.idle());
}

TEST_CASE("a task that posts itself leaves the loop its turn", "[runtime][turn]") {
  TurnQueue queue;
  int runs = 0;
  Function<void()> again;
  again = [&] {
    ++runs;
    queue.post([&] { again(); });
  };
  queue.post([&] { again(); });
  queue.run_round();
  CHECK(runs > 0);
  CHECK(!queue.idle());
}

TEST_CASE("clearing destroys tasks unrun, and what dies may post", "[runtime][turn]") {
  TurnQueue queue;
  bool ran = false;
  struct PostsWhenItDies {
    TurnQueue* queue;
    bool* ran;
    ~PostsWhenItDies() {
      queue->post([ran = ran] { *ran = true; });
    }
  };
  queue.post([&ran, owned = std::make_unique<PostsWhenItDies>(&queue, &ran)] { ran = true; });
  queue.clear();
  CHECK(queue.idle());
  CHECK(!ran);
}
