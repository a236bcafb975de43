#include "engine/asking.h"

#include "support/catch.h"

#include <chrono>
#include <optional>

using namespace restate;
using engine::Asking;
using namespace std::chrono_literals;

namespace {

Error error(Code code) { return {code, "no"}; }

}  // namespace

TEST_CASE("a request waits for a leader, a little longer each time", "[engine]") {
  Asking asking(false);
  CHECK_FALSE(asking.on_error(error(Code::kNotLeader), false));
  CHECK(asking.wait() == 1ms);
  CHECK_FALSE(asking.on_error(error(Code::kOverloaded), false));
  CHECK(asking.wait() == 2ms);
  int tries = 2;
  while (!asking.on_error(error(Code::kNotLeader), false)) ++tries;
  CHECK(asking.wait() == 20ms);
  CHECK(tries == 1500);
}

TEST_CASE("what was refused all the time has not happened", "[engine]") {
  Asking asking(true);
  std::optional<Error> told;
  while (!told) told = asking.on_error(error(Code::kNotLeader), false);
  CHECK(told->code == Code::kNotLeader);
}

TEST_CASE("what may have happened once is never said not to have", "[engine]") {
  Asking asking(true);
  CHECK_FALSE(asking.on_error({Code::kUnavailable, "the first"}, false));
  std::optional<Error> told;
  while (!told) told = asking.on_error(error(Code::kNotLeader), false);
  CHECK(told->code == Code::kUnavailable);
  CHECK(told->message == "the first");
}

TEST_CASE("what would run twice is not asked twice", "[engine]") {
  Asking asking(false);
  CHECK_FALSE(asking.on_error(error(Code::kNotLeader), false));
  const auto told = asking.on_error(error(Code::kUnavailable), false);
  REQUIRE(told);
  CHECK(told->code == Code::kUnavailable);
}

TEST_CASE("an engine that has failed is asked once", "[engine]") {
  const Code code = GENERATE(Code::kNotLeader, Code::kOverloaded, Code::kUnavailable);
  const auto told = Asking(true).on_error(error(code), true);
  REQUIRE(told);
  CHECK(told->code == Code::kUnavailable);
}

TEST_CASE("an answer that stays is an answer", "[engine]") {
  const auto told = Asking(true).on_error(error(Code::kNotFound), false);
  REQUIRE(told);
  CHECK(told->code == Code::kNotFound);
}
