#include "native/pool.h"

#include "support/catch.h"

#include <atomic>
#include <future>
#include <latch>
#include <thread>
#include <vector>

using namespace restate;
using namespace restate::native;

namespace {

using Kind = HandlerEvent::Kind;

}  // namespace

TEST_CASE("a handler takes what it is given, in order", "[native][pool]") {
  ThreadPool pool;
  std::promise<std::string> result;
  auto future = result.get_future();
  const auto box = pool.run([&](Mailbox& mailbox) {
    std::string text;
    for (;;) {
      HandlerEvent event = mailbox.take();
      if (event.kind != Kind::kData) break;
      text += event.data.view();
    }
    result.set_value(text);
  });
  box->put({Kind::kData, Bytes("a")});
  box->put({Kind::kData, Bytes("b")});
  box->put({Kind::kInputEnd, {}});
  CHECK(future.get() == "ab");
}

TEST_CASE("a handler that computes sees that it was abandoned", "[native][pool]") {
  std::promise<void> seen;
  auto future = seen.get_future();
  ThreadPool pool;
  const auto box = pool.run([&](Mailbox& mailbox) {
    while (!mailbox.abandoned()) std::this_thread::yield();
    seen.set_value();
  });
  box->put({Kind::kInputEnd, {}});
  CHECK_FALSE(box->abandoned());
  box->put({Kind::kAbandon, {}});
  future.get();
}

TEST_CASE("threads are started as they are needed and used again", "[native][pool]") {
  ThreadPool pool({.max_threads = 4});
  CHECK(pool.threads() == 0);
  for (int i = 0; i < 20; ++i) {
    std::promise<void> ran;
    auto future = ran.get_future();
    pool.run([&ran](Mailbox&) { ran.set_value(); });
    future.get();
  }
  CHECK(pool.threads() >= 1);
  CHECK(pool.threads() <= 4);
}

TEST_CASE("sleeping threads are woken behind handlers that do not end", "[native][pool]") {
  // Whoever wakes up wakes the next one before it begins: these end when all of them have begun.
  constexpr int kThreads = 4;
  ThreadPool pool({.max_threads = kThreads});
  for (int round = 0; round < 50; ++round) {
    std::latch all(kThreads), over(kThreads);
    for (int i = 0; i < kThreads; ++i) {
      pool.run([&](Mailbox&) {
        all.arrive_and_wait();
        over.count_down();
      });
    }
    over.wait();
  }
  CHECK(pool.threads() == kThreads);
}

TEST_CASE("handlers that wait make room for those that have not begun", "[native][pool]") {
  // At once if they have earned it, otherwise when the wait gets long.
  const bool earned = GENERATE(true, false);
  ThreadPool pool({.max_threads = 2, .patience = earned ? std::chrono::hours(1) : milliseconds(2)});
  // Two handlers that wait for a third, which has no thread.
  std::atomic<int> evicted{0};
  std::promise<void> third;
  auto ran = third.get_future();
  const auto wait = [&](Mailbox& mailbox) {
    mailbox.set_earned(earned);
    if (mailbox.take().kind == Kind::kEvict) ++evicted;
  };
  const auto first = pool.run(wait);
  const auto second = pool.run(wait);
  pool.run([&](Mailbox&) { third.set_value(); });
  ran.get();
  CHECK(evicted == 1);
  first->put({Kind::kInputEnd, {}});
  second->put({Kind::kInputEnd, {}});
}

TEST_CASE("an evicted handler that stays lets another one make room", "[native][pool]") {
  std::atomic<int> evicted{0};
  std::promise<void> third;
  const std::shared_future<void> ran = third.get_future();
  std::promise<bool> overtaken;
  auto made_room = overtaken.get_future();
  ThreadPool pool({.max_threads = 2, .patience = std::chrono::hours(1)});
  const auto wait = [&](Mailbox& mailbox) {
    mailbox.set_earned(true);
    if (mailbox.take().kind != Kind::kEvict || evicted++ > 0) return;
    // What this one waits for has come as well: it goes on, with a step that is long.
    mailbox.stay();
    overtaken.set_value(ran.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  };
  const auto first = pool.run(wait);
  const auto second = pool.run(wait);
  pool.run([&](Mailbox&) { third.set_value(); });
  CHECK(made_room.get());
  CHECK(evicted == 2);
  first->put({Kind::kInputEnd, {}});
  second->put({Kind::kInputEnd, {}});
}

TEST_CASE("a short wait of a handler that is dear to replay keeps its thread", "[native][pool]") {
  // Whoever is evicted replays its journal: a thousand short waits must not cost a thousand replays.
  ThreadPool pool({.max_threads = 1, .patience = std::chrono::hours(1)});
  constexpr int kWaits = 1000;
  std::atomic<int> evicted{0};
  std::promise<void> second;
  auto ran = second.get_future();
  const auto first = pool.run([&](Mailbox& mailbox) {
    for (int i = 0; i < kWaits; ++i) {
      if (mailbox.take().kind == Kind::kEvict) ++evicted;
    }
  });
  pool.run([&](Mailbox&) { second.set_value(); });  // there is no thread for it, all the while
  for (int i = 0; i < kWaits; ++i) first->put({Kind::kData, Bytes("x")});
  ran.get();
  CHECK(evicted == 0);
}

TEST_CASE("a pool that closes abandons its handlers", "[native][pool]") {
  std::atomic<int> abandoned{0};
  std::atomic<int> never_run{0};
  std::shared_ptr<Mailbox> box;
  {
    ThreadPool pool({.max_threads = 1});
    std::promise<void> begun;
    auto future = begun.get_future();
    box = pool.run([&](Mailbox& mailbox) {
      begun.set_value();
      while (mailbox.take().kind != Kind::kAbandon) {
      }
      ++abandoned;
    });
    future.get();
    pool.run([&](Mailbox&) { ++never_run; });
    // The first may have been evicted for the second; either way both are gone now.
  }
  CHECK(abandoned == 1);
  CHECK(never_run == 0);
  box->put({Kind::kData, Bytes("into the void")});
}

TEST_CASE("with one baton everything happens in one order", "[native][pool]") {
  BatonPool pool;
  std::string order;
  const auto box = pool.run([&](Mailbox& mailbox) {
    order += "1";
    HandlerEvent event = mailbox.take();
    order += "3" + event.data.str();
    event = mailbox.take();
    order += "5" + event.data.str();
  });
  order += "2";
  box->put({Kind::kData, Bytes("a")});
  order += "4";
  box->put({Kind::kData, Bytes("b")});
  order += "6";
  CHECK(order == "123a45b6");
  box->put({Kind::kData, Bytes("late")});

  SECTION("a handler that waits at the end is abandoned") {
    pool.run([&](Mailbox& mailbox) {
      while (mailbox.take().kind != Kind::kAbandon) {
      }
    });
  }
}
