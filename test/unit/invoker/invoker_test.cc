#include "support/catch.h"
#include "support/text.h"
#include "unit/invoker/stage.h"

#include <algorithm>

using namespace restate;
using namespace restate::invoker;
using restate::invoker::testing::Row;
using restate::invoker::testing::Stage;
using restate::testing::count;

TEST_CASE("the retry timer of an aborted attempt starts nothing", "[invoker][driver]") {
  Stage stage;  // H20
  stage(R"(invoke a Greeter/greet "x"
           break a "reset"
           abort a
           resume a)");
  CHECK(stage("advance 5000").empty());
  CHECK(stage.open_exchanges() == 1);
}

TEST_CASE("a late ack for an earlier life is ignored", "[invoker][driver]") {
  Stage stage;  // H32
  stage(R"(invoke a Greeter/greet "x"
           recv a Sleep 1)");
  SECTION("nobody is here") {
    stage("abort a");
    CHECK(stage("late-ack a 1").empty());
  }
  SECTION("a new attempt has replayed that command") {
    stage("resume a");
    CHECK(stage("late-ack a 1").empty());
    CHECK(stage("late-ack a 7").empty());
  }
}

TEST_CASE("orders are carried out in their order", "[invoker][driver]") {
  Stage stage;  // H74
  SECTION("an abort takes back the invoke before it, and not the one behind it") {
    stage(R"(invoke a Greeter/greet "x"
             abort a)");
    CHECK(stage.invoker().size() == 0);
    stage("resume a");
    CHECK(stage.invoker().size() == 1);
    CHECK(stage.open_exchanges() == 1);
  }
  SECTION("an invoke replaces a residency that is still there") {
    stage(R"(invoke a Greeter/greet "x"
             hold
             recv a Sleep 1
             resume a)");
    CHECK(stage.open_exchanges() == 1);
    CHECK(count(stage("release"), "stale effect dropped") == 2);
    CHECK(stage.row("a").journal.size() == 1);
  }
}

TEST_CASE("a pause and an end at the same time", "[invoker][driver]") {
  Stage stage;  // H75
  stage(R"(invoke a Greeter/greet "x"
           pause a)");
  SECTION("the end wins") {
    const std::string log = stage(R"(recv a Output "done" + End)");
    CHECK(count(log, "a > Ended") == 1);
    CHECK(count(log, "Paused") == 0);
    CHECK(stage.row("a").status == Row::Status::kCompleted);
    CHECK(stage("pause a").empty());
  }
  SECTION("a connection that breaks is a pause, and no retry") {
    CHECK(count(stage(R"(break a "reset")"), "> Paused") == 1);
    CHECK(stage("advance 5000").empty());
  }
}

TEST_CASE("invocations beyond the limit wait in line", "[invoker][slots]") {
  Stage stage(2);
  stage(R"(invoke a Greeter/greet "x"
           invoke b Greeter/greet "x"
           invoke c Greeter/greet "x"
           invoke d Greeter/greet "x")");
  CHECK(stage.open_exchanges() == 2);
  CHECK(stage.invoker().size() == 4);
  CHECK(stage("status c") == "c not running, attempts 0\n");

  SECTION("the end of one is the beginning of the next") {
    CHECK(count(stage(R"(recv b Output "x" + End)"), "c < open") == 1);
    CHECK(stage("status d") == "d not running, attempts 0\n");
  }
  SECTION("a suspension makes room") {
    CHECK(count(stage("recv a Sleep 1 + Suspension completion 1"), "c < open") == 1);
  }
  SECTION("so does a wait for a retry, and the retry waits in line") {
    CHECK(count(stage(R"(break a "reset")"), "c < open") == 1);
    CHECK(count(stage("advance 5000"), "< open") == 0);
    CHECK(count(stage(R"(recv b Output "x" + End)"), "d < open") == 1);
    CHECK(count(stage("abort c"), "a < open") == 1);
    CHECK(stage("advance 5000").empty());
  }
  SECTION("a retry that waits in line stands there once, whatever it hears") {
    stage(R"(break a "reset")");
    stage("advance 5000");
    CHECK(stage("retry-now a").empty());
    CHECK(count(stage("pause a"), "a > Paused") == 1);
    CHECK(count(stage("abort b"), "d < open") == 1);
    CHECK(count(stage("abort c"), "< open") == 0);
  }
  SECTION("an abort makes room, and takes the waiting out of the line") {
    stage("abort c");
    CHECK(count(stage("abort a"), "d < open") == 1);
  }
  SECTION("a pause of one that waits is immediate") {
    CHECK(stage("pause c") == "c > Paused {\"ty\":\"Paused\"}\n");
    CHECK(count(stage("abort a"), "d < open") == 1);
  }
  SECTION("one that is invoked anew goes to the end of the line") {
    stage("resume c");
    CHECK(count(stage("abort a"), "d < open") == 1);
    CHECK(count(stage("abort b"), "c < open") == 1);
  }
  SECTION("nothing is left over when leadership is lost") {
    stage("abort-all");
    CHECK(stage.invoker().size() == 0);
    stage(R"(invoke e Greeter/greet "x"
             invoke f Greeter/greet "x")");
    CHECK(stage.open_exchanges() == 2);
  }
}

TEST_CASE("a thousand sleepers, and the next one proceeds", "[invoker][slots]") {
  Stage stage(200);
  for (int i = 0; i < 201; ++i) {
    stage.run("invoke i" + std::to_string(i) + " Greeter/greet \"x\"");
  }
  stage.log();
  CHECK(stage.open_exchanges() == 200);
  CHECK(count(stage("recv i7 Sleep 1 + Suspension completion 1 signal 1"), "i200 < open") == 1);
}

TEST_CASE("the end of a long queue reads its journal when it starts", "[invoker][slots]") {
  Stage stage(1);
  stage.limit_memory({}, {}, 1000);
  const std::size_t last = 50;
  for (std::size_t i = 0; i <= last; ++i) {
    stage.run("invoke i" + std::to_string(i) + " Greeter/greet \"x\"");
  }
  CHECK(stage.invoker().size() == last + 1);
  stage.log();
  for (std::size_t i = 0; i < last; ++i) stage.run("abort i" + std::to_string(i));
  const std::string name = "i" + std::to_string(last);
  CHECK(count(stage.log(), name + " < Input") == 1);
}

TEST_CASE("a failing crowd does not lock out the rest for ever", "[invoker][slots]") {
  // Each attempt gets its turn, and those that wait for the next one keep nobody from theirs.
  Stage stage(3);
  stage.run("option 1 max-attempts 3");
  for (int i = 0; i < 12; ++i) {
    stage.run("invoke i" + std::to_string(i) + " Greeter/greet \"x\"");
  }
  for (int round = 0; round < 200 && stage.invoker().size() > 0; ++round) {
    for (int i = 0; i < 12; ++i) {
      const std::string name = "i" + std::to_string(i);
      const auto status = stage.invoker().status(stage.row(name).id);
      if (status && status->in_flight) stage.run("break " + name + " \"no memory\"");
    }
    stage.run("advance 500");
  }
  CHECK(stage.invoker().size() == 0);
  CHECK(count(stage.log(), "> Paused") == 12);
}

TEST_CASE("a long journal is written no faster than it leaves", "[invoker][driver]") {
  Stage stage;
  stage(R"(invoke a Greeter/greet *300000)");
  for (int i = 1; i <= 3; ++i) {
    stage.run("recv a Sleep " + std::to_string(i));
  }
  stage.log();
  stage.run("stuck on");

  const std::string begun = stage("resume a");
  CHECK(count(begun, "Start known 4") == 1);
  CHECK(count(begun, "< Input") == 1);
  CHECK(count(begun, "< Sleep") == 0);  // behind more than the high-water mark

  SECTION("the rest follows when there is room") {
    CHECK(stage("drained a") == "a < Sleep 1\na < Sleep 2\na < Sleep 3\n");
  }
  SECTION("what is appended meanwhile comes behind it") {
    CHECK(stage("signal a 17").empty());
    CHECK(stage("drained a") ==
          "a < Sleep 1\na < Sleep 2\na < Sleep 3\na < Notification: Signal signal 17 void\n");
  }
  SECTION("the input is not closed before its end") {
    CHECK(stage("pause a").empty());
    CHECK(stage("drained a") == "a < Sleep 1\na < Sleep 2\na < Sleep 3\na < end of input\n");
  }
  SECTION("an endpoint that speaks too early has not heard the whole story") {
    CHECK(count(stage("recv a Sleep 4"), "before the journal was replayed") == 1);
  }
  SECTION("but it may give up") {
    CHECK(count(stage("recv a Error 500 \"enough\""), "enough") == 1);
  }
  SECTION("silence for the whole of the abort timeout ends it") {
    CHECK(stage("advance 61000").empty());
    CHECK(count(stage("advance 601000"), "RT0001") == 1);
  }
}

TEST_CASE("a replay is the journal of its start, whatever is committed between its pages",
          "[invoker][driver]") {
  Stage stage;
  stage("invoke a Counter/k/add \"x\"");
  for (int i = 0; i < 5; ++i) stage.run("recv a SetState s *300000");
  stage.log();
  stage.run("stuck on");
  std::string told = stage("resume a");
  CHECK(count(told, "Start known 6") == 1);
  std::size_t pages = 1;
  for (std::uint32_t signal = 17; signal < 27; ++signal) {
    stage.run("signal a " + std::to_string(signal));
    const std::string page = stage("drained a");
    if (count(page, "< SetState") > 0) ++pages;
    told += page;
  }
  CHECK(pages > 1);
  CHECK(count(told, "< SetState") == 5);
  const std::size_t replayed = told.rfind("< SetState");
  for (std::uint32_t signal = 17; signal < 27; ++signal) {
    const std::string line = "signal " + std::to_string(signal) + " void";
    CAPTURE(line);
    CHECK(count(told, line) == 1);
    CHECK(told.find(line) > replayed);
  }
}

TEST_CASE("an endpoint that restarts uses up no attempts", "[invoker][driver]") {
  Stage stage;
  stage("option 1 max-attempts 2");
  stage("invoke a Greeter/greet \"x\"");
  for (int i = 0; i < 4; ++i) {
    CHECK(count(stage("refuse a \"GOAWAY\""), "a > Paused") == 0);
    CHECK(count(stage("advance 2000"), "Start known 1 retries 0") == 1);
  }
  CHECK(count(stage("break a \"reset\""), "a > Paused") == 0);
  CHECK(count(stage("advance 2000"), "Start known 1 retries 1") == 1);
  CHECK(count(stage("break a \"reset\""), "a > Paused") == 1);
}

TEST_CASE("an endpoint is read no faster than the log stores what it says", "[invoker][driver]") {
  Stage stage;
  stage("invoke a Counter/k/add \"x\"");
  stage("hold");
  CHECK(count(stage("recv a SetState s *600000"), "not read") == 0);
  CHECK(count(stage("recv a SetState s *600000"), "a is not read any more\n") == 1);
  SECTION("what is on its way is taken all the same") {
    CHECK(count(stage("recv a SetState s *600000"), "not read") == 0);
    CHECK(count(stage("apply"), "a is read again\n") == 1);
  }
  SECTION("it goes on once all is stored, and begins anew") {
    CHECK(count(stage("apply"), "a is read again\n") == 1);
    CHECK(count(stage("recv a SetState s *600000"), "not read") == 0);
    CHECK(count(stage("recv a SetState s *600000"), "a is not read any more\n") == 1);
  }
  SECTION("its end is not waited for") {
    CHECK(count(stage("recv a Output \"o\" + End"), "a is read again\n") == 1);
  }
  SECTION("the next attempt is read from the start") {
    CHECK(count(stage("break a \"reset\""), "not read") == 0);
    stage("release");
    const std::string again = stage("advance 2000");
    CHECK(count(again, "< open") == 1);
    CHECK(count(stage("recv a SetState s *600000"), "not read") == 0);
  }
}

TEST_CASE("a journal that is shorter than its length fails the attempt", "[invoker][driver]") {
  Stage stage;
  stage(R"(invoke a Greeter/greet *300000
           recv a Sleep 1
           stuck on
           resume a)");
  stage.row("a").journal.pop_back();
  CHECK(count(stage("drained a"), "RT0006") == 1);
}

TEST_CASE("an endpoint has five seconds to end its response", "[invoker][driver]") {
  Stage stage;
  stage(R"(invoke a Greeter/greet "x"
           recv a Output "x" + End)");
  REQUIRE(stage.open_exchanges() == 1);
  SECTION("it does") {
    CHECK(stage("end a").empty());
    CHECK(stage.open_exchanges() == 0);
  }
  SECTION("it goes on talking") {
    CHECK(stage(R"(recv a Output "more")").empty());
    CHECK(stage("advance 4900").empty());
    CHECK(stage("advance 200") == "a < cancel\n");
  }
  SECTION("it breaks") {
    CHECK(stage(R"(break a "reset")").empty());
    CHECK(stage.open_exchanges() == 0);
  }
}

TEST_CASE("options that change are those of the next attempt", "[invoker][driver]") {
  Stage stage;
  stage("invoke a Greeter/greet \"x\"");
  InvokerOptions patient;
  patient.defaults.retry_initial_ms = 60'000;
  stage.invoker().reconfigure(patient);
  stage(R"(break a "reset")");
  CHECK(count(stage("advance 5000"), "a < open") == 1);
  stage(R"(break a "reset")");
  CHECK(count(stage("advance 30000"), "a < open") == 0);
  CHECK(count(stage("advance 200000"), "a < open") == 1);
}

TEST_CASE("retry-now ends the wait, and only that", "[invoker][driver]") {
  Stage stage;
  stage("invoke a Greeter/greet \"x\"");
  CHECK(stage("retry-now a").empty());
  stage(R"(break a "reset")");
  CHECK(count(stage("retry-now a"), "a < open") == 1);
  CHECK(stage("advance 5000").empty());
}

TEST_CASE("retry-now waits for what is on its way to the log", "[invoker][driver]") {
  Stage stage;
  stage(R"(invoke a Greeter/greet "x"
           hold
           recv a Sleep 1
           break a "reset")");
  CHECK(stage("retry-now a").empty());
  CHECK(count(stage("apply"), "Start known 2") == 1);
}

TEST_CASE("an invocation that is no longer invoked is forgotten", "[invoker][driver]") {
  Stage stage;
  stage(R"(invoke a Greeter/greet "x"
           break a "reset"
           complete-elsewhere a)");
  CHECK(stage("advance 1000").empty());
  CHECK(stage.invoker().size() == 0);
}

TEST_CASE("the invoker may go at any time", "[invoker][driver]") {
  Stage stage(1);
  stage.run(R"(invoke a Greeter/greet "x"
               invoke b Greeter/greet "x"
               hold
               recv a Sleep 1)");
  SECTION("in the middle of an attempt") {}
  SECTION("while it waits for a retry") { stage.run(R"(break a "reset")"); }
  SECTION("while a stream lingers") { stage.run(R"(recv a Output "x" + End)"); }
}
