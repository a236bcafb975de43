#include "native/pool.h"

#include "support/catch.h"

#include <string>
#include <utility>

using namespace restate;
using native::BatonPool;
using native::HandlerEvent;
using native::Mailbox;

TEST_CASE("a handler that stands still goes on when it is told to", "[trial][pool]") {
  BatonPool pool;
  std::string steps;
  Function<void()> resume;
  bool went_on = false;
  const auto mailbox = pool.run([&](Mailbox& box) {
    steps += "a";
    CHECK(pool.in_handler());
    went_on = pool.pause([&](Function<void()> task) { resume = std::move(task); });
    steps += "b";
    steps += box.take().kind == HandlerEvent::Kind::kInputEnd ? "c" : "x";
  });
  CHECK_FALSE(pool.in_handler());
  CHECK(steps == "a");

  SECTION("what arrives meanwhile waits for it") {
    mailbox->put({HandlerEvent::Kind::kInputEnd, {}});
    CHECK(steps == "a");
    resume();
    CHECK(steps == "abc");
    CHECK(went_on);
  }
  SECTION("it waits for what comes later") {
    resume();
    CHECK(steps == "ab");
    mailbox->put({HandlerEvent::Kind::kInputEnd, {}});
    CHECK(steps == "abc");
  }
  SECTION("it does not stand still any longer once it is abandoned") {
    mailbox->put({HandlerEvent::Kind::kAbandon, {}});
    CHECK_FALSE(went_on);
    CHECK(steps == "abx");
    resume();  // nobody is there any more
    CHECK(steps == "abx");
  }
}

TEST_CASE("outside of handlers nothing stands still", "[trial][pool]") {
  BatonPool pool;
  CHECK(pool.pause([](Function<void()>) { FAIL("nobody is to be resumed"); }));
}

TEST_CASE("others run while a handler stands still", "[trial][pool]") {
  BatonPool pool;
  std::string steps;
  Function<void()> resume;
  static_cast<void>(pool.run([&](Mailbox&) {
    pool.pause([&](Function<void()> task) { resume = std::move(task); });
    steps += "first ";
  }));
  static_cast<void>(pool.run([&](Mailbox&) { steps += "second "; }));
  resume();
  static_cast<void>(pool.run([&](Mailbox&) { steps += "third"; }));
  CHECK(steps == "second first third");
}
